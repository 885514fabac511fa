"""What a reader must know before believing a value."""

from __future__ import annotations

from audit.core.records import Metric
from audit.core.words import notes


def metric(name: str, value: float, n: int, missing: int = 0) -> Metric:
    return Metric(name=f"t/{name}", suite="evals", task="t", metric=name, value=value, n=n, missing=missing)


def test_notes_in_the_order_of_their_weight() -> None:
    accuracy = metric("accuracy", 0.5, 29, missing=3)
    unscored = metric("unscored", 2, 34)
    found = notes(accuracy, unscored=unscored, cut="7 of 12 answers cut by the token limit", narrow=True)
    assert found == [
        "2 of 34 samples could not be scored.",
        "3 of 32 scored items have no value here.",
        "7 of 12 answers cut by the token limit.",
        "The interval is too narrow: results were looked at while the run went on.",
    ]


def test_several_answers_come_first() -> None:
    found = notes(metric("accuracy", 0.5, 29, missing=3), drawn="4 answers to each item: pass@2 31 %")
    assert found[0] == "4 answers to each item: pass@2 31 %."
    assert len(found) == 2


def test_a_value_that_says_all_has_none() -> None:
    assert notes(metric("accuracy", 0.5, 32), unscored=metric("unscored", 0, 32)) == []
    assert notes(metric("accuracy", 0.5, 32)) == []
