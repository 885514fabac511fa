"""The last look: what a run of fixed size finds with a little more coverage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.records import SequentialCheck
from audit.gate.measured import Measured
from audit.gate.policy import Policy, Rule
from audit.gate.sequential.last_look import OPEN, LastLook
from tests.gate.rules.conftest import last, metrics_of, samples
from tests.gate.sequential.conftest import looks, shares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Decision, GateCheck, Metric, Sample
    from audit.core.run_folder import RunFolder

    Make = Callable[..., RunFolder]
    Judge = Callable[..., Decision]

RULES: list[dict[str, Any]] = [
    {"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.1}},
    {"metric": "boolq/accuracy", "no_worse_than_baseline": {"relative": 0.2}},
    {"metric": "boolq/accuracy", "better_than_baseline": True},
    {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 0.4}},
    {"metric": "boolq/accuracy", "max_truncated": 0.1},
    {"metric": "boolq/truncated_outputs", "max": 1},
]


def alone(
    rule: dict[str, Any],
    metrics: list[Metric],
    tests: int = 1,
    given: Sequence[Sample] = (),
    *,
    looked: bool = True,
    **policy: Any,
) -> GateCheck:
    """The last look at a metric, without a folder or baseline."""
    asked = Rule.model_validate(rule)
    records: Any = SimpleNamespace(of=lambda _: given, samples=lambda *_: given)
    look = LastLook(Measured(metrics), records, Policy(rules=[asked], **policy), None)
    return look.check(asked, metrics[0], tests, looked=looked)


def test_without_a_baseline_or_a_definition() -> None:
    metrics = [one.model_copy(update={"definition": None}) for one in metrics_of("boolq", samples(shares(10, 100)))]
    found = alone(RULES[0], metrics)
    assert (found.verdict, found.reason) == ("INCONCLUSIVE", "there is no baseline")
    assert found.sequential == SequentialCheck(confidence=0.955, last=True, tests=1)
    floor = alone({"metric": "boolq/accuracy", "min": 0.05}, metrics)
    assert (floor.ci_low, floor.ci_high) == (metrics[0].ci_low, metrics[0].ci_high)
    assert floor.verdict == "INCONCLUSIVE"
    assert floor.reason.startswith("its interval covers 95%, the policy asks for 96%")


@pytest.mark.parametrize(
    ("own", "of_policy", "looked", "coverage"),
    [(None, 0.95, True, 0.955), (0.9, 0.95, True, 0.91), (None, 0.9, False, 0.9), (0.8, 0.9, False, 0.8)],
)
def test_a_tenth_of_the_error_was_for_the_looks(
    own: float | None, of_policy: float, looked: bool, coverage: float
) -> None:
    given = samples(shares(73, 100))
    rule = {"metric": "boolq/accuracy", "min": 0.6, "confidence": own}
    found = alone(rule, metrics_of("boolq", given), given=given, looked=looked, confidence=of_policy)
    assert found.sequential is not None
    assert (found.sequential.confidence, found.sequential.last) == (pytest.approx(coverage), True)
    ends = proportion_confint(73, 100, alpha=1 - coverage, method="wilson")
    assert (found.ci_low, found.ci_high) == pytest.approx(ends, abs=1e-9)
    assert found.confidence == own


def test_a_violation_has_to_hold_for_all_rules_of_its_family() -> None:
    """Of 73 of 100 at most so many that 95.5 % violate it, and 98.5 % (three rules) do not."""
    given = samples(shares(73, 100))
    metrics = metrics_of("boolq", given)
    low, of_two, lower = (
        proportion_confint(73, 100, alpha=alpha, method="wilson")[0] for alpha in (0.045, 0.0225, 0.015)
    )
    for most, tests, verdict in (
        ((low + lower) / 2, 1, "FAIL"),
        ((low + of_two) / 2, 2, "INCONCLUSIVE"),
        ((lower + of_two) / 2, 2, "FAIL"),
        ((lower + of_two) / 2, 3, "INCONCLUSIVE"),
        ((low + lower) / 2, 3, "INCONCLUSIVE"),
        (lower - 0.001, 3, "FAIL"),
        (low + 0.001, 3, "INCONCLUSIVE"),
    ):
        found = alone({"metric": "boolq/accuracy", "max": most}, metrics, tests, given)
        assert (found.verdict, found.ci_low) == (verdict, pytest.approx(low, abs=1e-9))
        assert found.sequential is not None
        assert (found.sequential.confidence, found.sequential.tests) == (pytest.approx(0.955), tests)
        assert ("with the 98.5 % that 3 rules ask for" in found.reason) == (tests == 3 and low > most > lower)
    passed = alone({"metric": "boolq/accuracy", "max": 0.9}, metrics, 3, given)
    assert passed.verdict == "PASS"


def test_cut_answers_count_as_wrong_with_the_wider_interval() -> None:
    """85 of 100 are right, 5 of them cut: the floor has to hold for 80, with 95.5 % and not with 95 %."""
    given = samples([1.0] * 85 + [0.0] * 15, cut=range(5))
    metrics = metrics_of("boolq", given)
    low, narrow = (proportion_confint(80, 100, alpha=alpha, method="wilson")[0] for alpha in (0.045, 0.05))
    for least, verdict in ((low - 0.001, "PASS"), ((low + narrow) / 2, "INCONCLUSIVE"), (0.75, "INCONCLUSIVE")):
        found = alone({"metric": "boolq/accuracy", "min": least}, metrics, given=given)
        assert found.verdict == verdict, least
    assert proportion_confint(85, 100, alpha=0.045, method="wilson")[0] > 0.75


def test_an_open_rule_says_that_more_items_do_not_decide_it() -> None:
    given = samples([1.0, 1.0, 0.0, 0.0] * 25)
    metrics = metrics_of("boolq", given)
    for rule in ({"min": 0.45}, {"max_gap": {"slice": "half", "value": 0.1}}):
        found = alone({"metric": "boolq/accuracy", **rule}, metrics, given=given)
        assert (found.verdict, found.reason.endswith(OPEN)) == ("INCONCLUSIVE", True)


@pytest.mark.parametrize("rule", [{"max_truncated": 0.3}, {"max_gap": {"slice": "half", "value": 0.5}}], ids=str)
def test_unscored_samples_of_a_rule_count_before_those_of_the_policy(rule: dict[str, Any]) -> None:
    given = samples([*[1.0, 1.0, 0.0, 0.0] * 74, None, None, None, None])
    metrics = metrics_of("boolq", given)
    for own, of_policy, verdict in ((0.02, 0.0, "PASS"), (0.0, 0.02, "INCONCLUSIVE"), (None, 0.02, "PASS")):
        asked = {"metric": "boolq/accuracy", **rule, "max_unscored": own}
        first = (
            metrics if "max_gap" in rule else [one for one in metrics if one.metric == "truncated_outputs"] + metrics
        )
        found = alone(asked, first, given=given, max_unscored=of_policy)
        assert (found.verdict, found.sequential) == (verdict, SequentialCheck(confidence=0.955, last=True, tests=1))


def test_a_violation_beyond_doubt_counts_among_many_rules(make: Make, judge: Judge) -> None:
    given = {task: samples([0.0] * 60 + [1.0] * 40, task) for task in ("boolq", "asdiv")}
    base = make("base", {task: samples([1.0] * 100, task) for task in given})
    run = make("run", given, looks=looks(100, 100, "boolq"))
    rule = {"metric": "asdiv/accuracy", "no_worse_than_baseline": {"margin": 0.05}}
    found = judge(run, base, rule, RULES[0]).checks[1]
    assert (found.verdict, found.sequential) == ("FAIL", SequentialCheck(confidence=0.95, last=True, tests=2))


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_it_is_judged_as_with_95_5_percent(make: Make, judge: Judge, rule: dict[str, Any]) -> None:
    before, after = shares(70, 100), shares(73, 100)
    fixed, looked = (
        make("fixed", samples(after, cut=[1])),
        make("looked", samples(after, cut=[1]), looks=looks(100, 100)),
    )
    base = make("base", samples(before))
    expected = last(judge(fixed, base, {**rule, "confidence": 0.955}))
    found = last(judge(looked, base, rule))
    early = found.sequential is not None and not found.sequential.last
    assert found.verdict == expected.verdict, expected.reason
    if not early:
        assert (found.value, found.ci_low, found.ci_high) == (expected.value, expected.ci_low, expected.ci_high)
        assert found.baseline == expected.baseline
        assert found.confidence is None


@pytest.mark.parametrize(
    ("limits", "verdict"), [({"min": 0.6}, "PASS"), ({"max": 0.6}, "FAIL"), ({"min": 0.66}, "INCONCLUSIVE")]
)
def test_a_range_is_judged_by_the_interval_of_statsmodels(
    make: Make, judge: Judge, limits: dict[str, float], verdict: str
) -> None:
    run = make("run", samples(shares(73, 100)), looks=looks(100, 100))
    found = last(judge(run, None, {"metric": "boolq/accuracy", **limits}))
    ends = proportion_confint(73, 100, alpha=0.045, method="wilson")
    assert found.verdict == verdict
    assert (found.ci_low, found.ci_high) == pytest.approx(ends, abs=1e-9)


@pytest.mark.slow
def test_a_violation_that_one_of_several_rules_shows_by_chance_stays_open(make: Make, judge: Judge) -> None:
    worse = [0.0 if place < 14 else 1.0 for place in range(100)]
    base = make("base", {task: samples([1.0] * 100, task) for task in ("boolq", "asdiv")})
    given = {"boolq": samples(worse), "asdiv": samples([1.0] * 100, "asdiv")}
    run = make("run", given, looks=looks(100, 100, "boolq", "asdiv"))
    rule = {"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.08}}
    others = [
        {"metric": "asdiv/accuracy", "no_worse_than_baseline": {"margin": 0.1 + part}} for part in (0.1, 0.2, 0.3)
    ]
    assert last(judge(run, base, rule)).verdict == "FAIL"
    found = judge(run, base, rule, *others).checks[1]
    assert found.verdict == "INCONCLUSIVE"
    assert "by itself, but not with the 98.88 % that 4 rules ask for" in found.reason
