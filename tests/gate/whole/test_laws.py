"""Laws of the gate, for any metric and rule: less knowledge never makes a rule pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from audit.core.records import Metric
from audit.core.units import UNITS, unit_of
from audit.gate.decide import overall
from audit.gate.judging import judge_rule
from audit.gate.measured import Measured
from audit.gate.multiplicity import adjusted
from audit.gate.policy import Policy, Rule

WIDTHS = st.floats(0, 3, allow_nan=False)
LIMITS = st.none() | st.floats(-2, 2, allow_nan=False)
LAW = settings(deadline=None, max_examples=100)


def a_metric(name: str = "t/m", **fields: Any) -> Metric:
    task, _, metric = name.rpartition("/")
    given: dict[str, Any] = {"name": name, "suite": "evals", "task": task, "metric": metric, "ci_method": "wilson"}
    return Metric(**(given | fields))


@st.composite
def metrics(draw: st.DrawFn, **fields: Any) -> Metric:
    """A metric whose interval holds its value, in a unit with bounds or without, mean of its items or not."""
    unit = unit_of(draw(st.sampled_from(sorted(UNITS))))
    value = draw(st.floats(max(unit.low, -2), min(unit.high, 2)))
    bare = unit.name == "count" and draw(st.booleans())
    return a_metric(
        value=value,
        unit=unit.name,
        n=draw(st.integers(1, 50)),
        ci_low=None if bare else value - draw(WIDTHS),
        ci_high=None if bare else value + draw(WIDTHS),
        missing=draw(st.integers(0, 2)),
        definition=draw(st.sampled_from([None, {"name": "mean"}])),
        **fields,
    )


@st.composite
def rules(draw: st.DrawFn, **fields: Any) -> Rule:
    low, high = draw(LIMITS), draw(LIMITS)
    assume((low is not None or high is not None) and (low is None or high is None or low <= high))
    return Rule(metric="t/m", min=low, max=high, **fields)


def unscored(count: int, n: int) -> Metric:
    return a_metric("t/unscored", value=float(count), unit="count", n=n, higher_is_better=False, ci_method=None)


def wider(metric: Metric, below: float, above: float) -> Metric:
    assert metric.ci_low is not None
    assert metric.ci_high is not None
    return metric.model_copy(update={"ci_low": metric.ci_low - below, "ci_high": metric.ci_high + above})


def verdict(rule: Rule, metric: Metric, count: Metric, tolerance: float) -> str:
    policy = Policy(rules=[rule], max_unscored=tolerance)
    return judge_rule(rule, metric, Measured([metric, count]), policy).verdict


@pytest.mark.slow
@LAW
@given(rule=rules(), metric=metrics(), below=WIDTHS, above=WIDTHS, lost=st.integers(0, 3), tolerance=st.floats(0, 0.5))
def test_widening_an_interval_makes_nothing_pass(
    rule: Rule, metric: Metric, below: float, above: float, lost: int, tolerance: float
) -> None:
    assume(metric.ci_low is not None)
    count = unscored(lost, metric.n + lost)
    before = verdict(rule, metric, count, tolerance)
    after = verdict(rule, wider(metric, below, above), count, tolerance)
    assert after != "PASS" or before == "PASS"
    assert after != "FAIL" or before == "FAIL"


@pytest.mark.slow
@LAW
@given(rule=rules(), metric=metrics(), lost=st.integers(0, 5), tolerance=st.floats(0, 0.5))
def test_an_unscored_sample_more_makes_nothing_pass(rule: Rule, metric: Metric, lost: int, tolerance: float) -> None:
    before = verdict(rule, metric, unscored(lost, metric.n + lost), tolerance)
    after = verdict(rule, metric, unscored(lost + 1, metric.n + lost + 1), tolerance)
    assert after != "PASS" or before == "PASS"
    assert (after == "FAIL") == (before == "FAIL")


@pytest.mark.slow
@LAW
@given(
    pairs=st.lists(st.tuples(rules(), metrics()), min_size=2, max_size=4),
    confidence=st.sampled_from((0.9, 0.95)),
    below=WIDTHS,
    above=WIDTHS,
)
def test_widening_one_of_several_slices_makes_no_policy_pass(
    pairs: list[tuple[Rule, Metric]], confidence: float, below: float, above: float
) -> None:
    assume(pairs[0][1].ci_low is not None)
    sliced = [
        (rule.model_copy(update={"slice": {"by": str(place)}}), metric.model_copy(update={"slice": {"by": str(place)}}))
        for place, (rule, metric) in enumerate(pairs)
    ]
    (rule, first), others = sliced[0], sliced[1:]

    def verdicts(parts: list[tuple[Rule, Metric]]) -> list[str]:
        measured = Measured([*(metric for _, metric in parts), unscored(0, 100)])
        policy = Policy(rules=[one for one, _ in parts], confidence=confidence)
        judged = [(one, metric, judge_rule(one, metric, measured, policy)) for one, metric in parts]
        return [check.verdict for check in adjusted(judged, confidence)]

    before, after = verdicts(sliced), verdicts([(rule, wider(first, below, above)), *others])
    assert all(late != "PASS" or early == "PASS" for early, late in zip(before, after, strict=True))
    assert overall(after) != "PASS" or overall(before) == "PASS"  # type: ignore[arg-type] # verdicts


@pytest.mark.slow
@LAW
@given(rule=rules(), metric=metrics(), tolerance=st.floats(0, 0.5))
def test_what_has_no_value_or_no_count_of_the_unscored_never_passes(
    rule: Rule, metric: Metric, tolerance: float
) -> None:
    broken = metric.model_copy(update={"value": None, "ci_low": None, "ci_high": None, "error": "lost"})
    assert verdict(rule, broken, unscored(0, 100), tolerance) == "INCONCLUSIVE"
    alone = judge_rule(rule, metric, Measured([metric]), Policy(rules=[rule], max_unscored=tolerance))
    assert alone.verdict != "PASS"
