"""How many items settle a rule, against intervals that are computed for that many."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.proportion import proportion_confint

from audit.gate.judging import judge_interval
from audit.gate.settling import CLUSTERED, OF_SHARES, STUDENT, _quantile, items_for_ratio, items_needed, shrinks
from audit.stats.bootstrap import cluster_bootstrap, jackknife_t
from audit.stats.clusters import cluster_freedom
from audit.stats.intervals import bca_bootstrap, clustered_interval, student_t, studentised_bootstrap, wilson
from tests.gate.test_judging_ends import a_share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


Records = dict[str, "Callable[..., Any]"]


def settled(interval: Sequence[float], minimum: float | None, maximum: float | None) -> bool:
    """Whether the interval decides."""
    return judge_interval(interval[0], interval[1], minimum, maximum) != "INCONCLUSIVE"


def wilson_of(share: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval by statsmodels, of a share that need not be a whole number of items."""
    low, high = proportion_confint(share * n, n, alpha=1 - confidence, method="wilson")
    return float(low), float(high)


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize(
    ("right", "n", "minimum", "maximum"),
    [
        (30, 50, 0.5, None),
        (8, 16, 0.55, None),
        (2, 16, 0.25, None),
        (0, 16, None, 0.1),
        (16, 16, 0.9, None),
        (9, 16, 0.4, 0.7),
        (31, 40, None, 0.7),
        (29, 40, 0.3, 0.7),
    ],
)
def test_a_share_is_settled_by_that_many_items_and_not_by_five_percent_fewer(
    right: int, n: int, minimum: float | None, maximum: float | None, scale: float, records: Records
) -> None:
    share = right / n
    low, high = wilson_of(share, n)
    assert not settled((low, high), minimum, maximum), "the case must be open"
    unit = "share" if scale == 1 else "percent"
    metric = records["metric"](value=scale * share, n=n, ci_low=scale * low, ci_high=scale * high, unit=unit)
    limits = [None if limit is None else scale * limit for limit in (minimum, maximum)]
    needed = items_needed(metric, *limits)
    assert needed is not None
    assert needed > n
    assert settled(wilson_of(share, math.ceil(needed)), minimum, maximum)
    assert not settled(wilson_of(share, 0.95 * needed), minimum, maximum)


def in_clusters(pattern: Sequence[Sequence[float]], copies: int) -> tuple[list[float], list[int]]:
    """So many copies of clusters of values: more items of which the value and the clusters' likeness stay."""
    clusters = [values for _ in range(copies) for values in pattern]
    return [v for values in clusters for v in values], [i for i, values in enumerate(clusters) for _ in values]


# Copies of clusters vary as a population does, the clusters that were drawn as a sample of it: the variance of the
# former is smaller by (G - 1) / G, and so is the number of copies that settles the rule.
PATTERNS: dict[str, tuple[list[list[float]], float, float]] = {
    "shares that are alike in a cluster": ([[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]], 0.5, 3 / 4),
    "shares that are mixed in a cluster": ([[1, 0, 1, 0, 1], [1, 0, 0, 1, 1], [0, 1, 1, 0, 1]], 0.55, 1.0),
    "none in any cluster": ([[0, 0, 0, 0]] * 4, 0.1, 1.0),
}


@pytest.mark.parametrize("kind", PATTERNS)
def test_clustered_shares_are_settled_by_that_many_items(kind: str, records: Records) -> None:
    pattern, limit, population = PATTERNS[kind]
    values, clusters = in_clusters(pattern, 1)
    now = clustered_interval(values, clusters)
    assert now is not None
    metric = records["metric"](
        value=float(np.mean(values)), n=len(values), ci_low=now.low, ci_high=now.high, ci_method=now.method
    )
    needed = items_needed(metric, limit, None, clusters=[len(one) for one in pattern])
    assert needed is not None
    copies = population * needed / len(values)
    enough, fewer = (clustered_interval(*in_clusters(pattern, k)) for k in (math.ceil(copies), int(0.95 * copies)))
    assert enough is not None
    assert fewer is not None
    assert settled((enough.low, enough.high), limit, None), (needed, enough)
    assert not settled((fewer.low, fewer.high), limit, None), (needed, fewer)


