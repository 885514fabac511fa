"""What a rule is judged on, by whose advice and tolerance, on records made by hand: no run is read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.errors import ConfigError
from audit.core.records import (
    BaselineComparison,
    GateCheck,
    Looks,
    Metric,
    MetricDifference,
    NotJudged,
    RunManifest,
    SequentialCheck,
    TaskLooks,
)
from audit.core.run_folder import RunFolder
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.judging import check as check_of
from audit.gate.measured import Measured
from audit.gate.policy import Policy, Rule
from audit.gate.rules import judge as module
from audit.gate.rules.judge import Judge
from audit.stats.records import Records
from tests.reports.conftest import a_manifest

SAME: dict[str, Any] = {"metric": "t/accuracy", "no_worse_than_baseline": {"margin": 0.1}}


def a_metric(name: str = "t/accuracy", value: float | None = 0.5, **fields: Any) -> Metric:
    task, _, metric = name.rpartition("/")
    given: dict[str, Any] = {"unit": "share", "higher_is_better": True, "n": 100, "ci_method": "wilson", **fields}
    if value is not None and metric != "unscored":
        given = {"ci_low": value - 0.1, "ci_high": value + 0.1, **given}
    return Metric(name=name, suite="evals", task=task, metric=metric, value=value, **given)


def unscored(value: float = 0.0, task: str = "t", n: int = 100) -> Metric:
    return a_metric(f"{task}/unscored", value, n=n, unit="count", higher_is_better=False, ci_method=None)


class ABaseline:
    """The difference of every metric is +0.02 with the interval -0.12 to 0.16."""

    def __init__(self, *metrics: Metric, **manifest: Any) -> None:
        self.folder = RunFolder(Path("/runs/a"))
        self.records = Records(RunFolder(Path("/runs/b")))
        self.manifest = manifest_with_limit(30, **manifest)
        self.measured = Measured(metrics)
        self.asked: list[tuple[str, float]] = []
        self.ends = (-0.12, 0.16)

    def has(self, metric: Metric) -> bool:
        return self.measured.find(metric.name, metric.slice) is not None

    def compared(self, rule: Rule, metric: Metric, confidence: float) -> BaselineComparison:
        self.asked.append((rule.target, confidence))
        difference = MetricDifference(
            name=metric.name, suite="evals", task=metric.task, unit="share", higher_is_better=True, difference=0.02,
            baseline=0.48, candidate=0.5, ci_low=self.ends[0], ci_high=self.ends[1], ci_method="t", n=100, units=10**9,
            aligned=1.0, confidence=confidence,
        )  # fmt: skip
        return BaselineComparison(confidence=confidence, difference=difference)


def manifest_with_limit(limit: int, **changes: Any) -> RunManifest:
    return a_manifest(config={"evals": {"tasks": [{"name": "t", "limit": limit}]}}, **changes)


def judged(
    *rules: dict[str, Any],
    metrics: list[Metric] | None = None,
    baseline: ABaseline | None = None,
    own: set[str] | None = None,
    **policy: Any,
) -> tuple[list[GateCheck], list[NotJudged]]:
    """Checks and what is left out, of a run with the limit 60."""
    given = Policy.model_validate({"rules": list(rules), **policy})
    measured = Measured([a_metric(), unscored()] if metrics is None else metrics)
    run = RunFolder(Path("/runs/b"))
    judge = Judge(run, manifest_with_limit(60), measured, given, baseline, RatedOutputs.next_to(run))  # type: ignore[arg-type]
    return judge.judged(given.rules, own or set(), {*given.optional})


def one(*rules: dict[str, Any], **more: Any) -> tuple[str, str]:
    """Verdict and reason of the last check."""
    check = judged(*rules, **more)[0][-1]
    return check.verdict, check.reason


def test_the_advice_on_a_difference_names_both_runs() -> None:
    """The margin is 0.12 from the value and the interval reaches 0.14: (0.14 / 0.12)² = 1.361 times the items."""
    baseline = ABaseline(a_metric(), unscored())
    verdict, reason = one(SAME, baseline=baseline)
    assert verdict == "INCONCLUSIVE"
    assert "about 137 items would decide this if the difference stays; 100 are compared" in reason
    commands = ("audit run --extend /runs/b --limit 83", "audit run --extend /runs/a --limit 42")
    assert reason.endswith(f"Add items: {commands[0]}; and of the baseline: {commands[1]}")
    assert baseline.asked == [("t/accuracy", 0.95)]
    (check,), _ = judged(SAME | {"confidence": 0.9}, baseline=baseline)
    assert (baseline.asked[1:], check.value, check.ci_low, check.ci_high) == ([("t/accuracy", 0.9)], 0.5, 0.4, 0.6)


def test_the_advice_on_an_interval_names_the_run() -> None:
    verdict, reason = one({"metric": "t/accuracy", "min": 0.45})
    assert (verdict, "Add items: audit run --extend /runs/b --limit " in reason) == ("INCONCLUSIVE", True)


def test_of_several_slices_the_advice_is_on_the_adjusted_p_value() -> None:
    """0.11 below the floor, the interval reaches 0.1: p = 0.031 alone and 0.062 of two."""
    slices = [{"kind": kind} for kind in "xy"]
    parts = [a_metric(value=0.39, slice=part) for part in slices]
    rules = [{"metric": "t/accuracy", "slice": part, "min": 0.5} for part in slices]
    assert one(rules[0], metrics=[*parts, unscored()])[0] == "FAIL"
    verdict, reason = one(*rules, metrics=[*parts, unscored()])
    assert (verdict, "Holm-adjusted p = 0.062: about " in reason) == ("INCONCLUSIVE", True)
    assert one(*rules, metrics=[*parts, unscored()], confidence=0.9)[0] == "FAIL"


def test_violations_of_several_comparisons_are_made_again() -> None:
    """Intervals with the coverage for two rules reach as far as those for one: none of them is shown."""
    slices = [{"kind": kind} for kind in "xy"]
    parts = [a_metric(value=0.39, slice=part) for part in slices]
    baseline = ABaseline(*parts)
    baseline.ends = (-0.5, -0.2)
    plain = {"metric": "t/accuracy", "slice": slices[0], "min": 0.1}
    compared = [SAME | {"slice": part} for part in slices]
    checks, _ = judged(compared[0], plain, compared[1], metrics=[*parts, unscored()], baseline=baseline)
    assert [check.verdict for check in checks] == ["FAIL", "PASS", "FAIL"]
    assert [check.adjusted is None for check in checks] == [False, True, False]
    names = [f"t/accuracy [kind={kind}]" for kind in "xy"]
    assert baseline.asked == [(name, confidence) for confidence in (0.95, 0.975) for name in names]

    class Wider(ABaseline):
        def compared(self, rule: Rule, metric: Metric, confidence: float) -> BaselineComparison:
            self.ends = (-0.5, -0.2 if confidence < 0.96 else 0.2)
            return super().compared(rule, metric, confidence)

    checks, _ = judged(*compared, metrics=[*parts, unscored()], baseline=Wider(*parts))
    assert [check.verdict for check in checks] == ["INCONCLUSIVE"] * 2
    assert all(" items of the slice would decide this" in check.reason for check in checks)


@pytest.mark.parametrize(
    ("baseline", "metric", "reason"),
    [
        (ABaseline(a_metric()), a_metric(value=None, error="no memory"), "not computed: no memory"),
        (ABaseline(a_metric()), a_metric(value=None), "not computed: no reason given"),
        (None, a_metric(), "the baseline has no such metric"),
        (ABaseline(a_metric("t/f1")), a_metric(), "the baseline has no such metric"),
        (ABaseline(a_metric(), broken="NaN"), a_metric(), "the checkpoint of the baseline is broken: NaN"),
    ],
)
def test_what_cannot_be_compared_is_open(baseline: ABaseline | None, metric: Metric, reason: str) -> None:
    (check,), _ = judged(SAME, metrics=[metric, unscored()], baseline=baseline)
    assert (check.verdict, check.reason, check.baseline) == ("INCONCLUSIVE", reason, None)
    assert (check.metric, check.kind, check.value) == ("t/accuracy", "no_worse", metric.value)
    assert (check.unit, check.ci_low) == ("share", metric.ci_low)
    assert baseline is None or baseline.asked == []


def test_unscored_samples_are_tolerated_by_the_rule_or_else_by_the_policy() -> None:
    """One of 100 samples."""
    cut = a_metric("t/truncated_outputs", 0.0, unit="count", higher_is_better=False, ci_low=None, ci_high=None)
    lost = [a_metric(definition={"name": "mean"}), cut, unscored(1.0)]
    for asked in (SAME | {"no_worse_than_baseline": {"margin": 0.9}}, {"metric": "t/accuracy", "max_truncated": 0.5}):
        for own, policys, verdict in ((None, 0.0, "INCONCLUSIVE"), (None, 0.01, "PASS"), (0.01, 0.0, "PASS"),
                                      (0.0, 0.01, "INCONCLUSIVE")):  # fmt: skip
            rule = asked | ({} if own is None else {"max_unscored": own})
            assert one(rule, metrics=lost, baseline=ABaseline(a_metric()), max_unscored=policys)[0] == verdict


def test_checks_have_the_order_of_the_rules_and_what_is_left_out_that_of_the_tasks() -> None:
    metrics = [one for task in "xyz" for one in (a_metric(f"{task}/accuracy"), unscored(task=task))]
    order = ["z/accuracy", "c/accuracy", "x/accuracy", "b/accuracy", "y/accuracy"]
    checks, left = judged(
        *({"metric": name, "min": 0.1} for name in order), metrics=metrics, own={"b", "c"}, optional=["b", "c", "x"]
    )
    assert [check.metric for check in checks] == ["z/accuracy", "x/accuracy", "y/accuracy"]
    reason = "the run did not include the task {}"
    assert left == [
        NotJudged(task=task, metric=f"{task}/accuracy", rule="min 0.1", reason=reason.format(task)) for task in "bc"
    ]


def test_an_optional_task_that_broke_is_open() -> None:
    """It left a metric: what it lacks is not left out."""
    checks, left = judged(
        {"metric": "t/f1", "min": 0.1}, metrics=[a_metric(value=None, error="no memory")], optional=["t"]
    )
    assert [(one.metric, one.verdict, one.reason) for one in checks] == [
        ("t/f1", "INCONCLUSIVE", "the task broke: no memory")
    ]
    assert left == []


def test_a_pattern_without_a_task_is_open() -> None:
    """Whoever calls its task optional names a task, not a pattern."""
    checks, left = judged({"metric": "x*/accuracy", "min": 0.1}, optional=["x*"])
    assert [(one.metric, one.verdict, one.reason, one.value) for one in checks] == [
        ("x*/accuracy", "INCONCLUSIVE", "no task of the run matches x*", None)
    ]
    assert left == []


def test_what_the_baseline_has_could_have_been_measured() -> None:
    rule = {"metric": "u/accuracy", "better_than_baseline": True}
    has, other = ABaseline(a_metric("u/accuracy")), ABaseline(a_metric("u/f1"))
    assert one(rule, baseline=has) == ("INCONCLUSIVE", "the run did not include the task u")
    assert one(rule, own={"u"}) == ("INCONCLUSIVE", "the run did not include the task u")
    for baseline in (other, None):
        with pytest.raises(ConfigError, match="neither the run nor this installation has a task 'u'"):
            judged(rule, baseline=baseline)


def test_names_and_slices_that_only_the_baseline_has_are_open() -> None:
    mine = [a_metric(), a_metric(slice={"kind": "x"}), unscored()]
    baseline = ABaseline(a_metric(slice={"kind": "z"}))
    rule = SAME | {"slice": {"kind": "z"}}
    assert one(rule, metrics=mine, baseline=baseline) == ("INCONCLUSIVE", "the task has no such metric or slice")
    with pytest.raises(ConfigError, match="t/accuracy has no slice kind=z"):
        judged(rule, metrics=mine, baseline=ABaseline(a_metric()))


def test_a_rule_on_a_slice_is_judged_on_the_slice() -> None:
    metrics = [a_metric(), a_metric(value=0.8, slice={"kind": "x"}), unscored()]
    (check,), _ = judged({"metric": "t/accuracy", "slice": {"kind": "x"}, "min": 0.6}, metrics=metrics)
    assert (check.metric, check.verdict, check.value) == ("t/accuracy [kind=x]", "PASS", 0.8)


@pytest.mark.parametrize("whole", [True, False])
def test_a_gap_is_judged_with_the_settings_of_its_rule_or_else_of_the_policy(
    whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also that of a metric which is measured on slices alone, but not of one without the slices."""
    asked: list[Any] = []

    def judge_gap(*given: Any) -> GateCheck:
        asked.append(given)
        return check_of(given[0], None, "PASS", "")

    monkeypatch.setattr(module, "judge_gap", judge_gap)
    parts = [a_metric(slice={"kind": kind}) for kind in "xy"]
    gap = {"metric": "t/accuracy", "max_gap": {"slice": "kind", "value": 0.2}}
    metrics = [*([a_metric()] if whole else []), *parts, unscored()]
    own = {"confidence": 0.8, "max_unscored": 0.0}
    checks, _ = judged(gap, gap | own, metrics=metrics, confidence=0.9, max_unscored=0.1)
    assert [check.verdict for check in checks] == ["PASS"] * 2
    assert [given[3:5] for given in asked] == [(0.9, 0.1), (0.8, 0.0)]
    rule, measured, records, _, _, advice = asked[0]
    assert (rule.text, measured.all) == ("largest gap by kind at most 0.2", metrics)
    assert isinstance(records, Records)
    assert advice("t", 2.0).endswith("audit run --extend /runs/b --limit 120")
    broken = [a_metric(value=None, error="no memory")]
    assert one(gap, metrics=broken) == ("PASS", "")  # judge_gap says what is missing
    with pytest.raises(ConfigError, match="unknown metric 't/accuracy'"):
        judged(gap, metrics=[a_metric("t/f1")])
    assert one(gap, metrics=[unscored(task="u")], own={"t"})[0] == "INCONCLUSIVE"


