"""Differences on one scale, placed by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from audit.core.records import Comparison, Metric, MetricDifference, RunReference
from audit.core.records.metric import MetricWords
from audit.reports.comparison.shifts import picture, says, shifts
from tests.reports.conftest import a_manifest


def a_difference(name: str = "boolq/accuracy", **fields: Any) -> MetricDifference:
    given: dict[str, Any] = {
        "name": name,
        "suite": "evals",
        "task": name.partition("/")[0],
        "unit": "share",
        "higher_is_better": True,
        "primary": True,
        "baseline": 0.5,
        "candidate": 0.6,
        "difference": 0.1,
        "ci_low": -0.1,
        "ci_high": 0.2,
        "margin": 0.05,
        "n": 20,
        "outcome": "too few items to tell",
    }
    return MetricDifference(**{**given, **fields})


def test_better_is_to_the_right_in_every_unit() -> None:
    """The widest end is 0.4 of a range: it lies at the edge, and half of it is a quarter of the bar."""
    rows, reach = shifts(
        [
            a_difference(),
            a_difference("t/loss", higher_is_better=False, difference=0.1, ci_low=-0.2, ci_high=0.4, outcome="worse"),
            a_difference("t/bleu", unit="bleu", difference=-20, ci_low=-30, ci_high=-10, margin=5, outcome="worse"),
            a_difference("t/gap", higher_is_better=None, outcome="higher"),
            a_difference("t/nats", unit="nats", difference=0.3, margin=None),
        ]
    )
    assert reach == pytest.approx(0.4)
    names = [row.difference.name for row in rows]
    assert names == ["t/bleu", "t/loss", "t/gap", "boolq/accuracy", "t/nats"]
    bleu, loss, gap, share, nats = rows
    assert (bleu.low, bleu.at, bleu.high, bleu.margin) == pytest.approx((12.5, 25, 37.5, 6.25))
    assert (loss.low, loss.at, loss.high) == pytest.approx((0, 37.5, 75))
    assert (share.low, share.at, share.high, share.margin) == pytest.approx((37.5, 62.5, 75, 6.25))
    assert (gap.at, nats.at, nats.margin) == (None, None, None)


def test_intervals_of_tasks_that_were_looked_at_are_not_drawn() -> None:
    ((row,), reach) = shifts([a_difference()], ["boolq"])
    assert (row.low, row.high, row.at) == (None, None, 100)
    assert reach == pytest.approx(0.1)
    assert shifts([a_difference(difference=0.0, ci_low=None, ci_high=None, margin=None)])[0][0].at == 50


def test_a_line_has_values_items_and_test() -> None:
    one = a_difference(higher=3, lower=1, test="mcnemar_exact", p_value=0.625, p_adjusted=0.9, missing="1 item")
    assert says(one) == (
        "0.500 before, 0.600 now (share); 20 items, 3 with a higher value and 1 with a lower one; "
        "McNemar's exact test: p = 0.62, 0.9 adjusted; left out: 1 item"
    )
    assert "p < 0.0001" in says(a_difference(test="sign_flips", p_value=1e-9))


def test_the_picture_has_titles_in_front_and_escapes_everything() -> None:
    bad = "<img src=x> \x1b"
    reference = RunReference(
        run_id="a", model=bad, model_digest="0" * 64, dtype="float32", quantization=None, metrics_sha256="1" * 64
    )
    found = Comparison(
        baseline=reference,
        candidate=reference,
        confidence=0.95,
        differences=[
            a_difference(outcome="worse"),
            a_difference(f"t/{bad}", missing=bad),
            a_difference("t/x", error="why"),
        ],
    )
    metric = Metric(
        name="boolq/accuracy", suite="evals", task="boolq", metric="accuracy", value=0.6, n=20,
        words=MetricWords(title="Right answers"),
    )  # fmt: skip
    html = picture(found, a_manifest(), [metric], lambda task: f"compare?in={task}")
    assert '<a href="compare?in=evals/boolq">boolq: right answers</a>' in html
    assert "▼ worse" in html
    assert html.index("right answers</a>") < html.index("<code>boolq/accuracy</code>")
    assert "<img" not in html
    assert "\x1b" not in html
    assert "t/x" not in html
    assert len(re.findall("<li ", html)) == 2
