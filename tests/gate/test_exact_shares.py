"""The exact binomial test of verdicts on shares, by enumeration of all counts."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import pytest

from audit.core.records import Metric
from audit.gate.exact_shares import items_needed, p_value
from audit.gate.judging import judge_interval, judge_rule
from audit.gate.measured import Measured
from audit.gate.policy import Policy, Rule
from audit.stats.interval import wilson

if TYPE_CHECKING:
    from audit.core.records import Verdict

LIMITS = (0.01, 0.05, 0.2, 0.5, 0.9, 0.99)


def chances(n: int, share: float) -> list[float]:
    """Of each count."""
    return [comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]


def a_share(count: int, n: int, unit: str = "share") -> Metric:
    found, scale = wilson(count, n), 100 if unit == "percent" else 1
    return Metric(
        name="t/m", suite="evals", task="t", metric="m", value=scale * count / n, n=n, unit=unit,
        ci_low=scale * found.low, ci_high=scale * found.high, ci_method=found.method, confidence=found.confidence,
    )  # fmt: skip


def by_interval(count: int, n: int, minimum: float | None, maximum: float | None) -> Verdict:
    found = wilson(count, n)
    return judge_interval(found.low, found.high, minimum, maximum)


def test_the_value_is_the_tail_of_the_binomial_distribution() -> None:
    tail = sum(chances(100, 0.01)[3:])
    assert round(tail, 3) == 0.079
    assert p_value(a_share(3, 100), None, 0.01, "FAIL") == pytest.approx(tail)
    assert p_value(a_share(3, 100, "percent"), None, 1.0, "FAIL") == pytest.approx(tail)
    assert p_value(a_share(0, 3), None, 0.5, "PASS") == pytest.approx(1 / 8)
    assert p_value(a_share(3, 3), 0.5, None, "PASS") == pytest.approx(1 / 8)
    assert p_value(a_share(3, 3), 0.5, 1.0, "PASS") == pytest.approx(1 / 8), "nothing lies beyond 1"
    assert p_value(a_share(2, 4), 0.1, 0.9, "PASS") == pytest.approx(sum(chances(4, 0.1)[2:]))
    assert p_value(a_share(2, 4), 0.0, 1.0, "PASS") is None
    assert p_value(a_share(2, 4), 0.1, 0.9, "INCONCLUSIVE") is None
    clustered = a_share(3, 100).model_copy(update={"ci_method": "wilson_clustered"})
    assert p_value(clustered, None, 0.01, "FAIL") is None
    assert items_needed(clustered, None, 0.01) == 0


def test_no_verdict_is_wrong_more_often_than_the_coverage_says() -> None:
    """Also of one item, and of rare events, where Wilson's interval alone errs in up to 21 % of all runs."""
    worst = {"by the interval": 0.0, "with the test": 0.0}
    for n in (1, 2, 3, 5, 10, 40, 100):
        for limit in LIMITS:
            for verdict, above in (("PASS", True), ("PASS", False), ("FAIL", True), ("FAIL", False)):
                ends = (limit, None) if above == (verdict == "PASS") else (None, limit)
                wrong = [k for k in range(n + 1) if by_interval(k, n, *ends) == verdict]
                kept = [k for k in wrong if (p_value(a_share(k, n), *ends, verdict) or 0.0) <= 0.05]
                at_limit = chances(n, limit)
                for name, counts in (("by the interval", wrong), ("with the test", kept)):
                    worst[name] = max(worst[name], sum(at_limit[k] for k in counts))
    assert worst["by the interval"] > 0.07
    assert worst["with the test"] <= 0.05


def test_a_rule_on_rare_events_fails_where_chance_does_not_explain_them() -> None:
    """Of 100 items, with a limit of 1 %: three of them are found in 7.9 % of all runs at the limit, four in 1.8 %."""
    for count, verdict, words in (
        (2, "INCONCLUSIVE", "spans the limit"),
        (3, "INCONCLUSIVE", "violates the rule, but so would 7.9 % of runs whose true value is the limit"),
        (4, "FAIL", "violates the rule"),
    ):
        metric, rule = a_share(count, 100), Rule(metric="t/m", max=0.01)
        found = judge_rule(rule, metric, Measured([metric]), Policy(rules=[rule]))
        assert found.verdict == verdict
        assert words in found.reason


def test_items_that_decide_lie_where_whole_counts_do() -> None:
    """Half of n items against a limit of 0.2: 8 items give a tail of 5.6 %, 10 of 3.3 %."""
    tails = {n: sum(chances(n, 0.2)[n // 2 :]) for n in (8, 10)}
    assert tails[8] > 0.05 > tails[10]
    assert 8 < items_needed(a_share(1, 2), None, 0.2) <= 10
    assert 8 < items_needed(a_share(1, 2), 0.8, None) <= 10, "the same from the other side"
    assert items_needed(a_share(1, 2), 0.0, 1.0) == 0
    assert items_needed(a_share(1, 2), 0.5, None) == 0, "no number would"
