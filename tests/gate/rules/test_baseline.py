"""The judged run next to its baseline: numbers recomputed from the samples, by NumPy and by the score test itself."""

from __future__ import annotations

import math
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from audit.core.errors import AuditError, ConfigError, EvidenceInvalid, UsageError
from audit.gate.decide import exit_code
from audit.gate.policy import Rule
from audit.gate.rules import baseline as rules
from audit.gate.rules.baseline import Baseline
from tests.gate.rules.conftest import samples
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision, Metric
    from audit.core.run_folder import RunFolder

BEFORE = [1.0] * 36 + [0.0] * 24
RUNNING: dict[str, Any] = {"status": "running", "finished": None}
AFTER = [0.0] * 9 + [1.0] * 27 + [1.0] * 2 + [0.0] * 22
BETTER = Rule(metric="boolq/accuracy", better_than_baseline=True)


def beside(run: RunFolder, base: RunFolder, *, across: tuple[Any, ...] = (), min_aligned: float = 0.95) -> Baseline:
    return Baseline(base, run, across=across, min_aligned=min_aligned)


def metric_of(run: RunFolder, **wanted: Any) -> Metric:
    """The accuracy of a run, or of a slice."""
    given = {"name": "boolq/accuracy", "slice": None, **wanted}
    return next(one for one in run.read_metrics() if all(getattr(one, key) == value for key, value in given.items()))


def rejects(difference: float, better: int, worse: int, n: int) -> float:
    """Z statistic of a difference of paired shares; what became worse is maximised numerically (Tango 1998)."""

    def loss(worse_share: float) -> float:
        shares = (worse_share + difference, worse_share, 1 - 2 * worse_share - difference)
        counts = (better, worse, n - better - worse)
        return -sum(count * math.log(share) for count, share in zip(counts, shares, strict=True))

    ends = (max(0.0, -difference) + 1e-12, (1 - difference) / 2 - 1e-12)
    share = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
    return (better - worse - n * difference) / math.sqrt(n * (2 * share + difference - difference**2))


@pytest.mark.parametrize("error", [TypeError("of a newer version"), UsageError("no such task")])
def test_a_metric_that_cannot_be_read_is_a_hindrance(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Metric) -> str:
        raise error

    baseline = object.__new__(Baseline)
    monkeypatch.setattr(baseline, "_work", SimpleNamespace(hindrance=broken), raising=False)
    assert baseline.hindrance(object()) == str(error)  # type: ignore[arg-type]


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_difference_is_that_of_the_common_items(confidence: float, make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE))
    found = beside(run, base).compared(BETTER, metric_of(run), confidence)
    one, changes = found.difference, np.subtract(AFTER, BEFORE)
    assert (found.confidence, one.confidence, found.cut) == (confidence, confidence, 0)
    assert (found.baseline_low, found.baseline_high) == (None, None)
    assert one.difference == pytest.approx(changes.mean())
    assert (one.baseline, one.candidate) == pytest.approx((np.mean(BEFORE), np.mean(AFTER)))
    assert (one.higher, one.lower, one.n, one.aligned) == ((changes > 0).sum(), (changes < 0).sum(), 60, 1.0)
    assert one.ci_low is not None
    assert one.ci_high is not None
    quantile = norm.ppf((1 + confidence) / 2)
    assert rejects(one.ci_low, 2, 9, 60) == pytest.approx(quantile, rel=1e-4)
    assert rejects(one.ci_high, 2, 9, 60) == pytest.approx(-quantile, rel=1e-4)


def test_a_slice_is_compared_with_the_same_slice(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE))
    both = beside(run, base)
    for place, half in enumerate("ab"):
        one = both.compared(BETTER, metric_of(run, slice={"half": half}), 0.95).difference
        assert one.difference == pytest.approx(np.subtract(AFTER, BEFORE)[place::2].mean())
        assert (one.n, one.slice) == (30, {"half": half})