def test_many_clusters_are_settled_to_five_percent(records: Records) -> None:
    rng = np.random.default_rng(3)
    pattern = [list(map(float, rng.random(4) < p)) for p in rng.beta(2, 1.5, 25)]
    values, clusters = in_clusters(pattern, 1)
    now = clustered_interval(values, clusters)
    assert now is not None
    value = float(np.mean(values))
    limit = value - 0.02
    metric = records["metric"](value=value, n=len(values), ci_low=now.low, ci_high=now.high, ci_method=now.method)
    needed = items_needed(metric, limit, None, clusters=[4] * 25)
    assert needed is not None
    copies = 24 / 25 * needed / len(values)
    enough, fewer = (clustered_interval(*in_clusters(pattern, k)) for k in (math.ceil(copies), int(0.95 * copies)))
    assert enough is not None
    assert fewer is not None
    assert enough.low >= limit
    assert fewer.low < limit


@pytest.mark.parametrize("n", [4, 9, 40])
def test_a_mean_is_settled_by_that_many_items_with_their_degrees_of_freedom(n: int, records: Records) -> None:
    values = np.linspace(0.1, 0.5, n)
    limit = 0.31
    now = student_t(values)
    assert now is not None
    metric = records["metric"](
        value=float(values.mean()), n=n, ci_low=now.low, ci_high=now.high, ci_method="student_t", unit="nats"
    )
    needed = items_needed(metric, None, limit)
    assert needed is not None
    spread = float(values.std(ddof=1))

    def high(items: float) -> float:
        from scipy import stats

        return float(values.mean() + stats.t.ppf(0.975, items - 1) * spread / math.sqrt(items))

    assert high(math.ceil(needed)) <= limit
    assert high(0.95 * needed) > limit


def brute_force(values: Sequence[float], limit: float) -> int:
    """The smallest number of items of that mean and spread whose interval of Student's t is on one side of a limit."""
    from scipy import stats

    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    return next(n for n in range(2, 10_000) if stats.t.ppf(0.975, n - 1) * spread / math.sqrt(n) <= abs(mean - limit))


@pytest.mark.parametrize(
    ("values", "limit", "minimum"),
    [
        ([0.01, 0.02, 0.03, 0.8], 0.1, True),
        ([0.99, 0.98, 0.97, 0.2], 0.9, False),
        ([0.01, 0.02, 0.03, 0.8], 0.5, False),
        ([0.1, 0.1, 0.1, 0.2, 0.9], 0.05, True),
    ],
)
def test_an_end_that_the_unit_cut_does_not_make_the_interval_narrower(
    values: list[float], limit: float, minimum: bool, records: Records
) -> None:
    now = student_t(values)
    assert now is not None
    ends = {"ci_low": max(0.0, now.low), "ci_high": min(1.0, now.high), "ci_method": "student_t"}
    metric = records["metric"](value=float(np.mean(values)), n=len(values), unit="probability", **ends)
    assert (metric.ci_low, metric.ci_high) != (now.low, now.high), "an end must be cut"
    needed = items_needed(metric, limit if minimum else None, None if minimum else limit)
    assert needed is not None
    assert math.ceil(needed) == brute_force(values, limit)


def test_an_interval_that_is_cut_at_both_ends_says_nothing(records: Records) -> None:
    metric = records["metric"](value=0.5, n=3, ci_low=0.0, ci_high=1.0, ci_method="student_t", unit="probability")
    assert items_needed(metric, 0.3, None) is None
    assert items_needed(metric.model_copy(update={"ci_method": "wilson", "unit": "share"}), 0.3, None) is None


def test_other_intervals_shrink_with_the_square_root(records: Records) -> None:
    metric = records["metric"](value=0.4, n=50, ci_low=0.3, ci_high=0.6, ci_method="bca_bootstrap", unit="probability")
    assert items_needed(metric, None, 0.5) == pytest.approx(50 * (0.2 / 0.1) ** 2)
    assert items_needed(metric, 0.35, None) == pytest.approx(50 * (0.1 / 0.05) ** 2)


def test_a_value_on_its_limit_is_never_settled(records: Records) -> None:
    assert items_needed(records["metric"](), 0.6, None) == math.inf
    assert items_needed(records["metric"](ci_method="bca_bootstrap"), None, 0.6) == math.inf


