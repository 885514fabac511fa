"""What would change an answer, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Counterfactual, CounterfactualSearch
from audit.reports.attribution.counterfactuals import sentences

if TYPE_CHECKING:
    from collections.abc import Callable

LARGER = "changes the answer, nor does any larger set that was run"
Records = dict[str, "Callable[..., Any]"]


def removal(*features: int, after: str | None = " B", proof: Any = "smallest") -> Counterfactual:
    return Counterfactual(change="removal", features=features, after=after, proof=proof, context_ids=(1,))


def swap(*features: int) -> Counterfactual:
    return Counterfactual(change="swap", features=features, after=" B", context_ids=(1,))


@pytest.mark.parametrize(
    ("found", "fields", "expected"),
    [
        ([removal(1)], {}, ["Without “two” it would choose “B” instead of “A” (no smaller set does)."]),
        (
            [removal(0, 2, proof="irreducible")],
            {},
            ["Without “one”, “three” it would choose “B” instead of “A” (each of these features is needed)."],
        ),
        (
            [removal(0, 1, 2)],
            {},
            ["Without the whole prompt it would choose “B” instead of “A” (no smaller set does)."],
        ),
        (
            [removal(1, after=None, proof="sufficient")],
            {},
            ["Without “two” the answer would no longer be “A” (some of these features may be enough)."],
        ),
        (
            [],
            {"complete": 3},
            ["No removal changes the answer, not even of the whole prompt (70 changed prompts run)."],
        ),
        (
            [],
            {"complete": 2, "evaluations": 9},
            [f"No set of up to 2 of 3 features {LARGER} (9 changed prompts run)."],
        ),
        (
            [],
            {"complete": 1},
            [f"None of the 3 features alone {LARGER} (70 changed prompts run)."],
        ),
        ([], {}, ["No removal that was run changes the answer (70 changed prompts run)."]),
        (
            [removal(1), swap(0, 2)],
            {"swaps": 3},
            [
                "Without “two” it would choose “B” instead of “A” (no smaller set does).",
                "With “one”, “three” in each other's place it would choose “B” instead of “A”.",
            ],
        ),
        (
            [],
            {"complete": 3, "swaps": 3},
            [
                "No removal changes the answer, not even of the whole prompt (67 changed prompts run).",
                "No swap of two named features changes the answer (3 run).",
            ],
        ),
        (
            [removal(1, after=" A")],
            {"answer": " C"},
            [
                "By log-probability “C” is ahead of the target.",
                "Without “two” it would choose “A” instead of “C” (no smaller set does).",
            ],
        ),
        (
            [],
            {"answer": None},
            ["The checkpoint would not write the target: there is no answer to change."],
        ),
    ],
)
def test_each_finding_in_a_sentence(
    records: Records, found: list[Counterfactual], fields: dict[str, Any], expected: list[str]
) -> None:
    search = CounterfactualSearch(**{"answer": " A", "complete": 0, "evaluations": 70, **fields}, found=found)
    sample = records["sample"]("boolq", 0, prompt="one two three", output=" A")
    assert sentences(records["attribution"](sample, counterfactual=search)) == expected


def test_nothing_is_said_where_nobody_asked(records: Records) -> None:
    assert sentences(records["attribution"](records["sample"]("boolq", 0))) == []


def test_hostile_and_long_text_is_one_harmless_line(records: Records) -> None:
    prompt = " ".join(["two\x1b[31m\u202e" + "y" * 120, *(f"w{i}" for i in range(20))])
    sample = records["sample"]("boolq", 0, prompt=prompt, output=" A\nB")
    search = CounterfactualSearch(
        answer=" A\nB", found=[removal(*range(12), after="\x1b[2J", proof="sufficient")], complete=1, evaluations=9
    )
    [told] = sentences(records["attribution"](sample, counterfactual=search))
    assert told.isprintable()
    assert "“w6” and 4 more features it would choose" in told
    assert len(told) < 300
