"""Permuted signs against SciPy and brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from audit.stats.pairing import sign_flips as module
from audit.stats.pairing.sign_flips import sign_flips


@pytest.mark.parametrize("n", [2, 5, 10, 13])
def test_few_units_are_enumerated_as_by_scipy(n: int) -> None:
    values = np.random.default_rng(n).normal(0.4, 1, n)
    expected = stats.permutation_test(
        (values,), lambda x, axis: np.mean(x, axis=axis), permutation_type="samples", vectorized=True, n_resamples=9_999
    ).pvalue
    assert sign_flips(values, seed=1) == (pytest.approx(expected), True)


def test_ties_count_as_extreme() -> None:
    values = np.array([0.1, 0.2, 0.3, -0.3])
    sums = [abs(float(np.dot(signs, values))) for signs in product((1, -1), repeat=4)]
    expected = np.mean([total >= 0.3 - 1e-12 for total in sums])
    assert sign_flips(values, seed=0)[0] == expected


@pytest.mark.slow
def test_many_units_agree_with_scipys_random_signs() -> None:
    values = np.random.default_rng(5).normal(0.13, 1, 300)
    expected = stats.permutation_test(
        (values,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=4_999,
        rng=np.random.default_rng(1),
    ).pvalue
    found, exact = sign_flips(values, seed=1)
    assert not exact
    assert found == pytest.approx(expected, abs=4 * (expected / 4_999) ** 0.5)
    assert sign_flips(values, seed=1)[0] == found
    assert sign_flips(values, seed=2)[0] != found


def test_unchanged_units_do_not_matter() -> None:
    values = np.array([0.5, 0.2, -0.1, 0.4])
    assert sign_flips(np.concatenate([values, np.zeros(500)]), seed=0) == sign_flips(values, seed=0)
    assert sign_flips(np.zeros(500), seed=0) == (1.0, True)
    assert sign_flips(np.empty(0), seed=0) == (1.0, True)
    assert sign_flips(np.array([0.3]), seed=0) == (1.0, True)  # either sign is as likely


def test_scale_and_direction_do_not_matter() -> None:
    values = np.random.default_rng(3).normal(0.5, 1, 9)
    assert sign_flips(-1e-9 * values, seed=0) == sign_flips(values, seed=0)


def test_no_random_p_value_is_zero() -> None:
    assert sign_flips(np.ones(40), seed=0) == (1 / 10_000, False)


def test_random_signs_have_the_p_value_of_all_signs() -> None:
    values = np.random.default_rng(6).normal(0.3, 1, 17)
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    expected = np.mean(np.abs(sums) >= abs(values.sum()) - 1e-9)
    found, exact = sign_flips(values, seed=2)
    assert not exact
    assert found == pytest.approx(expected, abs=4 * (expected / 9_999) ** 0.5)


def test_no_sum_of_random_signs_is_smaller_than_the_smallest() -> None:
    assert sign_flips(np.array([1.0] * 9 + [-1.0] * 8), seed=0) == (1.0, False)  # sums of 17 odd numbers are odd


def test_batches_change_no_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(4).normal(0.1, 1, 64)
    whole = sign_flips(values, seed=3)
    monkeypatch.setattr(module, "BATCH_VALUES", 64 * 1_000)
    assert sign_flips(values, seed=3) == whole


def test_each_of_many_units_has_either_sign() -> None:
    sizes = np.array([1] * 56 + [8] * 7)  # the last ones, whose bits fill no whole byte, decide
    values = np.where(np.arange(63) % 3, sizes, -sizes).astype(float)
    chances = np.ones(1)
    for size in sizes:
        chances = np.convolve(chances, [0.5, *[0.0] * (2 * size - 1), 0.5])
    sums = np.arange(-sizes.sum(), sizes.sum() + 1)
    expected = float(chances[np.abs(sums) >= abs(values.sum())].sum())
    found, exact = sign_flips(values, seed=1)
    assert not exact
    assert found == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 9_999) ** 0.5)
