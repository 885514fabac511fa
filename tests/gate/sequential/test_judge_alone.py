"""Rules on tasks that were looked at, without a folder: what is missing, few, or counted otherwise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.gate.measured import Measured
from audit.gate.policy import Policy, Rule
from audit.gate.sequential.claims import Claim
from audit.gate.sequential.judge import SequentialJudge, _claim
from audit.gate.sequential.looked import Looked
from audit.stats import definitions
from audit.stats.pairing.alignment import side
from tests.gate.rules.conftest import metrics_of, samples
from tests.gate.sequential.conftest import looks, money_above, shares
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import GateCheck, Metric, Sample

AT_END = "it is decided when all items of the task are there"
LOSS = {"no_worse_than_baseline": {"margin": 0.1}}


def baseline_of(before: Sequence[Sample], after: Sequence[Sample], own: Any = (0.9, 1.0)) -> Any:
    """A baseline with these samples, and the interval of its value."""

    def sides(metric: Metric) -> Any:
        definition = definitions.read(metric.definition or {})
        return tuple(side(definition, one, metric.slice, "run") for one in (before, after))

    asked: list[float] = []

    def own_interval(_: Metric, confidence: float) -> Any:
        asked.append(confidence)
        return own

    return SimpleNamespace(sides=sides, cut_items=lambda _: set(), own_interval=own_interval, asked=asked)


def judged(
    given: Sequence[Sample],
    rule: dict[str, Any],
    baseline: Any = None,
    metrics: Sequence[Metric] | None = None,
    most: int | None = 500,
    tests: int = 1,
    **policy: Any,
) -> GateCheck:
    """The check of a rule on accuracy, or on its first metric."""
    found = metrics_of("boolq", given) if metrics is None else metrics
    asked = Rule.model_validate({"metric": "boolq/accuracy", **rule})
    looked = Looked(a_manifest(looks=looks(len(given), most)), None)
    records: Any = SimpleNamespace(samples=lambda *_: given, of=lambda _: given)
    settings = Policy.model_validate({"rules": [asked.model_dump(exclude_none=True)], **policy})
    judge = SequentialJudge(looked, Measured(found), records, settings, baseline, "go on")
    return judge.check(asked, found[0], tests)


def test_cut_answers_of_another_number_of_items_wait() -> None:
    given = samples([1.0] * 20)
    count = next(one for one in metrics_of("boolq", given) if one.metric == "truncated_outputs")
    found = judged(given, {"max_truncated": 0.2}, metrics=[count.model_copy(update={"n": 40})])
    assert found.verdict == "INCONCLUSIVE"
    assert found.reason == f"cut answers are not counted by item: {AT_END}. Go on: go on"
    assert found.sequential is not None
    assert (found.sequential.confidence, found.sequential.items) == (pytest.approx(0.995), 0)


def test_without_a_baseline_or_its_interval_nothing_is_decided() -> None:
    given = samples([1.0] * 40)
    assert judged(given, LOSS).reason == f"there is no baseline: {AT_END}. Go on: go on"
    relative = {"no_worse_than_baseline": {"relative": 0.1}}
    found = judged(given, relative, baseline_of(given, given, (None, 1.0)))
    assert (found.verdict, found.reason) == (
        "INCONCLUSIVE",
        f"no interval of the baseline's value: {AT_END}. Go on: go on",
    )


def test_a_relative_margin_is_as_uncertain_as_the_baselines_value() -> None:
    """Half of the error each: the baseline's interval covers 99.75 %, and money of 800 decides."""
    given = samples([1.0] * 200)
    found, verdicts = [], []
    for share in (0.1, 0.05):
        rule = {"no_worse_than_baseline": {"relative": share}}
        before = baseline_of(given, given, (0.8, 1.0))
        found.append(judged(given, rule, before))
        verdicts.append("PASS" if money_above([0.0] * 200, -0.8 * share, -1) >= 800 else "INCONCLUSIVE")
        assert before.asked == [pytest.approx(0.9975)]
    assert [one.verdict for one in found] == verdicts == ["PASS", "INCONCLUSIVE"]
    compared = found[0].baseline
    assert compared is not None
    assert (compared.baseline_low, compared.baseline_high, compared.confidence) == (0.8, 1.0, pytest.approx(0.9975))


def test_few_items_of_both_runs_decide_nothing() -> None:
    before, after = samples([1.0] * 300), samples([1.0] * 295 + [None] * 5)
    settings = {"max_unscored": 0.5}
    found = judged(after, LOSS, baseline_of(before, after), min_aligned=0.98, **settings)
    assert found.verdict == "PASS"
    assert "also with 5 items without a value at their worst" in found.reason
    few = judged(after, LOSS, baseline_of(before, after), min_aligned=0.99, **settings)
    assert few.verdict == "INCONCLUSIVE"
    assert few.reason.startswith("only 295 of 300 items are scored in both runs (5 without a value in the candidate)")
    assert few.baseline is not None
    one = few.baseline.difference
    assert (one.n, one.units, one.aligned) == (295, 300, pytest.approx(295 / 300))
    assert (one.baseline, one.candidate, one.difference) == (1.0, 1.0, 0.0)


