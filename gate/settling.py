"""How many items would settle a rule that the run leaves open, if the value stays as it is.

Half the width of an interval shrinks with the square root of the number of items; Wilson's interval of a share clears a
limit L when (value − L)² reaches z² L (1 − L) / n. Where Student's t or clusters are behind an interval, its degrees of
freedom grow with the items. ``docs/design/reports.md`` says how exact this is.

Wilson's interval errs more often than its coverage says where few items are expected on one side of the limit: of 100
items with a true share of exactly 1 %, three or more are found in 7.9 % of all runs, and its lower end then lies above
1 % (Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion", Statistical Science 16:2, section
4.1.1). A verdict on a share therefore also needs a tail of the binomial distribution of at most 1 - coverage, which
bounds the error for every share and number of items.
"""

from __future__ import annotations

import math
from functools import partial
from statistics import NormalDist
from typing import TYPE_CHECKING

from audit.core.units import unit_of
from audit.stats.clusters import freedom_of_sizes
from audit.stats.interval import critical

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Metric, Verdict

CLUSTERED = frozenset(
    {
        "wilson_clustered",
        "clustered_t",
        "studentised_cluster_bootstrap",
        "cluster_jackknife_t",
        "expanded_bca_cluster_bootstrap",
        "expanded_percentile_cluster_bootstrap",
    }
)
"""Values of ``ci_method`` of intervals whose degrees of freedom are those of the clusters."""
BY_SIZE = frozenset({"wilson_clustered", "clustered_t", "studentised_cluster_bootstrap"})
"""Of these, intervals of means: their degrees of freedom depend on the sizes of the clusters, too."""
STUDENT = frozenset({"student_t", "studentised_bootstrap"})
"""Of intervals whose degrees of freedom are those of the items."""
OF_SHARES = frozenset({"wilson", "wilson_clustered"})
"""Of score intervals of a share."""
SHRINKING = (
    CLUSTERED
    | STUDENT
    | OF_SHARES
    | {"percentile_bootstrap", "bca_bootstrap", "expanded_percentile_bootstrap", "expanded_bca_bootstrap"}
    | {"percentile_cluster_bootstrap"}
    | {"mover"}
)
"""Of intervals whose whole width comes from the number of items. That of others may not, such as of a share corrected
for the errors of a scorer (``lang_reiczigel``, ``mover_lang_reiczigel``), which its labelled texts widen, too."""
SHARE = "wilson"
"""That of a share of independent items."""
MOST_ITEMS = 1e12
"""Beyond which none are looked for."""
STEPS = 60
"""Of the bisection: each halves the distance to the number of items."""
ON_LIMIT = 1e-9
"""Distance of value and limit, relative to the larger, below which they are the same."""


def items_needed(
    metric: Metric, minimum: float | None, maximum: float | None, clusters: Sequence[int] | None = None
) -> float | None:
    """Items at which the interval of the same value would lie wholly inside the range, or wholly outside.

    Args:
        metric: With an interval that spans a limit.
        minimum: Lowest value allowed.
        maximum: Highest value allowed.
        clusters: Items of each cluster, where the interval is clustered; None leaves them out of account.

    Returns:
        The number; infinite where the value lies on a limit; None where the interval does not shrink with items in a
        way that is known, or was cut at both ends of the unit.
    """
    value = metric.value
    if value is None or not shrinks(metric):
        return None
    unit = unit_of(metric.unit)
    limits = [limit for limit in (minimum, maximum) if limit is not None and limit not in {unit.low, unit.high}]
    ratios = [_ratio(metric, value, limit) for limit in limits]
    if not ratios or None in ratios:
        return None
    # The nearer limit needs more items; of a value outside the range it is the one that is violated.
    needed = items_for_ratio(metric, max(ratio for ratio in ratios if ratio is not None), clusters)
    return max(needed, _exact_items_needed(metric, minimum, maximum))


def shrinks(metric: Metric) -> bool:
    """Whether the whole width of the interval comes from the number of items, as far as is known of its method."""
    return metric.ci_method in SHRINKING


def items_for_ratio(metric: Metric, ratio: float, clusters: Sequence[int] | None = None) -> float:
    """Items that make the squared width of an interval smaller by a ratio, its degrees of freedom grown with them."""
    if math.isinf(ratio):
        return math.inf
    freedom = _freedom(metric, clusters)
    if freedom is None:
        return metric.n * ratio
    now = _quantile(freedom(1.0), metric.confidence)

    def needed(items: float) -> float:
        return metric.n * ratio * (_quantile(freedom(items / metric.n), metric.confidence) / now) ** 2

    return enough(needed, metric.n, metric.n * ratio)


def _freedom(metric: Metric, clusters: Sequence[int] | None) -> Callable[[float], float] | None:
    """Degrees of freedom of an interval of so many times as many items; None where they do not matter, or are unknown.

    Args:
        metric: With the interval.
        clusters: Items of each of its clusters, at least one; None where they are not known.
    """
    if metric.ci_method in CLUSTERED and clusters:
        sizes = clusters if metric.ci_method in BY_SIZE else [1] * len(clusters)
        return partial(freedom_of_sizes, sizes)
    if metric.ci_method in STUDENT:
        return lambda copies: metric.n * copies - 1
    return None


