"""Rules on corrected metrics: verdict, reason, evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError, UsageError
from audit.core.records import Correction, GateBudget
from audit.gate import decisions
from audit.gate.corrected import judging
from audit.gate.corrected.correcting import CorrectedMetric
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.measured import Measured
from audit.gate.metrics_file import read_metrics
from audit.gate.policy import Policy, Rule
from audit.gate.rules import again as rules_again
from audit.stats.definitions import Mean, measured
from audit.stats.interval import Interval
from audit.stats.prediction_powered.share import PoweredShare, powered_share
from tests.gate.corrected.conftest import RULE, RUN_ID, chosen, is_good, judged, people, points
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision, GateCheck, Sample
    from audit.core.run_folder import RunFolder

    Make = Callable[..., RunFolder]
    Judge = Callable[..., Decision]

SAMPLES = judged()


def last(decision: Decision) -> GateCheck:
    """The check of the rule."""
    return decision.checks[-1]


@pytest.mark.slow
def test_the_verdict_is_that_of_the_corrected_metric(make: Make, judge: Judge) -> None:
    """The scorer says 0.75, people half of that sample: a raw rule passes, a corrected one fails."""
    run, ratings = make(SAMPLES), people(points(SAMPLES))
    assert last(judge(run, {"metric": "boolq/accuracy", "min": 0.68})).verdict == "PASS"
    check = last(judge(run, {**RULE, "min": 0.68}, ratings))
    sample = chosen(SAMPLES)
    rest = [one.score for one in SAMPLES if one not in sample]
    found = powered_share([is_good(one) for one in sample], [one.score for one in sample], rest)
    assert found.interval is not None
    assert (check.kind, check.verdict, check.value) == ("corrected", "FAIL", pytest.approx(found.value))
    assert (check.ci_low, check.ci_high) == pytest.approx((found.interval.low, found.interval.high))
    assert last(judge(run, {**RULE, "min": 0.3}, ratings)).verdict == "PASS"
    same = sum((one.score == 1) == is_good(one) for one in sample)
    kept = check.corrected
    assert kept is not None
    assert (kept.raw, kept.outputs, kept.labels, kept.disagreements) == (0.75, 300, 60, 0)
    assert kept.agreement == same / 60
    assert kept.bias == pytest.approx(sum(one.score or 0 for one in sample) / 60 - sum(map(is_good, sample)) / 60)
    assert kept.ratings == points(sample)
    said = "corrected from 0.750 by the ratings of 60 of 300 outputs, drawn at random, of which the scorer agrees with"
    assert check.reason.startswith(f"{said} {100 * same / 60:.3g} % (λ {found.tuning:.2f}): ")
    assert "violates the rule" in check.reason
    assert check.rule == "min 0.68, corrected by the ratings of 60 drawn outputs (4 or more counts as 1)"


def test_an_open_rule_says_how_many_labels_would_settle_it(make: Make, judge: Judge) -> None:
    run, ratings = make(SAMPLES), people(points(SAMPLES))
    value = last(judge(run, {**RULE, "min": 0.3}, ratings)).value or 0
    near = last(judge(run, {**RULE, "min": value - 0.08}, ratings))
    assert near.verdict == "INCONCLUSIVE"
    count = int(near.reason.partition("labels: ")[2].split()[0])
    more = {**RULE, "min": value - 0.08, "corrected": {"rated_at_least": 4, "labels": count}}
    wider = last(judge(run, more, ratings))
    assert 60 < count <= 300
    assert (wider.ci_high or 0) - (wider.ci_low or 0) < 0.9 * ((near.ci_high or 0) - (near.ci_low or 0))
    nearest = last(judge(run, {**RULE, "min": value}, ratings))
    assert nearest.reason.endswith("ratings of all 300 outputs would not decide it, so measure more items")


def test_ratings_that_are_no_random_sample_are_refused(make: Make, judge: Judge) -> None:
    """The worst outputs first, as somebody would choose them: 100 ratings, and none of them decides."""
    worst = sorted(SAMPLES, key=is_good)[:100]
    drawn_too = [one for one in chosen(SAMPLES) if one in worst]
    check = last(judge(make(SAMPLES), RULE, people(points(worst))))
    assert check.verdict == "INCONCLUSIVE"
    assert check.value is None
    left, others = 60 - len(drawn_too), 100 - len(drawn_too)
    assert check.reason == (
        f"{left} of 60 outputs that were drawn at random are not rated: "
        "rate them in the app, under Random sample per task;"
        f" {others} rated outputs outside the draw cannot count: they are no random sample of the outputs"
    )


def test_nobody_rated(make: Make, judge: Judge) -> None:
    check = last(judge(make(SAMPLES), RULE))
    wanted = (
        "60 of 60 outputs that were drawn at random are not rated: rate them in the app, under Random sample per task"
    )
    assert (check.verdict, check.reason) == ("INCONCLUSIVE", wanted)


def test_several_raters_count_by_their_mean(make: Make, judge: Judge) -> None:
    """5 and 2 make 3.5: not good; of 5, 5 and 2 the mean is 4."""
    sample = chosen(SAMPLES)
    given = points(SAMPLES)
    given[sample[0].sample_id], given[sample[1].sample_id] = [2, 5], [2, 5, 5]
    labels = [0, 1, *(is_good(one) for one in sample[2:])]
    found = powered_share(labels, [one.score for one in sample], [one.score for one in SAMPLES if one not in sample])
    check = last(judge(make(SAMPLES), RULE, people(given)))
    assert check.value == pytest.approx(found.value)
    assert check.corrected is not None
    assert check.corrected.disagreements == 2
    assert "2 disagreements among raters" in check.reason


def test_bad_outputs_may_be_what_counts(make: Make, judge: Judge) -> None:
    rule = {"metric": "boolq/accuracy", "max": 0.9, "corrected": {"rated_at_most": 2, "labels": 300}}
    check = last(judge(make(SAMPLES), rule, people(points(SAMPLES))))
    assert (check.value, check.verdict) == (0.5, "PASS")
    assert check.rule.endswith("drawn outputs (2 or less counts as 1)")


def test_what_is_missing_keeps_it_from_passing(make: Make, judge: Judge) -> None:
    broken = [*SAMPLES[:-1], SAMPLES[-1].model_copy(update={"score": None, "error": "no answer"})]
    check = last(judge(make(broken), {**RULE, "min": 0.2}, people(points(SAMPLES))))
    assert (check.verdict, "1 of 300 samples could not be scored" in check.reason) == ("INCONCLUSIVE", True)


def test_cut_answers_cannot_be_rated(make: Make, judge: Judge) -> None:
    cut = [SAMPLES[0].model_copy(update={"flags": ["truncated_output"]}), *SAMPLES[1:]]
    check = last(judge(make(cut), {**RULE, "min": 0.2}, people(points(SAMPLES))))
    assert (check.verdict, "nobody could rate" in check.reason) == ("INCONCLUSIVE", True)
    assert check.corrected is not None
    assert check.corrected.labels == 60


def test_without_advice_only_what_was_found_is_said() -> None:
    """99 outputs were drawn, or 100: half of them good, which leaves a minimum of 0.5 open."""
    rule = Rule.model_validate({**RULE, "corrected": {"rated_at_least": 4, "labels": 100}})
    samples = judged(100)
    metric = measured(Mean(seed=1), samples, metric="accuracy", unit="share", higher_is_better=True)

    def reason(rated: list[Sample], *, advise: bool) -> str:
        given = rule, metric, Measured([metric]), Policy(rules=[rule]), samples, RUN_ID, people(points(rated))
        return judging.judge_corrected(*given, advise=advise).reason

    for rated, said in (
        (samples, "ratings of all 100 outputs would not decide it"),
        (samples[1:], ": rate them in the app"),
    ):
        whole, bare = reason(rated, advise=True), reason(rated, advise=False)
        assert (said in whole, said in bare) == (True, False)
        assert whole.startswith(bare)


def test_a_metric_that_ratings_say_nothing_about_is_refused(make: Make, judge: Judge) -> None:
    with pytest.raises(ConfigError, match=r"corrected on boolq/toxic_share: ratings correct .* defined as mean_share"):
        judge(make(judged(40, completions=[{"text": "a", "value": 1.0}])), {**RULE, "metric": "boolq/toxic_share"})


def test_a_metric_that_was_not_computed_is_open(make: Make, judge: Judge) -> None:
    """A log's metric by an unknown function: neither value nor definition."""
    run = make(SAMPLES)
    lost = {"value": None, "ci_low": None, "ci_high": None, "ci_method": None, "definition": None}
    metrics = [
        one.model_copy(update={**lost, "error": "by its own function"}) if one.metric == "accuracy" else one
        for one in run.read_metrics()
    ]
    run.write_metrics(metrics)
    check = last(judge(sealed(run), RULE, people(points(SAMPLES))))
    assert (check.verdict, check.reason) == ("INCONCLUSIVE", "not computed: by its own function")