def test_no_common_item_has_no_difference() -> None:
    before, after = samples([None] * 10), samples([1.0] * 10)
    found = judged(after, LOSS, baseline_of(before, after), min_aligned=0.5)
    assert found.verdict == "INCONCLUSIVE"
    assert found.baseline is not None
    one = found.baseline.difference
    assert (one.baseline, one.candidate, one.difference, one.n, one.aligned) == (None, None, None, 0, 0.0)
    assert (one.ci_low, one.ci_high) == (-1, 1)


def test_a_pass_needs_the_number_of_unscored_samples() -> None:
    given = samples([1.0] * 100)
    accuracy = [one for one in metrics_of("boolq", given) if one.metric == "accuracy"]
    found = judged(given, {"min": 0.5}, metrics=accuracy)
    assert found.verdict == "INCONCLUSIVE"
    assert found.reason.startswith("boolq/unscored is missing, so the number of unscored samples is unknown")
    bad = samples([0.0] * 100)
    assert judged(bad, {"min": 0.5}, metrics=metrics_of("boolq", bad)[:1]).verdict == "FAIL"


def test_unscored_samples_of_a_rule_count_before_those_of_the_policy() -> None:
    values = [*shares(200, 200)]
    values[:2] = [None, None]
    given = samples(values)
    for own, policy, verdict in ((0.01, 0.0, "PASS"), (0.0, 0.5, "INCONCLUSIVE"), (None, 0.01, "PASS")):
        rule = {"min": 0.5} if own is None else {"min": 0.5, "max_unscored": own}
        assert judged(given, rule, max_unscored=policy).verdict == verdict


def test_a_metric_whose_lower_values_are_better() -> None:
    before, better, worse = (samples([value] * 100) for value in (0.5, 0.2, 0.8))
    for after, verdict in ((better, "PASS"), (worse, "FAIL")):
        metrics = metrics_of("boolq", after, higher_is_better=False)
        found = judged(after, {"better_than_baseline": True}, baseline_of(before, after), metrics=metrics)
        assert found.verdict == verdict
        loss = {"no_worse_than_baseline": {"margin": 0.25}}
        assert judged(after, loss, baseline_of(before, after), metrics=metrics).verdict == (
            "PASS" if verdict == "PASS" else "INCONCLUSIVE"
        )


def test_a_count_has_to_reach_its_limit() -> None:
    given = samples([1.0] * 20, cut=[1, 2])
    count = [one for one in metrics_of("boolq", given) if one.metric == "truncated_outputs"]
    for limits, verdict in (
        ({"min": 2}, "PASS"),
        ({"min": 3}, "INCONCLUSIVE"),
        ({"max": 2}, "INCONCLUSIVE"),
        ({"max": 1}, "FAIL"),
        ({"min": 1, "max": 5}, "INCONCLUSIVE"),
        ({"min": 1, "max": 1}, "FAIL"),
    ):
        assert judged(given, {"metric": "boolq/truncated_outputs", **limits}, metrics=count).verdict == verdict


@pytest.mark.parametrize(("cut", "verdict"), [([1], "FAIL"), ([], "INCONCLUSIVE")])
def test_where_no_answer_may_be_cut_one_is_a_violation(cut: list[int], verdict: str) -> None:
    given = samples([1.0] * 100, cut=cut)
    found = metrics_of("boolq", given)
    count = next(one for one in found if one.metric == "truncated_outputs")
    one = judged(given, {"max_truncated": 0.0}, metrics=[count, *found])
    assert (one.verdict, one.value, one.unit, one.higher_is_better) == (verdict, len(cut) / 100, "share", False)


@pytest.mark.parametrize(
    ("asked", "better", "own", "claim"),
    [
        ({"better_than_baseline": True}, True, (None, None), Claim(0.0, 0.0, above=True)),
        ({"better_than_baseline": True}, False, (None, None), Claim(0.0, 0.0, above=False)),
        (LOSS, True, (None, None), Claim(-0.1, -0.1, above=True)),
        (LOSS, False, (None, None), Claim(0.1, 0.1, above=False)),
        # A quarter of a value from 0.5 to 1: what passes clears the smaller margin, what fails the larger one.
        ({"no_worse_than_baseline": {"relative": 0.25}}, True, (0.5, 1.0), Claim(-0.125, -0.25, above=True)),
        ({"no_worse_than_baseline": {"relative": 0.25}}, False, (0.5, 1.0), Claim(0.125, 0.25, above=False)),
        ({"no_worse_than_baseline": {"relative": 0.25}}, True, (0.0, 0.5), Claim(0.0, -0.125, above=True)),
    ],
)
def test_what_a_rule_on_the_baseline_claims(asked: dict[str, Any], better: bool, own: Any, claim: Claim) -> None:
    rule = Rule.model_validate({"metric": "boolq/accuracy", **asked})
    metric = metrics_of("boolq", samples([1.0]), higher_is_better=better)[0]
    assert _claim(rule, metric, own) == claim
