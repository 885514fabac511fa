"""Adjusted p-values against statsmodels, SciPy and the laws that they obey."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from audit.stats.multiplicity import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_two_significant_tests_tell_holm_from_bonferroni() -> None:
    """By hand: 3 · 0.01, 2 · 0.02, and 0.03 raised to what the smaller one has. Bonferroni gives 0.03, 0.06, 0.09."""
    assert holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([]) == benjamini_hochberg([]) == []


def closed(raw: list[float], one: int) -> float:
    """The closure of Bonferroni's test: the largest of its p-values over all sets of hypotheses with this one."""
    others = [place for place in range(len(raw)) if place != one]
    sets = [(one, *more) for size in range(len(raw)) for more in itertools.combinations(others, size)]
    return max(min(1.0, len(inside) * min(raw[place] for place in inside)) for inside in sets)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_closes_bonferronis_test_and_lies_between_raw_and_it(raw: list[float]) -> None:
    adjusted = holm(raw)
    assert adjusted == pytest.approx([closed(raw, one) for one in range(len(raw))])
    assert all(p <= q <= min(1, len(raw) * p) for p, q in zip(raw, adjusted, strict=True))


@pytest.mark.slow
def test_holm_is_statsmodels() -> None:
    raw = [0.01, 0.2, 0.03, 0.03, 0.5, 0.004, 1.0]
    assert holm(raw) == pytest.approx(list(multipletests(raw, method="holm")[1]))


@pytest.mark.slow
@given(P_VALUES)
def test_benjamini_and_hochberg_is_scipys(raw: list[float]) -> None:
    assert benjamini_hochberg(raw) == pytest.approx(list(false_discovery_control(raw)))
