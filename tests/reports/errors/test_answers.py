"""Tables of answers: of which tasks, named how, and counts by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Choice
from audit.reports.errors.answers import answer_table

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def choices(records: Records, n: int = 40, **more: Any) -> list[Any]:
    """BoolQ of the embedded checkpoint: 37 of 40 answers are no, which is right for 17."""
    return [
        records["sample"](
            "boolq",
            i,
            score=1.0,
            choice=Choice(options=[" no", " yes"], chosen=int(i >= 37), right=int(i >= 17)),
            **more,
        )
        for i in range(n)
    ]


def test_fixed_options_are_named_and_the_one_that_dominates_says_so(records: Records) -> None:
    table = answer_table(choices(records), seed=1)
    assert table is not None
    assert (table.of, table.n, table.confusion) == ("answer", 40, [[17, 0], [20, 3]])
    assert [(row.label, row.given, row.right, row.both, row.dominates) for row in table.rows] == [
        ("no", 37, 17, 17, True),
        ("yes", 3, 23, 3, False),
    ]


def test_hidden_options_are_positions(records: Records) -> None:
    hidden = [sample.model_copy(update={"suite": "safety"}) for sample in choices(records)]
    table = answer_table(hidden, seed=1)
    assert table is not None
    assert (table.of, [row.label for row in table.rows]) == ("position of the option", ["option 1", "option 2"])


def test_positions_that_the_checkpoint_did_not_see_are_no_answers(records: Records) -> None:
    def sample(i: int, prompt: str) -> Any:
        options = [f" red{i}", f" green{i}"]
        return records["sample"](
            "mmlu", i, prompt=prompt, choice=Choice(options=options, chosen=0, right=i % 2), score=1.0
        )

    assert answer_table([sample(i, "Which?") for i in range(20)], seed=1) is None
    table = answer_table([sample(i, f"red{i} or green{i}?") for i in range(20)], seed=1)
    assert table is not None
    assert (table.of, table.confusion) == ("position of the option", [[10, 0], [10, 0]])


def test_generated_classes(records: Records) -> None:
    answers = ["spam", "spam", "ham", "perhaps"]
    samples = [
        records["sample"](
            "boolq", i, output=f" {answers[i % 4]}\n", reference="spam" if i % 8 < 5 else "ham", score=1.0
        )
        for i in range(24)
    ]
    unread = samples[0].model_copy(update={"flags": ["unparsed_answer"]})
    table = answer_table([*samples, unread], seed=1)
    assert table is not None
    assert [row.label for row in table.rows] == ["spam", "ham", "another answer"]
    assert [row.is_other for row in table.rows] == [False, False, True]
    assert table.n == 24
    assert table.confusion == [[9, 3, 3], [3, 3, 3], [0, 0, 0]]
    free = [sample.model_copy(update={"output": f"free text {i}"}) for i, sample in enumerate(samples)]
    assert answer_table(free, seed=1) is None
    assert answer_table(samples[:9], seed=1) is None
    assert answer_table([sample.model_copy(update={"flags": ["offensive"]}) for sample in samples], seed=1) is None
    assert (
        answer_table([sample.model_copy(update={"reference": str(i)}) for i, sample in enumerate(samples)], seed=1)
        is None
    )


def test_few_samples_have_no_table(records: Records) -> None:
    assert answer_table(choices(records, 9), seed=1) is None
    many = Choice(options=[str(i) for i in range(13)], chosen=0, right=1)
    assert answer_table([records["sample"]("boolq", i, choice=many, score=1.0) for i in range(20)], seed=1) is None