def test_a_relative_margin_shares_the_error_between_two_intervals(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE))
    rule = Rule.model_validate({"metric": "boolq/accuracy", "no_worse_than_baseline": {"relative": 0.1}})
    found = beside(run, base).compared(rule, metric_of(run), 0.8)
    assert (found.confidence, found.difference.confidence) == (0.8, pytest.approx(0.9))
    expected = proportion_confint(36, 60, alpha=0.1, method="wilson")
    assert (found.baseline_low, found.baseline_high) == pytest.approx(expected)
    absolute = Rule.model_validate({"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.1}})
    assert beside(run, base).compared(absolute, metric_of(run), 0.9).baseline_low is None


def test_the_margin_is_the_rules(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE))
    rule = Rule.model_validate({"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.125}})
    assert beside(run, base).compared(rule, metric_of(run), 0.95).difference.margin == 0.125


@pytest.mark.slow
def test_cut_answers_of_either_run_count_once(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER, cut=[0, 1, 4])), make("a", samples(BEFORE, cut=[1, 7]))
    both = beside(run, base)
    assert both.compared(BETTER, metric_of(run), 0.95).cut == 4
    assert both.compared(BETTER, metric_of(run, slice={"half": "a"}), 0.95).cut == 2  # items 0 and 4
    without = make("c", samples(AFTER))
    assert beside(without, base).compared(BETTER, metric_of(without), 0.95).cut == 2
    assert beside(base, without).compared(BETTER, metric_of(base), 0.95).cut == 2


def test_cut_answers_of_items_that_one_run_lacks_do_not_count(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER[:58], cut=[3, 57])), make("a", samples(BEFORE, cut=[59]))
    assert beside(run, base).compared(BETTER, metric_of(run), 0.95).cut == 2


def test_cut_answers_count_for_metrics_with_bounds_in_either_run(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE, cut=[1, 7]))
    items = {samples(BEFORE)[place].sample_id for place in (1, 7)}
    for both, judged in ((beside(run, base), run), (beside(base, run), base)):
        assert both.cut_items(metric_of(judged)) == items
        assert both.cut_items(metric_of(judged, name="boolq/truncated_outputs")) == set()
    bound = metric_of(base, name="boolq/accuracy_if_cut_wrong")
    assert (beside(run, base).has(bound), beside(base, run).has(bound)) == (True, False)


def test_it_has_what_has_the_same_name_and_slice(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE))
    both, metric = beside(run, base), metric_of(run)
    assert both.has(metric)
    assert both.has(metric_of(run, slice={"half": "a"}))
    assert not both.has(metric.model_copy(update={"name": "boolq/f1"}))
    assert not both.has(metric.model_copy(update={"slice": {"half": "c"}}))


def test_it_is_named_by_content(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE))
    both, manifest = beside(run, base), base.read_manifest()
    assert both.manifest == manifest
    assert (both.reference.run_id, both.reference.model_digest) == (manifest.run_id, manifest.model.digest)
    assert [one.name for one in both.measured.all] == [one.name for one in base.read_metrics()]
    assert both.measured.find("boolq/accuracy").value == pytest.approx(0.6)  # type: ignore[union-attr]


def test_what_differs_keeps_it_from_being_compared(make: Callable[..., RunFolder]) -> None:
    other = [one.model_copy(update={"prompt_sha256": "f" * 64}) for one in samples(AFTER, cut=[1])]
    run, base = make("b", other), make("a", samples(BEFORE))
    both = beside(run, base)
    assert both.mismatches == []  # nothing was compared
    found = both.compared(BETTER, metric_of(run), 0.95)
    assert found.difference.difference is None
    assert (found.difference.error or "").endswith("(compare all the same: across: [prompts] in the policy)")
    assert (found.cut, found.baseline_low) == (0, None)
    assert [(one.kind, one.task) for one in both.mismatches] == [("prompts", "boolq")]
    lifted = beside(run, base, across=("prompts",)).compared(BETTER, metric_of(run), 0.95)
    assert (lifted.difference.difference, lifted.cut) == (pytest.approx(-7 / 60), 1)