def test_an_interval_that_rests_on_more_than_its_items_says_nothing(records: Records) -> None:
    assert items_needed(records["metric"](ci_method="lang_reiczigel"), 0.55, None) is None
    assert items_needed(records["metric"](ci_method=None), 0.55, None) is None


@pytest.mark.parametrize("ends", [{"ci_low": None}, {"ci_high": None}])
def test_without_both_ends_no_items_are_counted(ends: dict[str, Any], records: Records) -> None:
    assert items_needed(records["metric"](value=0.55, **ends), 0.6, None) is None


def test_wilsons_interval_in_a_unit_without_an_end_counts_no_items(records: Records) -> None:
    metric = records["metric"](value=0.55, unit="nats")
    assert items_needed(metric, 0.6, None) is None


def test_a_violated_limit_is_the_one_to_settle_and_else_the_nearer_one(records: Records) -> None:
    below = records["metric"](value=0.45, ci_low=0.35, ci_high=0.55)
    assert items_needed(below, 0.5, 0.52) == items_needed(below, 0.5, None) != items_needed(below, None, 0.52)
    above = records["metric"](value=0.57, ci_low=0.47, ci_high=0.67)
    assert items_needed(above, 0.5, 0.55) == items_needed(above, None, 0.55) != items_needed(above, 0.5, None)
    inside = [items_needed(below, 0.4, None), items_needed(below, None, 0.52), items_needed(below, 0.4, 0.52)]
    assert inside[2] == max(one for one in inside[:2] if one is not None)
    assert inside[0] != inside[1]


def test_without_a_value_no_items_are_counted(records: Records) -> None:
    assert items_needed(records["metric"]().model_copy(update={"value": None}), 0.6, None) is None


def test_a_limit_at_an_end_of_the_unit_settles_nothing(records: Records) -> None:
    metric = records["metric"](value=0.65)
    assert items_needed(metric, 0.0, 0.7) == items_needed(metric, None, 0.7)
    assert items_needed(metric, 0.6, 1.0) == items_needed(metric, 0.6, None)
    assert items_needed(metric, 0.0, None) is None


def some_intervals() -> dict[str, set[str]]:
    """Methods as the intervals name them: of shares, of items, of clusters, and others that items alone widen."""
    generator = np.random.default_rng(7)
    few, many = generator.normal(size=9), generator.normal(size=60)
    of_few, of_many = np.arange(9) // 3, np.arange(60) // 2
    found = {
        "shares": [wilson(3, 9), clustered_interval((few > 0).astype(float), of_few)],
        "items": [student_t(few), studentised_bootstrap(many, seed=1, resamples=200)],
        "clusters": [
            clustered_interval((few > 0).astype(float), of_few),
            clustered_interval(few, of_few),
            clustered_interval(many, of_many, resamples=200),
            jackknife_t(lambda weights: float(weights @ few[:4]), 0.0, 4),
            cluster_bootstrap(lambda weights: float(weights @ few), 0.0, 9, seed=1, resamples=200),
            cluster_bootstrap(lambda weights: float(weights[:9] @ few), 0.0, 5_001, seed=1, resamples=100),
        ],
        "others": [bca_bootstrap(many, seed=1, resamples=200)],
    }
    return {kind: {one.method for one in intervals if one is not None} for kind, intervals in found.items()}


def test_methods_are_known_by_their_names(records: Records) -> None:
    named = some_intervals()
    assert [len(methods) for methods in named.values()] == [2, 2, 6, 1]
    assert (named["shares"], named["items"], named["clusters"]) == (OF_SHARES, STUDENT, CLUSTERED)
    for method in set().union(*named.values()) | {"mover", "percentile_bootstrap", "expanded_bca_bootstrap"}:
        assert shrinks(records["metric"](ci_method=method)), method


@pytest.mark.parametrize("method", [None, "lang_reiczigel", "mover_lang_reiczigel", "a_better_bootstrap", "Wilson"])
def test_an_interval_of_another_method_is_not_known_to_shrink(method: str | None, records: Records) -> None:
    assert not shrinks(records["metric"](ci_method=method))


