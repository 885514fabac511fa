"""Decisions with a baseline are believed as far as they can be made again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.provenance import package_versions
from audit.core.records import NotRun
from audit.core.run_folder import RunFolder
from audit.gate import decisions
from audit.gate.decide import decide, overall
from audit.gate.measured import Measured
from audit.gate.metrics_file import read_metrics
from audit.gate.policy import Rule, load_policy
from audit.gate.rules import again
from audit.gate.rules.again import _equal, not_recomputed
from audit.gate.rules.truncated import judge_truncated
from audit.stats.recount import COMPUTING
from tests.gate.rules.conftest import samples
from tests.gate.rules.test_again_numbers import (
    CHECK,
    COMPARISON,
    COVERAGE,
    METRIC,
    REFERENCE,
    UNSCORED,
    a_decision,
    a_rule,
    comparison,
    faults,
)
from tests.gate.rules.test_again_numbers import judged as judged_alone
from tests.gate.sequential.conftest import looks
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import BaselineComparison, Decision

BEFORE = [1.0] * 60 + [0.0] * 40
LOSS = [0.0] * 22 + [1.0] * 38 + [0.0] * 40
RULES = (
    {"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.4}, "owner": "QA", "why": "As agreed."},
    {"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.01}},
    {"metric": "boolq/accuracy", "no_worse_than_baseline": {"relative": 0.9}, "better_than_baseline": True},
    {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 0.6}, "max_truncated": 0.1, "severity": "warn"},
    {"metric": "boolq/accuracy", "slice": {"half": "a"}, "no_worse_than_baseline": {"margin": 0.2}},
)


@pytest.fixture
def judged(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> tuple[RunFolder, RunFolder, Decision]:
    versions = package_versions(COMPUTING)
    run, base = (make(name, samples(scores), packages=versions) for name, scores in (("b", LOSS), ("a", BEFORE)))
    return run, base, judge(run, base, *RULES)


def fault(run: RunFolder, decision: Decision) -> str | None:
    """Why a decision is not shown."""
    run.write_decision(decision)
    manifest = run.read_manifest()
    return decisions.current(run, manifest, *read_metrics(run, manifest))[1]


def edited(decision: Decision, place: int, **changes: Any) -> Decision:
    checks = list(decision.checks)
    checks[place] = checks[place].model_copy(update=changes)
    return decision.model_copy(update={"checks": checks, "verdict": overall(check.blocking for check in checks)})


def moved(decision: Decision, place: int, field: str = "baseline", **changes: Any) -> Decision:
    """With other numbers in a comparison."""
    found = getattr(decision.checks[place], field)
    other = found.model_copy(update={"difference": found.difference.model_copy(update=changes)})
    return edited(decision, place, **{field: other})


def test_what_the_gate_wrote_is_shown(judged: tuple[RunFolder, RunFolder, Decision]) -> None:
    run, base, decision = judged
    assert [check.verdict for check in decision.checks[1:]] == [
        "PASS", "FAIL", "PASS", "FAIL", "PASS", "PASS", "INCONCLUSIVE",
    ]  # fmt: skip
    assert fault(run, decision) is None
    assert not_recomputed(run, decision) is None
    shutil.rmtree(base.path)
    assert fault(run, decision) is None
    assert "the baseline 20260131T120000Z-a-0a1b2c is not next to the run" in (not_recomputed(run, decision) or "")


EDITS: list[tuple[Callable[[Decision], Decision], str]] = [
    (lambda one: edited(one, 2, verdict="PASS"), "gives FAIL"),
    (lambda one: edited(one, 2, verdict="INCONCLUSIVE"), "gives FAIL"),
    (lambda one: edited(one, 2, adjusted=None), "gives INCONCLUSIVE"),
    (lambda one: edited(one, 2, margin=0.9), "is not a rule"),
    (lambda one: edited(one, 1, baseline=None), "without a comparison"),
    (lambda one: edited(one, 1, relative=0.1), "is not a rule"),
    (lambda one: edited(one, 5, value=0.1), "are not those that the samples give"),
    (lambda one: edited(one, 6, ci_high=0.1), "are not those that the samples give"),
    (lambda one: edited(one, 7, reason="fine"), "is not the gate's"),
    (lambda one: moved(one, 1, confidence=0.5), "has another coverage"),
    (lambda one: moved(one, 1, candidate=0.5, difference=-0.1), "has another value of the judged run"),
    (lambda one: moved(one, 1, difference=0.1), "does not add up"),
    (lambda one: moved(one, 1, aligned=0.5), "covers too few common items"),
    (lambda one: moved(one, 1, ci_high=-0.3), "has a difference outside its interval"),
    (lambda one: moved(one, 1, task="asdiv"), "is of another metric"),
    (lambda one: one.model_copy(update={"baseline": None}), "that it does not name"),
]


@pytest.mark.slow
@pytest.mark.parametrize("with_baseline", [True, False])
def test_what_does_not_follow_is_not_shown(with_baseline: bool, judged: tuple[RunFolder, RunFolder, Decision]) -> None:
    run, base, decision = judged
    if not with_baseline:
        shutil.rmtree(base.path)
    for edit, reason in EDITS:
        assert reason in (fault(run, edit(decision)) or "shown")


@pytest.mark.slow
def test_differences_are_computed_again_where_the_baseline_is_at_hand(
    judged: tuple[RunFolder, RunFolder, Decision], make: Callable[..., RunFolder]
) -> None:
    run, base, decision = judged
    held = decision.checks[1].baseline
    assert held is not None
    said = decision.checks[1].reason
    forged = moved(decision, 1, p_value=0.5, detectable=0.01)
    assert fault(run, forged) == "its comparison of boolq/accuracy with the baseline is not the one that the runs give"
    shutil.rmtree(base.path)
    assert fault(run, forged) is None  # nobody can know, and readers are told so
    assert not_recomputed(run, forged) is not None
    make("a", samples(LOSS))
    assert "is not the run that it was compared with" in (fault(run, decision) or "shown")
    assert said.startswith("difference −0.220")


@pytest.mark.slow
def test_on_a_task_that_was_looked_at_only_what_differs_between_the_runs_is_compared(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """Its comparison is judged from the samples, with other numbers (:mod:`audit.gate.sequential.again`)."""
    versions = package_versions(COMPUTING)
    asked = [one.model_copy(update={"prompt_sha256": "f" * 64}) for one in samples(LOSS)]
    run, base = make("b", asked, packages=versions, looks=looks(100, 500)), make("a", samples(BEFORE))
    decision = judge(run, base, RULES[0], across=["prompts"])
    assert decision.checks[1].sequential is not None
    assert ("prompts", "boolq") in [(one.kind, one.task) for one in decision.mismatches]
    assert fault(run, decision) is None
    said = "the runs do not differ as it says"
    assert fault(run, decision.model_copy(update={"mismatches": []})) == said


@pytest.mark.parametrize("baseline", [None, "a"])
def test_severity_of_a_shipped_policy_cannot_be_edited(baseline: str | None, make: Callable[..., RunFolder]) -> None:
    versions = package_versions(COMPUTING)
    run = make("b", samples([0.0] * 100), packages=versions)
    base = make("a", samples(BEFORE), packages=versions) if baseline else None
    decision = decide(run, load_policy(Path("quantised_twin" if baseline else "default")), {"boolq"}, base)
    assert (decision.verdict, fault(run, decision)) == ("FAIL", None)
    forged = decision
    for place in range(1, len(decision.checks)):
        forged = edited(forged, place, severity="warn")
    assert forged.verdict == "PASS"
    assert fault(run, forged) == "the gate reaches FAIL under the same policy, with other checks"
    if base is not None:
        shutil.rmtree(base.path)
        assert fault(run, decision) is None
        assert "is not a rule of its policy" in (fault(run, forged) or "shown")


def test_the_check_on_the_run_always_blocks(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    run = make("b", samples([1.0] * 100), status="partial", interrupted=True)
    decision = judge(run, None, {"metric": "boolq/accuracy", "min": 0.5})
    assert (decision.verdict, fault(run, decision)) == ("INCONCLUSIVE", None)
    forged = edited(decision, 0, severity="warn")
    assert forged.verdict == "PASS"
    assert fault(run, forged) == "its check run/status is not the gate's"


def test_where_no_rule_is_judged_nothing_passes(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    left = [NotRun(suite="evals", task="asdiv", reason="no data", optional=True)]
    run = make("b", samples([1.0] * 100), status="partial", not_run=left)
    decision = judge(run, None, {"metric": "asdiv/exact_match", "min": 0.5}, optional=["asdiv"])
    assert (decision.checks[-1].metric, fault(run, decision)) == ("policy/rules", None)
    forged = edited(decision, len(decision.checks) - 1, severity="warn")
    assert forged.verdict == "PASS"
    assert fault(run, forged) == "its check policy/rules is not the gate's"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"baseline": {"model": "another"}}, "does not name the baseline"),
        ({"baseline": {"dtype": "int8"}}, "does not name the baseline"),
        ({"mismatches": []}, "the runs do not differ as it says"),
    ],
)
def test_what_is_said_of_the_baseline_is_compared_with_its_folder(
    edit: dict[str, Any], reason: str, make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    versions = package_versions(COMPUTING)
    other = [sample.model_copy(update={"prompt_sha256": "f" * 64}) for sample in samples(BEFORE)]
    run, base = make("b", samples(LOSS), packages=versions), make("a", other, packages=versions)
    decision = judge(run, base, RULES[0], across=["prompts"])
    assert fault(run, decision) is None
    assert decision.baseline is not None
    assert decision.mismatches
    changes = {"baseline": decision.baseline.model_copy(update=edit["baseline"])} if "baseline" in edit else edit
    assert reason in (fault(run, decision.model_copy(update=changes)) or "shown")


def test_a_baseline_of_an_impossible_name_is_not_at_hand(judged: tuple[RunFolder, RunFolder, Decision]) -> None:
    run, _, decision = judged
    assert decision.baseline is not None
    named = decision.baseline.model_copy(update={"run_id": "n" * 6000})
    assert fault(run, decision.model_copy(update={"baseline": named})) is None


def test_cut_answers_that_were_not_counted_do_not_pass(
    judged: tuple[RunFolder, RunFolder, Decision],
) -> None:
    run, _, decision = judged
    forged = edited(decision, 6, metric="asdiv/truncated_outputs")
    assert fault(run, forged) == "it finds PASS for asdiv/truncated_outputs, which was not measured"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1000.0, 1000.0 + 9.95e-7, True), (1000.0, 1000.0 + 1.2e-6, False), (0.0, 9.95e-10, True), (0.0, 1.2e-9, False),
        (None, None, True), (None, 0.0, False), ("a", "a", True), (1, 2, False), (True, False, False),
    ],
)  # fmt: skip
def test_numbers_are_equal_up_to_rounding(one: object, other: object, same: bool) -> None:
    assert (_equal(one, other), _equal(other, one)) == (same, same)


def test_of_several_folders_with_the_run_the_first_by_name_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "home" / "run")
    for place in "cab":
        (tmp_path / place / "base").mkdir(parents=True)
        (tmp_path / place / "base" / "manifest.json").write_text("{}")
    (tmp_path / "a file").write_text("")
    for order in ("abc", "cab"):
        listed = [tmp_path / "a file", *(tmp_path / place for place in order)]
        monkeypatch.setattr(Path, "iterdir", lambda _, listed=listed: iter(listed))
        found = again.folder_of(run, a_decision(), None)
        assert found is not None
        assert found.path == tmp_path / "a" / "base"


def test_where_the_folder_of_a_baseline_is_looked_for(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "home" / "run")
    run.path.mkdir(parents=True)
    decision = a_decision()
    assert again.folder_of(run, decision, None) is None
    for place in ("z/base", "b/base", "home/base"):  # the nearest one that was made so far is found
        found = tmp_path / place
        found.mkdir(parents=True)
        before = again.folder_of(run, decision, None)
        assert before is None or before.path != found
        (found / "manifest.json").write_text("{}")
        now = again.folder_of(run, decision, None)
        assert now is not None
        assert now.path == found
    given = RunFolder(tmp_path / "elsewhere")
    assert again.folder_of(run, decision, given) is given
    assert again.folder_of(run, a_decision(baseline=None), None) is None
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "home" / "manifest.json").write_text("{}")
    for name in ("", ".", "..", "../b/base", "b/base", "n" * 6000):
        named = a_decision(baseline=REFERENCE.model_copy(update={"run_id": name}))
        assert again.folder_of(run, named, None) is None


def test_why_differences_were_not_computed_again(tmp_path: Path) -> None:
    alike, unlike = (
        RunFolder.create(tmp_path / name, a_manifest(packages=packages))
        for name, packages in (("alike", package_versions(COMPUTING)), ("unlike", {}))
    )
    check = CHECK
    plain = check.model_copy(update={"baseline": None})
    given = RunFolder(tmp_path)
    away = "the differences were not recomputed: the baseline base is not next to the run"
    other = "the differences were not recomputed: packages that compute intervals have other versions than in the run"
    assert again.not_recomputed(alike, a_decision(plain, check)) == away
    assert again.not_recomputed(alike, a_decision(plain, check), given) is None
    assert again.not_recomputed(unlike, a_decision(check), given) == other
    assert again.not_recomputed(alike, a_decision(plain)) is None
    assert again.not_recomputed(alike, a_decision(check, baseline=None)) is None


@pytest.mark.parametrize("lost_one", COMPUTING)
def test_packages_are_those_that_compute(lost_one: str) -> None:
    versions = package_versions(COMPUTING)
    assert again.same_packages(a_manifest(packages={**versions, "torch": "1"}))
    assert not again.same_packages(a_manifest(packages={**versions, lost_one: "0"}))
    assert not again.same_packages(a_manifest(packages={k: v for k, v in versions.items() if k != lost_one}))


def test_cut_answers_are_counted_again() -> None:
    rule = Rule(metric="t/truncated_outputs", max_truncated=0.1)
    cut = UNSCORED.model_copy(update={"name": "t/truncated_outputs", "metric": "truncated_outputs", "value": 5.0})
    lost = Measured([cut, UNSCORED.model_copy(update={"value": 2.0})])
    check = judge_truncated(rule, cut, lost, 0.02)
    assert check.verdict == "PASS"
    tolerant = a_decision(check, max_unscored=0.02, baseline=None)
    assert faults((check, rule, cut), decision=tolerant, measured=lost) == []
    strict = a_decision(check, max_unscored=0.01, baseline=None)
    assert faults((check, rule, cut), decision=strict, measured=lost) == [
        "it finds PASS for t/truncated_outputs, for which share of cut answers at most 0.1 gives INCONCLUSIVE"
    ]
    said = "it finds PASS for t/truncated_outputs, which was not measured"
    assert faults((check, rule, None), decision=tolerant) == [said]
    open_ = check.model_copy(update={"verdict": "INCONCLUSIVE"})
    assert faults((open_, rule, None), decision=tolerant) == []


@pytest.mark.parametrize(
    ("rule", "found", "fine"),
    [
        (a_rule(), comparison(0.9), False),
        (a_rule(), comparison().model_copy(update={"confidence": 0.9}), False),
        (a_rule(confidence=0.9), comparison(0.9), True),
        (a_rule(confidence=0.9), comparison(0.95), False),
        (a_rule(no_worse_than_baseline={"relative": 0.5}), comparison(relative=True, confidence=0.95), True),
        (a_rule(no_worse_than_baseline={"relative": 0.5}), comparison(0.95), False),
        (a_rule(), comparison(relative=True), False),
    ],
)
def test_the_coverage_is_the_rules_or_the_policys_halved_for_two_intervals(
    rule: Rule, found: BaselineComparison, fine: bool
) -> None:
    assert (f"{COMPARISON}{COVERAGE}" in faults((judged_alone(rule, found), rule, METRIC))) != fine


@pytest.mark.parametrize(
    ("value", "after", "same"),
    [
        (0.0, 9.95e-7, True), (0.0, 1.2e-6, False), (0.5, 0.5 + 9.95e-7, True), (0.5, 0.5 + 1.2e-6, False),
        (1e3, 1e3 + 9.95e-4, True), (1e3, 1e3 + 1.2e-3, False),
    ],
)  # fmt: skip
def test_the_value_on_all_items_is_that_of_the_run_up_to_rounding(value: float, after: float, same: bool) -> None:
    metric = METRIC.model_copy(update={"value": value, "unit": "score"})
    found = comparison(unit="score", candidate=after, baseline=after + 0.02)
    said = faults((judged_alone(a_rule(), found, metric), a_rule(), metric))
    assert said == ([] if same else [f"{COMPARISON}has another value of the judged run"])