def advised(share: PoweredShare | None, minimum: float, maximum: float | None = None, value: float = 0.5) -> str:
    """What 100 labels of 1,000 outputs leave to be done."""
    metric = measured(Mean(), SAMPLES, metric="accuracy", unit="share", higher_is_better=True)
    metric = metric.model_copy(update={"value": value})
    kept = Correction(raw=0.5, outputs=1000, labels=100, ratings={})
    found = CorrectedMetric(metric, kept, "", share=share)
    return judging._advice(found)(Rule.model_validate({**RULE, "min": minimum, "max": maximum}), metric)


def test_the_labels_that_would_decide_by_hand() -> None:
    """Half of the reach takes four times the labels; no fewer than one more, and no more than there are outputs."""
    share = PoweredShare(0.5, Interval(0.3, 0.7, "powered_strata", 0.95), 0.0, 1.0)
    said = "about {0} rated outputs would decide this if the value stays: set labels: {0} and rate them"
    assert advised(share, 0.4) == said.format(400)
    assert advised(share, 0.3) == said.format(101)
    assert advised(share, 0.49) == "ratings of all 1,000 outputs would not decide it, so measure more items"
    assert advised(share, 40, value=50) == said.format(400)
    assert advised(share, 0.4, 0.65) == said.format(400)
    assert advised(share, 0.35, 0.6) == said.format(400)
    assert advised(share, 0.2, 0.6) == said.format(400)
    assert advised(None, 0.4) == "rate more outputs"
    assert advised(PoweredShare(0.0, None, 0.0, 1.0), 0.4) == "rate more outputs"


