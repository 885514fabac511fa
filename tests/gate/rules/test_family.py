"""Holm's procedure over all rules on a baseline, against p-values computed by the intervals' own function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom, norm
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


@pytest.mark.slow
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


def of_normal(z: float, confidence: float, **changes: Any) -> BaselineComparison:
    """A loss of so many standard errors."""
    half = float(norm.ppf((1 + confidence) / 2))
    found = comparison(0, 0, 0.95)
    ends = {"difference": -z, "ci_low": -z - half, "ci_high": -z + half, "confidence": confidence, **changes}
    return BaselineComparison(confidence=confidence, difference=found.difference.model_copy(update=ends))


def member(z: float, place: int, severity: Any = "block", confidence: float = 0.95, **changes: Any) -> Compared:
    rule = Rule(metric=f"t{place}/a", better_than_baseline=True, severity=severity)
    metric = Metric(name=rule.metric, suite="evals", task=rule.task, metric="a", value=0.5, n=300)
    found = of_normal(z, confidence, **changes)
    gain = gain_of(rule, found)
    check = check_of(rule, metric, gain.verdict if gain else "INCONCLUSIVE", f"z {z}")
    return Compared(rule, metric, check.model_copy(update={"baseline": found}))


LOSSES = (2.2, 3.4, 0.0, 2.9, 2.1, 2.6, 1.9, -4.0)


def test_violations_are_stepped_down_as_in_statsmodels() -> None:
    """Members of the family are blocking rules with an interval; the other three are judged alone."""
    family = [member(z, place) for place, z in enumerate(LOSSES)]
    alone = [member(2.5, 100, severity="warn"), member(2.5, 101, ci_low=None), Compared(
        family[0].rule, family[0].metric, family[0].check.model_copy(update={"baseline": None})
    )]  # fmt: skip
    asked: list[tuple[str, float]] = []

    def again(one: Compared, confidence: float) -> BaselineComparison:
        asked.append((one.rule.metric, round(1 - confidence, 6)))
        return of_normal(LOSSES[int(one.rule.task[1:])], confidence)

    given: list[Any] = []
    checks = holm([alone[0], *family, *alone[1:]], again, lambda *words: given.append(words) or "!")
    # An improvement is no violation: its p-value is that of a loss.
    p_values = [2 * norm.sf(z) if z > 0 else 1.0 for z in LOSSES]
    rejected = multipletests(p_values, alpha=0.05, method="holm")[0]
    assert list(rejected) == [False, True, False, True, False, False, False, False]
    assert [one.verdict == "FAIL" for one in checks[1:9]] == list(rejected)
    assert [one.verdict for one in checks[1:9]].count("INCONCLUSIVE") == 5
    assert [checks[0], *checks[9:]] == [one.check for one in alone]
    open_ = ("t0/a", "t1/a", "t3/a", "t4/a", "t5/a")
    left = ("t0/a", "t4/a", "t5/a")
    assert asked == [
        *((name, 0.00625) for name in open_),
        *((name, round(0.05 / 6, 6)) for name in left),
    ]
    shown = checks[4]
    assert shown.reason == "z 2.9, also with 99.38 % coverage, which Holm's procedure asks for among 8 rules"
    assert shown.adjusted == of_normal(2.9, 1 - 0.05 / 8)
    softened, level = checks[6], 1 - 0.05 / 6
    assert softened.adjusted is not None
    assert softened.adjusted.confidence == pytest.approx(level)
    assert softened.reason.startswith(
        "z 2.6 by itself, but with the coverage that Holm's procedure asks for among 8 rules, "
    )
    assert "difference −2.600 (99.17 % interval −5.2" in softened.reason
    assert softened.reason.endswith(" does not: !")
    assert [(rule.metric, metric.name, found.confidence, gain.value) for rule, metric, found, gain in given] == [
        (name, name, pytest.approx(level), -z) for name, z in zip(left, (2.2, 2.1, 2.6), strict=True)
    ]


def test_a_rule_alone_needs_no_adjustment() -> None:
    lone = [member(2.0, 0), member(2.0, 1, severity="warn")]
    assert holm(lone, lambda *_: None, lambda *_: "!") == [one.check for one in lone]
    assert holm([], lambda *_: None, lambda *_: "!") == []


def test_two_are_a_family_and_each_has_its_own_coverage() -> None:
    """Of two rules the first needs half of its own error, the second all of it."""
    pair = [member(2.0, 0, confidence=0.8), member(3.0, 1, confidence=0.9)]
    asked: list[float] = []

    def again(one: Compared, confidence: float) -> BaselineComparison:
        asked.append(round(confidence, 9))
        return of_normal(2.0 if one is pair[0] else 3.0, confidence)

    assert [one.verdict for one in holm(pair, again, lambda *_: "!")] == ["FAIL", "FAIL"]
    assert asked == [0.9, 0.95]


def test_what_cannot_be_compared_again_is_not_shown() -> None:
    pair = [member(5.0, 0), member(5.0, 1)]
    for again, end in (
        (None, ""),
        (of_normal(5.0, 0.975, ci_low=None), ", difference −5.000 (97.5 % interval —) does not"),
    ):
        checks = holm(pair, lambda *_, found=again: found, lambda *_: "!")  # type: ignore[misc]
        assert [(one.verdict, one.adjusted) for one in checks] == [("INCONCLUSIVE", again)] * 2
        said = "z 5.0 by itself, but with the coverage that Holm's procedure asks for among 2 rules"
        assert [one.reason for one in checks] == [f"{said}{end}"] * 2
