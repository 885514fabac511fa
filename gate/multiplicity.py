"""Rules on several slices of one metric: the more slices, the likelier one of them violates by chance.

That all of them pass needs no adjustment: each is asked for by itself (Berger 1982, "Multiparameter hypothesis testing
and acceptance sampling", Technometrics 24). That any of them fails does: violations are Holm-adjusted (Holm 1979,
"A simple sequentially rejective multiple test procedure", Scand J Stat 6), with p-values read from the intervals
(Altman and Bland 2011, "How to obtain the P value from a confidence interval", BMJ 343:d2304).
"""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import NormalDist
from typing import TYPE_CHECKING

from audit.gate.advice import MORE
from audit.gate.settling import exact_tail
from audit.stats.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import GateCheck, Metric
    from audit.gate.policy import Rule

Judged = tuple["Rule", "Metric | None", "GateCheck"]
"""A rule, its metric where the run has it, and the verdict on it alone."""


def adjusted(
    judged: Sequence[Judged], confidence: float, advice: Callable[[Metric, float], str] = lambda *_: MORE
) -> list[GateCheck]:
    """The checks, where a violation that several slices of one metric make likely is INCONCLUSIVE.

    A slice without an interval is no comparison that could violate by chance: it does not count. Neither do rules on a
    baseline, which are a family by themselves (:mod:`audit.gate.rules.family`).

    Args:
        judged: Every rule of the policy.
        confidence: Of the policy: a violation counts up to a p-value of 1 − confidence.
        advice: What would make the squared width of a metric's interval smaller by a ratio.
    """
    families: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, (rule, metric, _) in enumerate(judged):
        known = metric is not None and None not in (metric.value, metric.ci_low, metric.ci_high)
        if rule.kind == "range" and rule.slice and known:
            families[rule.metric][rule.target].append(index)
    checks = [check for _, _, check in judged]
    for slices in families.values():
        # Several rules on one slice (a floor and a ceiling) are one comparison: its strongest violation counts.
        alone = [min(_p_value(*judged[index]) for index in members) for members in slices.values()]
        for members, first, p in zip(slices.values(), alone, holm(alone), strict=True):
            for index in members:
                if checks[index].verdict == "FAIL" and p > 1 - confidence and len(slices) > 1:
                    found = judged[index][1]
                    todo = advice(found, _shrinking(first, p, confidence)) if found and first > 0 else MORE
                    checks[index] = _not_shown(checks[index], len(slices), judged[index][0].metric, p, todo)
    return checks


def p_value(low: float, value: float, high: float, confidence: float, *, limit: float) -> float:
    """Two-sided p-value of a value being equal to a limit, from its confidence interval.

    The distance to the limit in standard errors, one of which is the half of the interval on the limit's side over
    the normal quantile of its coverage; half of the whole where the value lies outside its own interval.

    Args:
        low: Lower end.
        value: Point estimate.
        high: Upper end.
        confidence: Nominal coverage of the interval.
        limit: What the value is compared with.
    """
    side = high - value if limit > value else value - low
    half = side if side > 0 else (high - low) / 2
    if half <= 0:
        return 0.0 if value != limit else 1.0
    normal = NormalDist()
    error = half / normal.inv_cdf((1 + confidence) / 2)
    return 2 * normal.cdf(-abs(value - limit) / error)


def _p_value(rule: Rule, metric: Metric | None, check: GateCheck) -> float:
    """Of a violation of the rule; 1 where there is none."""
    low, value, high = check.ci_low, check.value, check.ci_high
    if metric is None or low is None or value is None or high is None:
        return 1.0
    if rule.min is not None and value < rule.min:
        limit = rule.min
    elif rule.max is not None and value > rule.max:
        limit = rule.max
    else:
        return 1.0
    found = p_value(low, value, high, metric.confidence, limit=limit)
    exact = exact_tail(metric, rule.min, rule.max, "FAIL")  # a share has to pass both tests
    return max(found, exact or 0.0) if math.isfinite(found) else 1.0


def _shrinking(p: float, adjusted_p: float, confidence: float) -> float:
    """By how much the squared width of an interval has to shrink for its adjusted p-value to count."""
    if p >= 1:  # the value is as good as on the limit
        return math.inf
    normal = NormalDist()
    wanted = (1 - confidence) * p / adjusted_p
    return (normal.inv_cdf(wanted / 2) / normal.inv_cdf(p / 2)) ** 2


def _not_shown(check: GateCheck, count: int, metric: str, p: float, todo: str) -> GateCheck:
    """A violation that one of so many slices shows by chance too often."""
    reason = (
        f"{check.reason} on its own, but the policy has rules on {count} slices of {metric}: "
        f"Holm-adjusted p = {p:.2g}: {todo}"
    )
    return check.model_copy(update={"verdict": "INCONCLUSIVE", "reason": reason})
