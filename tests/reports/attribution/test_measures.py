"""Measures of faithfulness as readers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest

from audit.core.records.measures import MEASURES
from audit.explain.faithfulness.verdict import Believability, Evidence, judge_faithfulness
from audit.reports.attribution.measures import IN_SHORT, MEANING, MeasureRow, in_short, measured

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def shown(records: Records, **faithfulness: float | None) -> list[MeasureRow]:
    return measured(records["attribution"](records["sample"]("boolq", 0), faithfulness=faithfulness))


def test_an_interval_stands_with_its_value(records: Records) -> None:
    gain = {"deletion_auc_gain": 0.5, "deletion_auc_gain_low": 0.25, "deletion_auc_gain_high": 0.75}
    assert shown(records, lds=0.5, **gain) == [
        MeasureRow("lds", "correlation", "0.500"),
        MeasureRow("deletion auc gain", "nats", "0.500 (0.250 to 0.750)"),
    ]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.5, 0.5, "0.500 (exact: all orders were compared)"),
        (None, None, "0.500"),
    ],
)
def test_no_interval_of_zero_width_is_shown(records: Records, low: Any, high: Any, text: str) -> None:
    gain = {"deletion_auc_gain": 0.5, "deletion_auc_gain_low": low, "deletion_auc_gain_high": high}
    assert [one.text for one in shown(records, **gain)] == [text]


def test_what_does_not_exist_is_a_dash(records: Records) -> None:
    assert shown(records, lds=None) == [MeasureRow("lds", "correlation", "—")]


def test_one_line_of_what_decides(records: Records) -> None:
    measures = {
        "orders_beaten": 0.25,
        "lds": -0.5,
        "stability": None,
        "comprehensiveness": 2.0,
        "insertion_auc_gain": 0.125,
        "deletion_auc_gain": -0.5,
    }
    made = records["attribution"](records["sample"]("boolq", 0), faithfulness=measures)
    assert in_short(made) == (
        "share of orders beaten 0.250 · gain of the deletion curve, nats −0.500 · "
        "gain of the insertion curve, nats 0.125 · correlation with the effect of leaving out other parts −0.500"
    )
    assert in_short(made.model_copy(update={"faithfulness": {}})) == ""


def test_each_verdict_has_its_meaning() -> None:
    assert set(MEANING) == set(get_args(Believability))


class Read(dict[str, float | None]):
    """Measures that note which of them are looked at."""

    def __init__(self, measures: dict[str, float | None]) -> None:
        super().__init__(measures)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> float | None:
        self.names.add(name)
        return super().__getitem__(name)


GOOD = {
    "orders_beaten": 0.99,
    "deletion_auc_gain": 1.0,
    "insertion_auc_gain": 1.0,
    "best_gain": 1.5,
    "lds": 0.9,
    "shuffles_beaten": 0.99,
    "stability": 0.9,
    "completeness_error": 0.0,
}


def test_the_line_holds_every_measure_that_decides() -> None:
    measures = Read(dict.fromkeys(MEASURES) | GOOD)
    assert judge_faithfulness(Evidence(measures, 9, spread=4.0, difference=3.0))[0] == "believable"
    assert set(IN_SHORT) == measures.names


@pytest.mark.parametrize(
    "worse",
    [
        {"completeness_error": 2.0},
        {"stability": 0.1},
        {"lds": -0.1},
        {"insertion_auc_gain": -0.1},
        {"lds": -0.1, "stability": 0.1},
    ],
)
def test_the_meaning_does_not_contradict_the_reason(worse: dict[str, float]) -> None:
    """The order beats 99 of 100: whatever else is wrong, "no better than chance" would be false."""
    evidence = Evidence({**GOOD, **worse}, 9, spread=4.0, difference=3.0)
    verdict, _ = judge_faithfulness(evidence)
    assert verdict != "believable"
    assert "chance" not in MEANING[verdict]
    assert "rely on it" in MEANING[verdict]