def test_what_cannot_be_corrected_is_not_to_be_rated(make: Make, judge: Judge) -> None:
    check = last(judge(make(judged(10)), RULE, people({})))
    assert (check.verdict, check.reason) == (
        "INCONCLUSIVE",
        "10 outputs: a correction needs 30 rated ones: measure more items of the task",
    )


@pytest.mark.slow
@pytest.mark.parametrize("rated", [60, 10])
def test_a_decision_is_checked_with_the_ratings_that_it_keeps(make: Make, judge: Judge, rated: int) -> None:
    """Without the database; a changed rating, label or number is found."""
    run = make(SAMPLES)
    decision = judge(run, {**RULE, "min": 0.3}, people(points(chosen(SAMPLES)[:rated] + SAMPLES[-5:])))
    run.write_decision(decision)
    manifest = run.read_manifest()
    metrics, digest = read_metrics(run, manifest)
    assert decisions.current(run, manifest, metrics, digest) == (decision, None)
    again = judge(run, {**RULE, "min": 0.3}, RatedOutputs.of_decision(decision))
    assert again.checks[-1].corrected == decision.checks[-1].corrected
    kept = decision.checks[-1].corrected
    assert kept is not None
    first, other = next(iter(kept.ratings)), SAMPLES[0].sample_id
    forged = [
        {"ratings": {name: found for name, found in kept.ratings.items() if name != first}},
        {"ratings": {**kept.ratings, other: [5]}} if other not in kept.ratings else {"raw": 0.1},
        {"outputs": 299},
    ]
    if rated == 60:
        flipped = [1] if kept.ratings[first] == [5] else [5]
        forged.append({"ratings": {**kept.ratings, first: flipped}})
    for change in forged:
        check = decision.checks[-1].model_copy(update={"corrected": kept.model_copy(update=change)})
        run.write_decision(decision.model_copy(update={"checks": [*decision.checks[:-1], check]}))
        found, why = decisions.current(run, manifest, metrics, digest)
        assert found is None, change
        assert "boolq/accuracy" in (why or "")
    unasked = decision.checks[-1].model_copy(update={"rated_as": None})
    run.write_decision(decision.model_copy(update={"checks": [*decision.checks[:-1], unasked]}))
    assert decisions.current(run, manifest, metrics, digest)[0] is None
    run.write_decision(decision.model_copy(update={"budget": GateBudget(wall_time="soon", tokens=None)}))
    assert "no policy can have its budget" in (decisions.current(run, manifest, metrics, digest)[1] or "")


def test_a_corrected_metric_that_was_not_measured_is_open(make: Make, judge: Judge) -> None:
    run, rule = make(SAMPLES), {**RULE, "min": 0.3}
    decision = judge(run, rule, people(points(chosen(SAMPLES))))
    check = decision.checks[-1]
    open_ = check.model_copy(update={"verdict": "INCONCLUSIVE", "corrected": None})
    for one, faults in ((check, ["it corrects boolq/accuracy, which was not measured"]), (open_, [])):
        given = [(one, Rule.model_validate(rule), None)]
        assert list(rules_again.faults(run, decision, given, Measured([]), None)) == faults


def test_checks_that_cannot_be_made_again_are_not_believed(
    make: Make, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make(SAMPLES)
    decision = judge(run, {**RULE, "min": 0.3}, people(points(chosen(SAMPLES))))
    run.write_decision(decision)
    manifest = run.read_manifest()

    def broken(*_: object) -> None:
        msg = "a file is broken"
        raise UsageError(msg)

    monkeypatch.setattr(rules_again, "faults", broken)
    found, why = decisions.current(run, manifest, *read_metrics(run, manifest))
    assert found is None
    assert "its checks cannot be made again: a file is broken" in (why or "")
