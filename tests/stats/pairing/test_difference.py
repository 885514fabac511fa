"""What a difference says of itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats

from audit.stats.interval import Interval, student_t
from audit.stats.pairing.alignment import Alignment
from audit.stats.pairing.difference import Difference, Inference

EMPTY = Alignment((), (), (), (), (), ())


def test_n_counts_the_paired_items() -> None:
    common: dict[str, Any] = {"value": None, "baseline": None, "candidate": None, "unit": "bleu", "units": 0}
    pairs = Alignment(("a", "b", "c"), ("d",), (), (), (), ())
    assert [Difference(**common, higher_is_better=True, alignment=alignment).n for alignment in (pairs, EMPTY)] == [
        3,
        0,
    ]


def test_the_standard_error_is_that_of_students_interval() -> None:
    values = [1.0, 2.0, 4.0, 3.5]
    ends = student_t(values, 0.9)
    assert Inference(ends, freedom=3).standard_error == pytest.approx(stats.sem(values))
    normal = Interval(-1.96, 1.96, "tango", 0.95)
    assert Inference(normal, freedom=math.inf).standard_error == pytest.approx(1, abs=1e-4)
    assert Inference().standard_error is None


def test_a_standard_error_of_the_changed_items_comes_before_the_intervals() -> None:
    ends = Interval(-1.96, 1.96, "tango", 0.95)
    assert Inference(ends, freedom=math.inf, error=0.25).standard_error == 0.25
    assert Inference(ends, freedom=math.inf, error=0.0).standard_error == 0.0
    assert Inference(error=0.25).standard_error is None