def test_too_few_common_items_give_no_number(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER[:54])), make("a", samples(BEFORE))
    assert beside(run, base).compared(BETTER, metric_of(run), 0.95).difference.difference is None
    found = beside(run, base, min_aligned=0.9).compared(BETTER, metric_of(run), 0.95).difference
    assert (found.n, found.aligned) == (54, pytest.approx(0.9))
    assert found.difference == pytest.approx(np.subtract(AFTER, BEFORE)[:54].mean())


def test_the_run_itself_is_no_baseline(make: Callable[..., RunFolder]) -> None:
    run = make("b", samples(AFTER))
    with pytest.raises(ConfigError, match="the baseline is the judged run itself: give the run to compare it with"):
        beside(run, run)


def test_a_broken_baseline_is_refused(make: Callable[..., RunFolder]) -> None:
    run, base, going_on = (
        make("b", samples(AFTER)),
        make("a", samples(BEFORE)),
        make("c", samples(BEFORE), **RUNNING),
    )
    base.metrics_path.write_text(base.metrics_path.read_text("utf-8").replace("0.6", "0.7"), "utf-8")
    with pytest.raises(EvidenceInvalid):
        beside(run, base)
    with pytest.raises(AuditError, match="has not ended"):
        beside(run, going_on)
    shutil.rmtree(base.path)
    with pytest.raises(AuditError):
        beside(run, base)


def test_both_runs_are_read_each_in_its_place(make: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE))
    both, half = beside(run, base), metric_of(run, slice={"half": "b"})
    before, after = both.sides(half)
    for found, scores in ((before, BEFORE), (after, AFTER)):
        assert [one.score for one in found.every.values()] == scores
        assert [one.score for one in found.chosen] == scores[1::2]
    mine, own = both.own(half)
    assert (mine.slice, mine.value) == ({"half": "b"}, pytest.approx(np.mean(BEFORE[1::2])))
    assert [one.score for one in own] == BEFORE
    assert [one.score for one in both.records.samples("evals", "boolq")] == AFTER
    assert both.folder is base
    ends = SimpleNamespace(ci_low=1, ci_high=2)
    monkeypatch.setattr(
        rules,
        "recomputed",
        lambda one, given: ends if (one.value, one.confidence, given) == (mine.value, 0.9, own) else 0,
    )
    assert both.own_interval(half, 0.9) == (1, 2)
    twice = make("c", [*samples(AFTER)[:-1], samples(AFTER)[0]])
    with pytest.raises(UsageError, match=r"^candidate: 1 sample ids occur more than once"):
        beside(twice, base).sides(half)
    assert both.hindrance(half) is None


def test_the_judged_run_is_not_checked_again(make: Callable[..., RunFolder]) -> None:
    run, base = make("b", samples(AFTER)), make("a", samples(BEFORE))
    manifest = run.read_manifest()
    run.write_manifest(manifest.model_copy(update={"evidence": {}}))
    assert beside(run, base).compared(BETTER, metric_of(run), 0.95).difference.error is None
    with pytest.raises(EvidenceInvalid):
        beside(base, run)


def test_a_run_that_ended_before_its_first_number_is_incomplete_and_its_baseline_is_checked(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    run, base = make("b", samples(AFTER), status="partial"), make("a", samples(BEFORE))
    run.metrics_path.unlink()
    sealed(run)
    rule = {"metric": "boolq/accuracy", "better_than_baseline": True}
    decision = judge(run, base, rule)
    assert (decision.verdict, exit_code(decision), decision.checks[-1].value) == ("INCONCLUSIVE", 13, None)
    changed = [one.model_copy(update={"value": 0.5}) if one.primary else one for one in base.read_metrics()]
    base.write_metrics(changed)  # 36 of 60 samples are right
    sealed(base)
    with pytest.raises(EvidenceInvalid, match="boolq/accuracy"):
        judge(run, base, rule)
