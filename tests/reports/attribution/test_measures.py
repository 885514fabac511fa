"""Measures of faithfulness as readers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest

from audit.explain.faithfulness.verdict import Verdict
from audit.reports.attribution.measures import MEANING, Measured, in_short, measured

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def shown(records: Records, **faithfulness: float | None) -> list[Measured]:
    return measured(records["attribution"](records["sample"]("boolq", 0), faithfulness=faithfulness))


def test_an_interval_stands_with_its_value(records: Records) -> None:
    gain = {"deletion_auc_gain": 0.5, "deletion_auc_gain_low": 0.25, "deletion_auc_gain_high": 0.75}
    assert shown(records, lds=0.5, **gain) == [
        Measured("lds", "correlation", "0.500"),
        Measured("deletion auc gain", "nats", "0.500 (0.250 to 0.750)"),
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
    assert shown(records, lds=None) == [Measured("lds", "correlation", "—")]


def test_one_line_of_what_decides(records: Records) -> None:
    measures = {"orders_beaten": 0.25, "lds": -0.5, "stability": None, "comprehensiveness": 2.0}
    made = records["attribution"](records["sample"]("boolq", 0), faithfulness=measures)
    assert in_short(made) == (
        "share of orders beaten 0.250 · correlation with the effect of leaving out other parts −0.500"
    )
    assert in_short(made.model_copy(update={"faithfulness": {}})) == ""


def test_each_verdict_has_its_meaning() -> None:
    assert set(MEANING) == set(get_args(Verdict))
