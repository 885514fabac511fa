"""Parts of judging again what was looked at, by hand: coverages, and what follows from a comparison alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.records import BaselineComparison, GateCheck, MetricDifference, SequentialCheck
from audit.gate.judging import check
from audit.gate.policy import Rule
from audit.gate.sequential import again

DECISION: Any = SimpleNamespace(confidence=0.95)
LOSS = {"no_worse_than_baseline": {"margin": 0.05}}
RELATIVE = {"no_worse_than_baseline": {"relative": 0.1}}
BETTER = {"better_than_baseline": True}


def rule_of(**asked: Any) -> Rule:
    return Rule.model_validate({"metric": "boolq/accuracy", **asked})


def looked(*, complete: bool = False, at_task: bool = True) -> Any:
    """What is known of the looks at the task."""
    return SimpleNamespace(is_complete=lambda _: complete, at_task=lambda _: at_task)


@pytest.mark.parametrize(
    ("asked", "last", "known", "expected"),
    [
        # A tenth of 5 % is for the looks before the last one; a relative margin has half of it for each value.
        (LOSS, False, looked(), [0.995]),
        (BETTER, False, looked(complete=True, at_task=False), [0.995]),
        (RELATIVE, False, looked(), [0.9975]),
        ({**LOSS, "confidence": 0.9}, False, looked(), [0.99]),
        ({**RELATIVE, "confidence": 0.9}, False, looked(), [0.995]),
        # The last look has the rest; a task without looks has all.
        (LOSS, True, looked(complete=True), [0.955]),
        ({**RELATIVE, "confidence": 0.9}, True, looked(complete=True), [0.91]),
        (LOSS, True, looked(at_task=False), [0.95]),
        (LOSS, True, looked(complete=True, at_task=False), [0.955, 0.95]),
        (LOSS, True, looked(), []),
    ],
)
def test_the_coverages_that_a_comparison_may_have(
    asked: dict[str, Any], last: bool, known: Any, expected: list[float]
) -> None:
    found = SequentialCheck(confidence=0.5, last=last, tests=1)
    assert list(again._coverages(found, rule_of(**asked), DECISION, known)) == pytest.approx(expected, abs=1e-12)


def comparison(low: float, high: float, confidence: float = 0.995) -> BaselineComparison:
    """A difference of shares with this interval."""
    one = MetricDifference(
        name="boolq/accuracy", suite="evals", task="boolq", unit="share", higher_is_better=True, n=9, aligned=1.0,
        difference=(low + high) / 2, baseline=0.5, candidate=0.5 + (low + high) / 2, ci_low=low, ci_high=high,
        ci_method="betting", units=9, confidence=confidence,
    )  # fmt: skip
    return BaselineComparison(confidence=confidence, difference=one)


def made(rule: Rule, verdict: Any, **fields: Any) -> GateCheck:
    return check(rule, None, verdict, "why").model_copy(update=fields)


@pytest.mark.parametrize(
    ("sequential", "baseline", "has"),
    [
        (0.995, 0.995, True),
        (0.995 + 1e-10, 0.995, True),
        (0.995 + 1e-8, 0.995, False),
        (0.995, 0.99, False),
        (0.99, None, False),
        (None, 0.99, False),
        (None, 0.995, True),
        (0.995, None, True),
        (None, None, True),
    ],
)
def test_a_check_and_its_comparison_have_one_coverage(
    sequential: float | None, baseline: float | None, has: bool
) -> None:
    one = made(
        rule_of(**LOSS),
        "PASS",
        sequential=sequential and SequentialCheck(confidence=sequential, last=False, tests=1),
        baseline=baseline and comparison(0.0, 0.1, baseline),
    )
    assert again._has(one, 0.995) is has


COVERAGE = "its comparison of boolq/accuracy with the baseline has not the coverage that its rule asks for"
EARLY = SequentialCheck(confidence=0.995, last=False, tests=2)


@pytest.mark.parametrize(
    ("verdict", "fields", "said"),
    [
        ("PASS", {"baseline": comparison(-0.04, 0.1)}, None),
        ("FAIL", {"baseline": comparison(-0.4, -0.1)}, None),
        ("INCONCLUSIVE", {"baseline": comparison(-0.2, 0.1)}, None),
        ("INCONCLUSIVE", {"baseline": comparison(-0.04, 0.1)}, None),
        ("INCONCLUSIVE", {"baseline": None}, None),
        ("INCONCLUSIVE", {"baseline": None, "sequential": None}, None),
        ("PASS", {"baseline": comparison(-0.2, 0.1)}, "it finds PASS"),
        ("FAIL", {"baseline": comparison(-0.2, 0.1)}, "it finds FAIL"),
        ("PASS", {"baseline": None}, "it finds PASS"),
        ("PASS", {"baseline": comparison(-0.04, 0.1), "sequential": None}, "it finds PASS"),
        ("PASS", {"baseline": comparison(-0.04, 0.1, 0.99)}, COVERAGE),
        ("INCONCLUSIVE", {"baseline": comparison(-0.2, 0.1, 0.99)}, COVERAGE),
        ("INCONCLUSIVE", {"sequential": EARLY.model_copy(update={"tests": 3})}, COVERAGE),
        ("INCONCLUSIVE", {"sequential": EARLY.model_copy(update={"confidence": 0.955, "last": True})}, COVERAGE),
    ],
)
def test_a_verdict_follows_from_the_comparison_that_a_check_holds(
    verdict: str, fields: dict[str, Any], said: str | None
) -> None:
    rule = rule_of(**LOSS)
    one = made(rule, verdict, **{"sequential": EARLY, **fields})
    found = list(again._in_numbers(one, rule, 2, DECISION, looked()))
    assert [fault.partition(" for ")[0] if fault != COVERAGE else fault for fault in found] == ([said] if said else [])


@pytest.mark.parametrize(
    ("kind", "last", "resampled"),
    [("range", True, True), ("no_worse", True, True), ("corrected", True, False), ("range", False, False)],
)
def test_only_the_last_look_at_no_labels_may_depend_on_packages(kind: str, last: bool, resampled: bool) -> None:
    record = SequentialCheck(confidence=0.95, last=last, tests=1)
    one = made(rule_of(min=0.5), "PASS", kind=kind, sequential=record)
    assert again._is_resampled(one) is resampled
    assert not again._is_resampled(one.model_copy(update={"sequential": None}))