def enough(needed: Callable[[float], float], n: float, most: float) -> float:
    """Items that are as many as are needed with their own degrees of freedom: by bisection.

    Putting what is needed in again and again swings between two numbers where there are two to four clusters.

    Args:
        needed: Items that are needed with the degrees of freedom of so many; falls with them.
        n: Items that there are.
        most: Items that are needed with the degrees of freedom of these.
    """
    low, high = sorted((n, most))
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if needed(middle) > middle else (low, middle)
    return high


def _ratio(metric: Metric, value: float, limit: float) -> float | None:
    """By how much the squared width has to shrink for the interval to end at the limit."""
    low, high = metric.ci_low, metric.ci_high
    if low is None or high is None:
        return None
    distance = abs(value - limit)
    if distance <= ON_LIMIT * max(abs(value), abs(limit)):
        return math.inf
    if metric.ci_method in OF_SHARES:
        return _ratio_of_wilson(metric, value, limit, low, high)
    ends = _shown_ends(metric, value, limit, low, high)
    return ((ends[0] - value) / distance) ** 2 if ends else None


def _shown_ends(metric: Metric, value: float, limit: float, low: float, high: float) -> list[float]:
    """The ends that show how wide the interval is, that on the limit's side first.

    One that lies at an end of the unit was cut there, and is nearer to the value than the width makes it.
    """
    unit = unit_of(metric.unit)
    ends = sorted((low, high), key=lambda end: (end < value) != (limit < value))
    return [end for end in ends if unit.low < end < unit.high and end != value]


def _ratio_of_wilson(metric: Metric, value: float, limit: float, low: float, high: float) -> float | None:
    """Of an interval of a share: the independent items that clear the limit, by those that the interval shows."""
    scale = unit_of(metric.unit).high
    if not math.isfinite(scale):
        return None
    shown = [_independent(value / scale, end / scale) for end in _shown_ends(metric, value, limit, low, high)]
    return _independent(value / scale, limit / scale) / shown[0] if shown and 0 < limit < scale else None


def _independent(share: float, end: float) -> float:
    """Items whose score interval of a share ends there, up to the squared quantile."""
    return end * (1 - end) / (share - end) ** 2


def _quantile(freedom: float, confidence: float) -> float:
    """Student's quantile; the normal distribution's where no degree of freedom is left."""
    return critical(confidence, freedom) if freedom > 0 else NormalDist().inv_cdf((1 + confidence) / 2)


def exact_tail(metric: Metric, minimum: float | None, maximum: float | None, verdict: Verdict) -> float | None:
    """Greatest chance of so extreme a count if the verdict were wrong.

    Args:
        metric: A metric.
        minimum: Lowest value allowed.
        maximum: Highest value allowed.
        verdict: ``PASS``: the share lies in the range; ``FAIL``: it does not.

    Returns:
        The tail of the binomial distribution at the limit; None of a metric that is no share of independent items, or
        where no limit can be missed.
    """
    scale = _scale(metric)
    if scale is None or metric.value is None or verdict == "INCONCLUSIVE":
        return None
    share, n = metric.value / scale, metric.n
    exceeded, missed = (minimum, maximum) if verdict == "PASS" else (maximum, minimum)
    tails = [
        _tail(share, n, limit / scale, above=above)
        for limit, above in ((exceeded, True), (missed, False))
        if limit is not None and 0 < limit < scale
    ]
    if not tails:
        return None
    return max(tails) if verdict == "PASS" else min(tails)


def _exact_items_needed(metric: Metric, minimum: float | None, maximum: float | None) -> float:
    """Items at which the test decides if the share stays; 0 of a metric that is no share of independent items."""
    scale = _scale(metric)
    if scale is None or metric.value is None:
        return 0.0
    share = metric.value / scale
    limits = [one / scale for one in (minimum, maximum) if one is not None and 0 < one < scale]
    return max((_exact_items(share, limit, 1 - metric.confidence) for limit in limits if limit != share), default=0.0)


def _scale(metric: Metric) -> float | None:
    """What 1 is in the unit of a share of independent items; None of another metric, or of one without an interval."""
    unit = unit_of(metric.unit)
    is_share = metric.ci_method == SHARE and metric.ci_low is not None
    return unit.high if is_share and unit.low == 0 and math.isfinite(unit.high) else None


def _exact_items(share: float, limit: float, error: float) -> float:
    """The smallest number of items, by doubling and bisection: the tail falls with them."""
    high = 1.0
    while high < MOST_ITEMS and _tail(share, high, limit, above=share > limit) > error:
        high *= 2
    low = high / 2
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _tail(share, middle, limit, above=share > limit) > error else (low, middle)
    return high


def _tail(share: float, n: float, limit: float, *, above: bool) -> float:
    """Chance of a count at least as large, or as small, of n items with the limit as their true share.

    By the regularised incomplete beta function, which is that of the binomial distribution at whole counts.
    """
    from scipy.special import betainc  # noqa: PLC0415 - a sixth of a second to import

    count = share * n
    if above:
        return float(betainc(count, n - count + 1, limit)) if count > 0 else 1.0
    return float(betainc(n - count, count + 1, 1 - limit)) if count < n else 1.0
