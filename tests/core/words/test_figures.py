"""Digits follow the uncertainty."""

from __future__ import annotations

import pytest

from audit.core.records import Metric
from audit.core.words import figures, rounded_estimate


def metric(value: float | None, low: float | None, high: float | None, unit: str, **fields: object) -> Metric:
    return Metric.model_validate(
        {
            "name": "t/m", "suite": "evals", "task": "t", "metric": "m", "n": 40,
            "value": value, "ci_low": low, "ci_high": high, "unit": unit, **fields,
        }
    )  # fmt: skip


CASES = [
    ((0.5, 0.352, 0.648, "share"), "50 % (35 to 65 %)"),
    ((0.8123, 0.8101, 0.8145, "share"), "81.2 % (81.0 to 81.5 %)"),
    ((0.81234, 0.81107, 0.81361, "share"), "81.23 % (81.11 to 81.36 %)"),
    ((0.05, 0.011, 0.199, "share"), "5 % (1 to 20 %)"),
    ((0.0, 0.0, 0.18, "share"), "0 % (0 to 18 %)"),
    ((1.0, 0.84, 1.0, "share"), "100 % (84 to 100 %)"),
    ((0.0004, 0.0001, 0.002, "share"), "0.04 % (0.01 to 0.20 %)"),
    ((60.0, 52.0, 67.5, "percent"), "60 % (52 to 68 %)"),
    ((0.473, 0.303, 0.661, "probability"), "0.47 (0.30 to 0.66)"),
    ((7.13, 2.77, 12.73, "nats"), "7 nats (3 to 13 nats)"),
    ((-1.77, -3.57, 0.75, "nats"), "−1.8 nats (−3.6 to 0.8 nats)"),
    ((0.531, 0.41, 0.717, "bleu"), "0.53 (0.41 to 0.72)"),
    ((47790.4, 1186.3, 3015284.9, "squared_error"), "48,000 (1,200 to 3,000,000)"),
    ((12.0, 11.2, 12.9, "points"), "12.0 points (11.2 to 12.9 points)"),
    ((3.0, None, None, "count"), "3"),
    ((0.5, 0.5, 0.5, "share"), "50 % (50 to 50 %)"),
    ((0.253, 0.253, 0.253, "share"), "25.3 % (25.3 to 25.3 %)"),
    ((3e-8, 2e-8, 5e-8, "squared_error"), "3e−08 (2e−08 to 5e−08)"),
    ((2.1e30, 1.1e30, 9e30, "perplexity"), "2.1e+30 (1.1e+30 to 9e+30)"),
    ((0.5, None, None, "share"), "50 %"),
    ((0.253, 0.2, None, "share"), "25.3 %"),
    ((None, None, None, "share"), "—"),
]


def test_the_smaller_half_of_the_interval_decides_the_digits() -> None:
    assert [figures(metric(*given)).estimate for given, _ in CASES] == [text for _, text in CASES]
    assert [rounded_estimate(*given) for given, _ in CASES] == [text for _, text in CASES]


def test_an_end_that_differs_from_a_reference_does_not_look_equal_to_it() -> None:
    shown = figures(metric(0.56, 0.5004, 0.62, "share", chance=0.5))
    assert (shown.interval, shown.chance) == ("50.04 to 62.00 %", "50 %")
    assert figures(metric(0.56, 0.5, 0.62, "share", chance=0.5)).interval == "50 to 62 %"
    assert rounded_estimate(0.31, 0.004, 0.62, "score", 0.0) == "0.310 (0.004 to 0.620)"
    assert rounded_estimate(0.31, 0.0, 0.62, "score", 0.0) == "0.3 (0.0 to 0.6)"
    assert figures(metric(0.124, 0.004, 0.411, "share", ideal=0)).estimate == "12 % (0 to 41 %)"


@pytest.mark.parametrize(("chance", "text"), [(0.25, "25 %"), (1 / 3, "33 %"), (0.2, "20 %"), (None, "—")])
def test_references_have_the_digits_of_the_value(chance: float | None, text: str) -> None:
    assert figures(metric(0.5, 0.352, 0.648, "share", chance=chance)).chance == text
