"""What is compared with: steps, masks and orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.records.measures import BINS
from audit.explain.faithfulness.plan import HELD_OUT, curve_steps, deleted, own_steps, plan, rationale


def test_held_out_masks_hold_each_feature_half_of_the_time_and_serve_all_methods() -> None:
    masks = plan(30, seed=5, pairs=100).held_out
    assert masks.shape == (100 * HELD_OUT, 30)
    assert masks.mean() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_array_equal(plan(30, seed=5).masks, plan(30, seed=5).masks)
    assert (plan(30, seed=6).held_out != plan(30, seed=5).held_out).any()


def test_equal_values_are_ordered_by_chance_and_alike_for_all_methods() -> None:
    values = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    compared = plan(5, seed=1)
    np.testing.assert_array_equal(compared.own(values), compared.own(values * 3))
    first = {plan(5, seed).own(values)[0].tobytes() for seed in range(30)}
    assert len(first) == 4


@given(st.integers(2, 400))
def test_steps_are_symmetric_and_hold_the_bins(count: int) -> None:
    steps, own = curve_steps(count), own_steps(count)
    assert sorted(count - steps) == list(steps)
    assert (own > 0).all()
    assert (own < count).all()
    assert {*steps, *(rationale(count, percent) for percent in BINS)} == {*own}


@pytest.mark.parametrize(
    ("count", "expected"), [(2, [1]), (3, [1, 2]), (5, [1, 2, 3, 4]), (20, [4, 10, 16]), (48, [10, 24, 38])]
)
def test_steps_of_the_curves(count: int, expected: list[int]) -> None:
    assert curve_steps(count).tolist() == expected


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (5, 3), (10, 5), (20, 10), (50, 24)])
def test_rationales_are_rounded_up(percent: int, expected: int) -> None:
    assert rationale(48, percent) == expected


def test_a_mask_without_the_first_features() -> None:
    masks: Any = deleted(np.array([2, 0, 1]), np.array([1, 2]))
    assert masks.tolist() == [[True, True, False], [False, True, False]]