LOOKED = Looks(
    policy="policy.yaml", policy_sha256="0" * 64, baseline=None, looks=1, decided=False,
    tasks={"t": TaskLooks(limit=60, most=90)},
)  # fmt: skip


def looking(rule: dict[str, Any], *metrics: Metric, baseline: Any = None, most: int = 90) -> GateCheck | None:
    """The check of a rule on a task that was looked at."""
    looks = LOOKED.model_copy(update={"tasks": {"t": TaskLooks(limit=60, most=most)}})
    asked = Rule.model_validate(rule)
    manifest = manifest_with_limit(60, looks=looks)
    run, policy = RunFolder(Path("/runs/b")), Policy(rules=[asked])
    judge = Judge(run, manifest, Measured(metrics), policy, baseline, RatedOutputs.next_to(run))
    judge.records = SimpleNamespace(samples=lambda *_: [], of=lambda _: [])  # type: ignore[assignment]
    return judge.looked_at(asked, metrics[0], [asked])


def test_what_cannot_be_judged_is_no_look() -> None:
    floor = {"metric": "t/accuracy", "min": 0.4}
    assert looking(floor, a_metric(), unscored()) is not None
    assert looking(floor, a_metric(value=None), unscored()) is None
    bounds = [a_metric(f"t/accuracy_if_cut_{end}") for end in ("wrong", "right")]
    half = {**floor, "slice": {"half": "a"}}
    assert looking(half, a_metric(slice={"half": "a"}), unscored()) is not None
    assert looking(half, a_metric(slice={"half": "a"}), *bounds, unscored()) is None
    assert looking({"metric": "u/accuracy", "min": 0.4}, a_metric("u/accuracy"), unscored()) is None
    other: Any = ABaseline(a_metric())
    other.hindrance = lambda _: "they cannot be compared"
    assert looking(SAME, a_metric(), unscored(), baseline=other) is None
    other.hindrance = lambda _: None
    assert looking(SAME, a_metric(), unscored(), baseline=other) is not None


def test_ratings_correct_all_items_of_a_task_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float | None] = []

    def corrected(rule: Rule, metric: Metric, *_: Any) -> GateCheck:
        asked.append(rule.confidence)
        return check_of(rule, metric, "PASS", "so rated")

    monkeypatch.setattr(module, "judge_corrected", corrected)
    rule = {"metric": "t/accuracy", "min": 0.4, "corrected": {"rated_at_least": 4, "labels": 60}}
    early = looking(rule, a_metric(), unscored())
    assert early is not None
    assert (early.verdict, early.ci_low, early.ci_high, asked) == ("INCONCLUSIVE", None, None, [])
    why = "people rate a random sample of all items: it is decided when all items of the task are there"
    assert early.reason == f"{why}. Add items: audit run --extend /runs/b --limit 90"
    assert early.sequential == SequentialCheck(confidence=0.95, last=False, tests=1)
    last = looking(rule, a_metric(), unscored(), most=60)
    assert last is not None
    assert (last.verdict, last.confidence, asked) == ("PASS", None, [pytest.approx(0.955)])
    assert last.sequential == SequentialCheck(confidence=1 - 0.05 * 0.9, last=True, tests=1)