def test_the_quantile_of_one_group_or_less_is_the_normal_one() -> None:
    assert _quantile(1, 0.95) == pytest.approx(12.706, abs=1e-3)  # Student's table, one degree of freedom
    assert _quantile(0.5, 0.9) == pytest.approx(stats.t.ppf(0.95, 0.5))
    assert _quantile(0, 0.95) == pytest.approx(1.95996, abs=1e-5)


@pytest.mark.parametrize(("value", "limit"), [(0.0, 0.0), (-1e6, -1e6 + 1e-4), (1e6, 1e6 - 1e-4)])
def test_a_value_is_on_its_limit_up_to_rounding(value: float, limit: float, records: Records) -> None:
    ends = {"ci_low": value - 9, "ci_high": value + 9, "ci_method": "bca_bootstrap", "unit": "score"}
    assert items_needed(records["metric"](value=value, **ends), limit, None) == math.inf


def test_an_end_on_the_value_shows_no_width(records: Records) -> None:
    metric = records["metric"](value=0.4, n=50, ci_low=0.4, ci_high=0.6, ci_method="bca_bootstrap", unit="probability")
    assert items_needed(metric, 0.35, None) == pytest.approx(50 * (0.2 / 0.05) ** 2)


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.4, 4.0])
@pytest.mark.parametrize("clusters", [2, 3, 4, 40])
def test_few_clusters_are_settled_by_the_quantile_of_as_many_as_there_will_be(
    clusters: int, ratio: float, records: Records
) -> None:
    """Items n' with n' = n · ratio · (t(n') / t(n))²: the root between n and n · ratio."""
    metric = records["metric"](n=60, ci_method="clustered_t", confidence=0.9)

    def lacking(items: float) -> float:
        then, now = (stats.t.ppf(0.95, groups - 1) for groups in (clusters * items / 60, clusters))
        return float(60 * ratio * (then / now) ** 2 - items)

    ends = sorted((60.0, 60 * ratio))
    expected = 60.0 if ratio == 1 else brentq(lacking, *ends, xtol=1e-12)
    assert items_for_ratio(metric, ratio, [7] * clusters) == pytest.approx(expected)
    others = metric.model_copy(update={"ci_method": "cluster_jackknife_t"})
    assert items_for_ratio(others, ratio, [1, 9] + [5] * (clusters - 2)) == pytest.approx(expected)


@pytest.mark.parametrize("ratio", [2.0, 5.0])
def test_clusters_of_unequal_size_are_settled_by_intervals_of_so_many_copies(ratio: float, records: Records) -> None:
    """By trying whole numbers of copies; the standard error is taken to shrink with their square root."""
    sizes = [40, 3, 3, 2, 2, 1]
    metric = records["metric"](n=sum(sizes), ci_method="clustered_t", confidence=0.9)

    def width(copies: int) -> float:
        codes = np.repeat(np.arange(copies * len(sizes)), sizes * copies)
        return float(stats.t.ppf(0.95, cluster_freedom(codes)) / math.sqrt(copies))

    copies = next(count for count in range(1, 100) if width(count) <= width(1) / math.sqrt(ratio))
    found = items_for_ratio(metric, ratio, sizes) / sum(sizes)
    assert copies - 1 < found <= copies
    alike = items_for_ratio(metric, ratio, [1] * len(sizes)) / sum(sizes)
    assert alike > found, "by the number of clusters alone, Student's quantile seems to shrink less"


def test_rare_items_need_as_many_as_the_exact_test_asks_for() -> None:
    """Of 100 items, 3 lie above a limit of 1 % by the interval alone: 7.9 % of runs show as many at the limit."""
    tails = {n: float(stats.binom.sf(3 * n // 100 - 1, n, 0.01)) for n in (100, 200)}
    assert tails[100] > 0.05 > tails[200]
    assert 100 < (items_needed(a_share(3, 100), None, 0.01) or 0) <= 200
    assert 100 < (items_needed(a_share(97, 100), 0.99, None) or 0) <= 200, "the same from the other side"
    clustered = a_share(3, 100).model_copy(update={"ci_method": "wilson_clustered"})
    assert (items_needed(clustered, None, 0.01, [1] * 100) or 0) < 105
