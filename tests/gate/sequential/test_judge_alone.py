"""Rules on tasks that were looked at, without a folder: what is missing, few, or counted otherwise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.formatting import interval
from audit.core.records import SequentialCheck
from audit.gate.measured import Measured
from audit.gate.policy import Policy, Rule
from audit.gate.rules.differences import shown
from audit.gate.sequential.judge import SequentialJudge
from audit.gate.sequential.looked import Looked
from audit.stats import definitions
from audit.stats.definitions import Mean
from audit.stats.pairing.alignment import side
from tests.gate.rules.conftest import metrics_of, samples
from tests.gate.sequential.conftest import in_clusters, in_units, looks, money_above, shares
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import GateCheck, Metric, Sample

AT_END = "it is decided when all items of the task are there"
LOSS = {"no_worse_than_baseline": {"margin": 0.1}}


def baseline_of(
    before: Sequence[Sample], after: Sequence[Sample], own: Any = (0.9, 1.0), cut: Sequence[str] = ()
) -> Any:
    """A baseline with these samples, the interval of its value, and the items whose answers were cut in either run."""

    def sides(metric: Metric) -> Any:
        definition = definitions.read(metric.definition or {})
        return tuple(side(definition, one, metric.slice, "run") for one in (before, after))

    asked: list[float] = []

    def own_interval(_: Metric, confidence: float) -> Any:
        asked.append(confidence)
        return own

    return SimpleNamespace(sides=sides, cut_items=lambda _: {*cut}, own_interval=own_interval, asked=asked)


def judged(
    given: Sequence[Sample],
    rule: dict[str, Any],
    baseline: Any = None,
    metrics: Sequence[Metric] | None = None,
    most: int | None = 500,
    tests: int = 1,
    largest: int | None = None,
    **policy: Any,
) -> GateCheck:
    """The check of a rule on accuracy, or on its first metric."""
    found = metrics_of("boolq", given) if metrics is None else metrics
    asked = Rule.model_validate({"metric": "boolq/accuracy", **rule})
    looked = Looked(a_manifest(looks=looks(len(given) or 1, most, largest=largest)), None)
    records: Any = SimpleNamespace(samples=lambda *key: {("evals", "boolq"): given}[key], of=lambda _: given)
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
    empty = judged([], LOSS, baseline_of(before, []), metrics=metrics_of("boolq", after)).baseline
    assert empty is not None
    assert (empty.difference.n, empty.difference.units, empty.difference.aligned) == (0, 0, 0.0)


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
        found = judged(given, {"metric": "boolq/truncated_outputs", **limits}, metrics=count)
        assert (found.verdict, found.sequential) == (verdict, SequentialCheck(confidence=0.995, last=False, tests=1))
        assert verdict == "INCONCLUSIVE" or found.reason.startswith("2 of 20 items so far ")
    none = [one for one in metrics_of("boolq", samples([1.0])) if one.metric == "truncated_outputs"]
    assert judged(given, {"metric": "boolq/truncated_outputs", "max": 0}, metrics=none).verdict == "INCONCLUSIVE"


@pytest.mark.parametrize(("cut", "verdict"), [([1], "FAIL"), ([], "INCONCLUSIVE")])
def test_where_no_answer_may_be_cut_one_is_a_violation(cut: list[int], verdict: str) -> None:
    given = samples([1.0] * 100, cut=cut)
    found = metrics_of("boolq", given)
    count = next(one for one in found if one.metric == "truncated_outputs")
    one = judged(given, {"max_truncated": 0.0}, metrics=[count, *found])
    assert (one.verdict, one.value, one.unit, one.higher_is_better) == (verdict, len(cut) / 100, "share", False)
    alone = samples([1.0], cut=[0])
    count = next(one for one in metrics_of("boolq", alone) if one.metric == "truncated_outputs")
    assert judged(alone, {"max_truncated": 0.5}, metrics=[count]).value == 1.0


def test_what_the_items_have_decided_needs_no_last_look() -> None:
    found = judged(samples([1.0] * 100), {"min": 0.5}, most=100)
    assert (found.verdict, found.sequential) == (
        "PASS",
        SequentialCheck(confidence=0.995, last=False, tests=1, items=100),
    )
    waits = judged(samples([1.0] * 100), {"max_gap": {"slice": "half", "value": 0.5}}, most=100)
    assert waits.sequential == SequentialCheck(confidence=0.955, last=True, tests=1)


WORDS = {"PASS": "satisfies the rule", "FAIL": "violates the rule", "INCONCLUSIVE": "spans the limit"}


@pytest.mark.parametrize("tests", [1, 2])
@pytest.mark.parametrize("right", [10, 14, 18, 22, 50, 64, 66, 68])
def test_a_ceiling_is_judged_by_the_money_that_betting_makes(right: int, tests: int) -> None:
    """A tenth of an error of 2.5 % is for a pass; so is it for a violation, in as many parts as there are rules."""
    values = [value or 0.0 for value in shares(right, 100)]
    found = judged(samples(values), {"max": 0.4}, tests=tests)
    below, above = money_above([1 - value for value in values], 0.6, 0), money_above(values, 0.4, 0)
    verdict = "PASS" if below >= 400 else "FAIL" if above >= 400 * tests else "INCONCLUSIVE"
    assert found.verdict == verdict
    assert money_above(values, found.ci_low or 0.0, 0) == pytest.approx(400, rel=1e-6)
    assert money_above([1 - value for value in values], 1 - (found.ci_high or 0.0), 0) == pytest.approx(400, rel=1e-6)
    said = f"mean {interval(found.ci_low, found.ci_high, 'share')} (99.5 % coverage at all looks together, 100 items)"
    assert found.reason.partition(": about")[0] == f"{said} {WORDS[verdict]}"
    assert found.sequential is not None
    assert (found.sequential.items, found.sequential.tests, found.sequential.last) == (100, tests, False)
    needed = found.sequential.needed
    assert (needed is None) == (verdict != "INCONCLUSIVE")
    assert needed is None or f": about {needed:,} items would decide it if the value stays. Go on" in found.reason


def test_a_range_needs_both_of_its_ends() -> None:
    given = samples(shares(50, 100))
    for least, most, verdict in ((0.2, 0.8, "PASS"), (0.2, 0.6, "INCONCLUSIVE"), (0.4, 0.8, "INCONCLUSIVE")):
        assert judged(given, {"min": least, "max": most}).verdict == verdict
    assert judged(given, {"min": 0.8, "max": 0.9}).verdict == "FAIL"
    assert judged(given, {"min": 0.1, "max": 0.2}).verdict == "FAIL"


def test_a_rule_has_its_own_confidence() -> None:
    """A tenth of 10 % on two sides is 0.005: money of 200."""
    values = [value or 0.0 for value in shares(30, 40)]
    money = money_above(values, 0.43, 0)
    assert 200 < money < 400
    assert judged(samples(values), {"min": 0.43}).verdict == "INCONCLUSIVE"
    found = judged(samples(values), {"min": 0.43, "confidence": 0.9})
    assert (found.verdict, found.sequential and found.sequential.confidence) == ("PASS", pytest.approx(0.99))
    assert judged(samples(values), {"min": 0.43}, confidence=0.9).verdict == "PASS"
    waits = judged(samples(values), {**LOSS, "confidence": 0.9})
    assert waits.sequential == SequentialCheck(confidence=0.99, last=False, tests=1)


def test_what_no_item_shows_waits_for_all_items() -> None:
    given, twice = samples([1.0] * 100), samples([1.0] * 99)
    metrics = metrics_of("boolq", given)
    other = metrics[0].model_copy(update={"definition": {"name": "of_a_newer_version"}})
    for found in (
        judged(samples([1.5] * 100), {"min": 0.5}, metrics=metrics),
        judged(given, {"min": 0.5}, metrics=[other, *metrics]),
        judged([*twice, twice[0]], LOSS, baseline_of(given, [*twice, twice[0]]), metrics=metrics),
        judged(given, {"max_gap": {"slice": "half", "value": 0.5}}),
        judged(given, {"metric": "boolq/truncated_outputs", "max": 5}, metrics=metrics[3:]),
    ):
        assert found.verdict == "INCONCLUSIVE"
        assert f": {AT_END}. Go on: go on" in found.reason
        assert found.sequential == SequentialCheck(confidence=0.995, last=False, tests=1)
        assert (found.ci_low, found.ci_high) == (None, None)
    gap = judged(given, {"max_gap": {"slice": "half", "value": 0.5}}, baseline_of(given, given))
    assert gap.reason.startswith("a gap is no mean of one value per item")


@pytest.mark.slow
def test_whole_clusters_are_units_of_each_kind_of_rule() -> None:
    given = in_clusters(samples([1.0] * 200, cut=[]), [1, 1, 4, 2])
    assert judged(given, {"min": 0.9}).reason.startswith("its items are in clusters, which are drawn one by one")
    metrics = metrics_of("boolq", given)
    count = next(one for one in metrics if one.metric == "truncated_outputs")
    for largest, verdict in ((5, "PASS"), (10, "INCONCLUSIVE")):
        money = money_above(in_units([1.0] * 200, [1, 1, 4, 2], 0.7, largest), 0.7, 0)  # also of 0.3 from above
        assert (money >= 400) == (verdict == "PASS")
        assert judged(given, {"max_truncated": 0.3}, metrics=[count, *metrics], largest=largest).verdict == verdict
        assert judged(given, {"min": 0.7}, largest=largest).verdict == verdict
    no_worse = {"no_worse_than_baseline": {"margin": 0.3}}
    for largest in (5, 20):  # a difference of 0 is 0.3 above the margin, of 0.7 that can be lost
        money = money_above(in_units([0.0] * 200, [1, 1, 4, 2], -0.3, largest), -0.3, -1)
        found = judged(given, no_worse, baseline_of(given, given), largest=largest)
        assert (found.verdict == "PASS") == (money >= 400) == (largest == 5)
        needed = found.sequential and found.sequential.needed
        assert found.sequential == SequentialCheck(confidence=0.995, last=False, tests=1, items=200, needed=needed)


def test_a_comparison_says_how_it_came_about() -> None:
    """Of five kinds of items, 60 of each: the last two have a value in one run alone, and one answer was cut."""
    scores = [(1.0, 0.5), (1.0, 1.0), (0.0, 1.0), (None, 1.0), (1.0, None)] * 60
    before, after = samples([one for one, _ in scores] + [1.0] * 9), samples([one for _, one in scores])
    metrics = metrics_of("boolq", after)
    percent = metrics[0].model_copy(update={"unit": "percent", "definition": Mean(scale=100.0).written()})
    cut = [before[0].sample_id, before[3].sample_id, before[305].sample_id]  # one of them is compared
    found = judged(
        after, {"no_worse_than_baseline": {"margin": 90}}, baseline_of(before, after, cut=cut),
        metrics=[percent, *metrics], min_aligned=0.5, max_unscored=0.5,
    )  # fmt: skip
    assert found.baseline is not None
    one = found.baseline.difference
    assert (one.baseline, one.candidate) == (pytest.approx(200 / 3), pytest.approx(250 / 3))
    assert (one.difference, one.n, one.units, one.aligned) == (pytest.approx(50 / 3), 180, 300, 0.6)
    assert one.missing == "60 without a value in the baseline, 60 without a value in the candidate"
    assert (one.name, one.unit, one.ci_method, found.baseline.cut) == ("boolq/accuracy", "percent", "betting", 1)
    assert (one.confidence, found.baseline.confidence) == (pytest.approx(0.995), pytest.approx(0.995))
    assert (found.baseline.baseline_low, found.baseline.baseline_high) == (None, None)
    assert (found.ci_low, found.ci_high, found.value) == (None, None, percent.value)
    coverage = " at all looks together, 300 items"
    lost = "also with 120 items without a value at their worst"
    assert found.reason == f"{shown(found.baseline, coverage)} clears the margin, {lost}"
    lows, highs = [-50.0, 0.0, 100.0, -100.0, -100.0] * 60, [-50.0, 0.0, 100.0, 100.0, 100.0] * 60
    lows[0], highs[0] = -100.0, 50.0
    assert money_above(lows, one.ci_low or 0.0, -100) == pytest.approx(400, rel=1e-6)
    assert money_above([-value for value in highs], -(one.ci_high or 0.0), -100) == pytest.approx(400, rel=1e-6)
    full = samples([1.0] * 10)
    same = judged(full, LOSS, baseline_of(full, full))
    assert same.baseline is not None
    assert (same.baseline.difference.missing, same.baseline.cut) == (None, 0)


def test_as_many_common_items_as_are_asked_for_are_enough() -> None:
    before, after = samples([1.0] * 100), samples([1.0] * 50 + [None] * 50)
    found = judged(after, LOSS, baseline_of(before, after), min_aligned=0.5, max_unscored=0.9)
    assert not found.reason.startswith("only 50")
    found = judged(after, LOSS, baseline_of(before, after), min_aligned=0.51, max_unscored=0.9)
    assert found.reason.startswith("only 50 of 100 items")


@pytest.mark.parametrize(("own", "known"), [((None, 1.0), False), ((0.9, None), False), ((0.9, 1.0), True)])
def test_a_share_of_the_baseline_needs_both_ends_of_its_value(own: Any, known: bool) -> None:
    given = samples([1.0] * 100)
    found = judged(given, {"no_worse_than_baseline": {"relative": 0.1}}, baseline_of(given, given, own))
    assert (found.baseline is not None) is known


def test_samples_that_a_metric_lacks_count_as_unscored() -> None:
    given = samples([1.0] * 100)
    metrics = [one.model_copy(update={"missing": 5}) for one in metrics_of("boolq", given)]
    assert judged(given, {"min": 0.5}, metrics=metrics, max_unscored=0.05).verdict == "PASS"
    found = judged(given, {"min": 0.5}, metrics=metrics, max_unscored=0.04)
    assert found.verdict == "INCONCLUSIVE"
    assert "satisfies the rule, but 5 of 100 samples could not be scored" in found.reason
    assert (found.ci_low is None, found.sequential and found.sequential.items) == (False, 100)
    count = next(one for one in metrics if one.metric == "truncated_outputs")
    assert judged(given, {"max_truncated": 0.3}, metrics=[count, *metrics]).verdict == "PASS"  # answers are there


def test_a_mean_is_shown_in_its_unit() -> None:
    given = samples([5.0] * 100)
    found = judged(given, {"min": 4}, metrics=metrics_of("boolq", given, unit="rating"))
    assert found.ci_low is not None
    assert found.reason.startswith(
        f"mean {found.ci_low:.2f} to 5.00 (99.5 % coverage at all looks together, 100 items)"
    )
