"""Choices beyond what right answers explain: arithmetic by hand, and rates of findings in simulated choices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audit.stats.answers.choice_bias import choice_bias


def test_a_worked_example() -> None:
    """Four options, 8 items, 4 right answers (a = 0.5). The option is right in 2, chosen in both and in 4 errors."""
    right = np.array([1, 1, 0, 0, 0, 0, 0, 0], dtype=np.bool_)
    chosen = np.array([1, 1, 0, 0, 1, 1, 1, 1], dtype=np.bool_)
    correct = np.array([1, 1, 1, 1, 0, 0, 0, 0], dtype=np.bool_)
    found = choice_bias(chosen, right, correct, np.full(8, 4.0), [None] * 8)
    expected = (2 * 0.5 + 6 * 0.5 / 3) / 8
    assert (found.n, found.chosen, found.expected) == (8, 0.75, pytest.approx(expected))
    slope = (2 - 6 / 3) / 8
    parts = chosen - np.where(right, 0.5, 0.5 / 3) - slope * (correct - 0.5)
    test = stats.ttest_1samp(parts, 0)
    assert found.p_value == pytest.approx(test.pvalue)
    ends = test.confidence_interval(0.95)
    assert found.difference is not None
    assert (found.difference.low, found.difference.high) == pytest.approx((ends.low, min(1.0, ends.high)))


def test_nothing_varies() -> None:
    all_right = np.ones(4, dtype=np.bool_)
    found = choice_bias(all_right, all_right, all_right, np.full(4, 2.0), [None] * 4)
    assert (found.difference, found.p_value) == (None, 1.0)
    one_cluster = choice_bias(~all_right, all_right, ~all_right, np.full(4, 2.0), ["a"] * 4)
    assert (one_cluster.difference, one_cluster.p_value) == (None, 1.0)
    with pytest.raises(ValueError, match="no items"):
        choice_bias(all_right[:0], all_right[:0], all_right[:0], np.zeros(0), [])


@pytest.mark.slow
def test_right_answers_that_favour_a_position_are_no_bias() -> None:
    """The first option is right in 60 % of items; half of the answers are right, errors fall anywhere."""
    false, found = 0, 0
    for repeat in range(300):
        generator = np.random.default_rng(repeat)
        right = np.where(generator.random(150) < 0.6, 0, generator.integers(1, 4, size=150))
        wrong = (right + generator.integers(1, 4, size=150)) % 4
        chosen = np.where(generator.random(150) < 0.5, right, wrong)
        biased = np.where(generator.random(150) < 0.25, 0, chosen)
        for answers in (chosen, biased):
            one = choice_bias(answers == 0, right == 0, answers == right, np.full(150, 4.0), [None] * 150)
            false, found = false + (answers is chosen and one.p_value <= 0.05), found + (one.p_value <= 0.05)
    assert 3 <= false <= 29  # 99.9 % of a binomial distribution of 300 at 5 %
    assert found - false >= 240
