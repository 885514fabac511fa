"""Holm's procedure over all rules on a baseline, against p-values computed by the intervals' own function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests

from audit.core.records import BaselineComparison, Metric, MetricDifference
from audit.gate import decisions
from audit.gate.judging import check as check_of
from audit.gate.metrics_file import read_metrics
from audit.gate.policy import Rule
from audit.gate.rules.differences import gain_of
from audit.gate.rules.family import Compared, holm
from audit.stats.pairing.tango import tango
from tests.gate.rules.conftest import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

BEFORE = [1.0] * 100
LOST = (4, 6, 8, 9, 10, 12, 30, 0, 0, 0)
"""Items of 100 that each task lost."""


@pytest.mark.slow
@pytest.mark.parametrize(("rules", "repeats"), [(5, 400), (20, 200), (50, 100)])
def test_equal_checkpoints_fail_rarely_however_many_rules_there_are(rules: int, repeats: int) -> None:
    """A/A: 300 items of which one in five changes at random. Any FAIL in a policy counts; nominal are 2.5 %."""
    draw = np.random.default_rng(rules)
    found = 0
    for _ in range(repeats):
        up = draw.binomial(60, 0.5, rules)
        counts = {f"t{place}/a": (int(one), 60 - int(one)) for place, one in enumerate(up)}
        family = [compared(name, *pair) for name, pair in counts.items()]
        checks = holm(family, lambda one, level: comparison(*counts[one.metric.name], level), lambda *_: "")  # noqa: B023
        found += any(check.verdict == "FAIL" for check in checks)
    # At a rate of 5 % so many occur in one of 1,000 simulations at most.
    assert found <= binom.ppf(0.999, repeats, 0.05)


def p_value(lost: int) -> float:
    """The smallest 1 − coverage whose interval lies below 0."""
    return float(brentq(lambda alpha: tango(0, lost, 100, 1 - alpha).high, 1e-12, 1 - 1e-6))


def comparison(better: int, worse: int, confidence: float) -> BaselineComparison:
    """Of 300 items."""
    ends = tango(better, worse, 300, confidence)
    difference = MetricDifference(
        name="t/a", suite="evals", task="t", unit="share", higher_is_better=True, n=300, aligned=1.0, units=300,
        difference=(better - worse) / 300, baseline=0.5, candidate=0.5 + (better - worse) / 300,
        ci_low=ends.low, ci_high=ends.high, ci_method="tango", confidence=confidence,
    )  # fmt: skip
    return BaselineComparison(confidence=confidence, difference=difference)


def compared(name: str, better: int, worse: int) -> Compared:
    """A rule that asks for an improvement, judged by itself."""
    rule = Rule(metric=name, better_than_baseline=True)
    metric = Metric(name=name, suite="evals", task=name[:-2], metric="a", value=0.5, n=300)
    found = comparison(better, worse, 0.95)
    gain = gain_of(rule, found)
    assert gain is not None
    check = check_of(rule, metric, gain.verdict, "").model_copy(update={"baseline": found})
    return Compared(rule, metric, check)


def runs(make: Callable[..., RunFolder]) -> tuple[RunFolder, RunFolder]:
    tasks = [f"task{place}" for place in range(len(LOST))]
    after = {task: samples([0.0] * lost + [1.0] * (100 - lost), task) for task, lost in zip(tasks, LOST, strict=True)}
    return make("b", after), make("a", {task: samples(BEFORE, task) for task in tasks})


def test_violations_are_those_of_holm(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    pair = runs(make)
    decision = judge(*pair, {"metric": "task*/accuracy", "better_than_baseline": True})
    alone = [p_value(lost) if lost else 1.0 for lost in LOST]
    rejected = multipletests(alone, alpha=0.05, method="holm")[0]
    assert 0 < rejected.sum() < np.sum(np.array(alone) <= 0.05)
    found = [check.verdict == "FAIL" for check in decision.checks[1:]]
    assert found == list(rejected)
    softened = [check for check in decision.checks if "Holm's procedure" in check.reason and check.verdict != "FAIL"]
    assert len(softened) == np.sum(np.array(alone) <= 0.05) - rejected.sum()


@pytest.mark.parametrize(("severity", "verdict"), [("warn", "FAIL"), ("block", "INCONCLUSIVE")])
def test_warnings_are_no_part_of_the_family(
    severity: str, verdict: str, make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """Six of 100 items lost: below 5 % alone (p = 0.014), not among ten."""
    others: dict[str, Any] = {"metric": "task*/accuracy", "better_than_baseline": True, "severity": severity}
    decision = judge(*runs(make), {"metric": "task1/accuracy", "better_than_baseline": True}, others)
    assert decision.checks[1].verdict == verdict
    warned = [check for check in decision.checks if check.severity == "warn"]
    assert all(check.adjusted is None for check in warned)


@pytest.mark.parametrize("other", [{"no_worse_than_baseline": {"margin": 0.01}}, {"max": 0.9}])
def test_losses_in_slices_are_violations(
    other: dict[str, Any], make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """Every item was lost: no number of rules on slices makes that a matter of chance."""
    pair = make("b", samples([0.0] * 100)), make("a", samples(BEFORE))
    first = {"metric": "boolq/accuracy", "slice": {"half": "a"}, "no_worse_than_baseline": {"margin": 0.01}}
    decision = judge(*pair, first, {"metric": "boolq/accuracy", "slice": {"half": "b"}, **other})
    assert decision.checks[1].verdict == decision.verdict == "FAIL"
    manifest = pair[0].read_manifest()
    pair[0].write_decision(decision)
    assert decisions.current(pair[0], manifest, *read_metrics(pair[0], manifest)) == (decision, None)


@pytest.mark.slow
def test_decisions_that_share_an_error_get_equal_parts_of_it(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """Holm at 5 % divided by their number."""
    pair, over = runs(make), 100
    decision = judge(*pair, {"metric": "task*/accuracy", "better_than_baseline": True}, share_error_over=over)
    rejected = multipletests([p_value(lost) if lost else 1.0 for lost in LOST], alpha=0.05 / over, method="holm")[0]
    assert [check.verdict == "FAIL" for check in decision.checks[1:]] == list(rejected)
    assert 0 < rejected.sum() < len(LOST)
    said = f"asks for among 10 rules in each of {over:,} decisions"
    assert all(said in check.reason for check in decision.checks if check.adjusted)
    assert decision.share_error_over == over
    manifest = pair[0].read_manifest()
    pair[0].write_decision(decision)
    assert decisions.current(pair[0], manifest, *read_metrics(pair[0], manifest)) == (decision, None)
    pair[0].write_decision(decision.model_copy(update={"share_error_over": 1}))
    assert decisions.current(pair[0], manifest, *read_metrics(pair[0], manifest))[0] is None


def test_a_single_rule_shares_its_error_too() -> None:
    """12 of 300 items lost: p = 0.0005, enough for one night and not for one of 100; 30 are."""
    for lost, verdict in ((12, "INCONCLUSIVE"), (30, "FAIL")):
        one = compared("t/a", 0, lost)
        assert one.check.verdict == "FAIL"
        (check,) = holm([one], lambda _, level: comparison(0, lost, level), lambda *_: "", 100)  # noqa: B023
        assert check.verdict == verdict
        assert check.adjusted is not None
        assert check.adjusted.confidence == pytest.approx(0.9995)
        assert "asks for among 1 rule in each of 100 decisions" in check.reason
