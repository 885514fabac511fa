"""Bias and drift of raters against their own arithmetic and SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from audit.stats.agreement.raters import rater_bias, side_bias


@pytest.mark.slow
def test_a_milder_rater_has_a_positive_bias() -> None:
    from scipy import stats

    own, others = [4, 5, 3, 5, 4, 4], [3.0, 4.0, 3.0, 4.5, 2.0, 3.5]
    found = rater_bias("ada", own, others)
    differences = [1, 1, 0, 0.5, 2, 0.5]
    assert found.bias == pytest.approx(5 / 6)
    assert found.interval is not None
    theirs = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.slow
def test_drift_is_the_slope_from_the_first_to_the_last() -> None:
    noise = np.array([0.1, -0.1, 0.05, -0.05, 0.1, -0.1, 0.02, -0.02, 0.03, -0.03, 0.0])
    line = 2 * np.linspace(0, 1, 11)
    found = rater_bias("ada", (3 + line + noise).tolist(), [3.0] * 11)
    slope = np.polyfit(np.linspace(0, 1, 11), line + noise, 1)[0]
    assert found.drift == pytest.approx(float(slope))
    assert found.drift_interval is not None
    assert 0 < found.drift_interval.low < 2 < found.drift_interval.high + 0.2
    level = rater_bias("bob", [3.0] * 6, [3.0] * 6)
    assert level.drift == pytest.approx(0, abs=1e-12)
    assert level.drift_interval is None


@pytest.mark.slow
def test_texts_of_one_prompt_count_as_one() -> None:
    """Two copies of each item, in one cluster, say as much as the item; a single cluster says nothing."""
    own, others = [4, 5, 3, 5, 4, 4], [3.0, 4.0, 3.0, 4.5, 2.0, 3.5]
    alone = rater_bias("ada", own, others).interval
    clusters = [place for place in range(6) for _ in range(2)]
    copied = rater_bias("ada", np.repeat(own, 2).tolist(), np.repeat(others, 2).tolist(), 0.95, clusters)
    assert alone is not None
    assert copied.interval is not None
    assert (copied.interval.low, copied.interval.high) == pytest.approx((alone.low, alone.high))
    assert copied.drift_interval is not None
    assert copied.drift_interval.method == "ols_clustered_t"
    one = rater_bias("ada", own, others, 0.95, ["prompt"] * 6)
    assert (one.bias, one.interval, one.drift_interval) == (pytest.approx(5 / 6), None, None)
    level = rater_bias("ada", [4, 3] * 3, [3.0] * 6, 0.95, [0, 0, 1, 1, 2, 2])
    assert (level.bias, level.interval) == (0.5, None)  # the means of the prompts do not vary
    sides = ["a"] * 7 + ["b"] * 3
    by_item = side_bias("ada", sides).interval
    by_prompt = side_bias("ada", sides * 2, 0.95, [*range(10)] * 2).interval
    assert by_item is not None
    assert by_prompt is not None
    assert by_prompt.high - by_prompt.low > by_item.high - by_item.low  # Student's quantile in place of the normal one


def test_few_ratings_give_no_figures() -> None:
    assert rater_bias("ada", [1, 2], [1, 2]).bias is None
    assert side_bias("ada", ["a", "tie", "b"]).share is None


def test_the_side_that_a_rater_prefers() -> None:
    found = side_bias("ada", ["a"] * 9 + ["b"] + ["tie"] * 5)
    assert (found.preferences, found.share) == (10, 0.9)
    assert found.interval is not None
    # Wilson's interval of 9 of 10 by its formula, z = 1.959964.
    z = 1.959964
    centre, reach = (0.9 + z**2 / 20) / (1 + z**2 / 10), z / (1 + z**2 / 10) * (0.009 + z**2 / 400) ** 0.5
    assert (found.interval.low, found.interval.high) == pytest.approx((centre - reach, centre + reach), abs=1e-5)
