from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import RunReference
from audit.core.run_folder import RunFolder
from audit.gate.binding.kept_policy import path_in
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.decide import decide
from audit.gate.evidence import seal
from audit.gate.policy import load_policy
from audit.gate.signing.recompute import recompute, same_packages
from audit.gate.waivers.waiver_file import WaiverFile
from tests.core.test_contradictions import a_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Decision
    from audit.gate.policy import PolicyFile


def the_decision(run: RunFolder) -> Decision:
    decision = run.read_decision()
    assert decision is not None
    return decision


def change_metric(run: RunFolder, index: int, **changes: Any) -> None:
    """Edit a metric, as somebody would who seals the run again."""
    metrics = json.loads(run.metrics_path.read_text())
    metrics[index].update(changes)
    run.metrics_path.write_text(json.dumps(metrics))
    seal(run)


@pytest.mark.slow
def test_every_metric_and_the_decision_are_derived_again(whole: RunFolder, policy: PolicyFile) -> None:
    done = recompute(whole, policy, ())
    assert (done.metrics, done.without_definition, done.intervals, done.faults) == (8, 0, True, [])
    assert done.decision == "from its policy"
    assert recompute(whole, None, ()).decision == "check by check: its policy is not at hand"


@pytest.mark.slow
def test_a_run_without_a_decision_has_none_to_derive(run: RunFolder) -> None:
    run.decision_path.unlink()
    done = recompute(run, None, ())
    assert (done.decision, done.faults) == ("", [])


def test_all_numbers_that_differ_are_listed(run: RunFolder) -> None:
    """The mean of the 40 scores of each task is computed by hand."""
    scores = [sample.score or 0 for sample in run.read_samples("evals", "boolq")]
    low = next(metric.ci_low for metric in run.read_metrics() if metric.name == "boolq/length")
    run.decision_path.unlink()
    change_metric(run, 0, value=90.0, ci_high=95.0)
    change_metric(run, 1, ci_low=1.0)
    faults = recompute(run, None, ()).faults
    assert f"metrics.json: boolq/accuracy is 90, the samples give {100 * sum(scores) / 40:.6g}" in faults
    assert any(fault.startswith("metrics.json: the interval of boolq/length is 1 to ") for fault in faults)
    assert f"the samples give {low:.6g} to " in " ".join(faults)
    assert len(faults) == 3  # the interval of the accuracy, too


def test_intervals_are_left_out_under_other_versions_of_packages(run: RunFolder) -> None:
    run.decision_path.unlink()
    manifest = run.read_manifest()
    seal(run, manifest.model_copy(update={"packages": manifest.packages | {"numpy": "1.0"}}))
    change_metric(run, 1, ci_low=1.0)
    done = recompute(run, None, ())
    assert (done.intervals, done.faults) == (False, [])
    assert not same_packages(a_manifest(packages={}))
    assert same_packages(a_manifest())


def test_metrics_without_a_definition_are_counted(run: RunFolder) -> None:
    run.decision_path.unlink()
    change_metric(run, 1, definition=None)
    done = recompute(run, None, ())
    assert (done.metrics, done.without_definition) == (7, 1)
    change_metric(run, 1, value=None, ci_low=None, ci_high=None, ci_method=None, error="lost")
    assert recompute(run, None, ()).without_definition == 0


def test_under_another_policy_nothing_is_decided(whole: RunFolder, tmp_path: Path) -> None:
    """That it is another one is found by its digest (``test_verify.py``)."""
    file = tmp_path / "other.yaml"
    file.write_text("rules: [{metric: boolq/accuracy, min: 20}]\n")
    done = recompute(whole, load_policy(file), ())
    assert (done.faults, done.decision) == ([], "check by check: its policy is not at hand")


def test_a_verdict_that_does_not_follow_from_its_checks_is_a_fault(run: RunFolder) -> None:
    run.write_decision(the_decision(run).model_copy(update={"verdict": "PASS"}))
    assert recompute(run, None, ()).faults == ["decision.json: its verdict does not follow from its checks"]


def again(run: RunFolder, policy: PolicyFile, found: Decision, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the decision of a run lacks, compared with what the gate finds."""
    asked: list[Any] = []

    def derive(*given: Any) -> Decision:
        asked.append(given)
        return found

    monkeypatch.setattr("audit.gate.signing.recompute.decide", derive)
    monkeypatch.setattr("audit.gate.signing.recompute.differences", lambda *_, **__: ())
    done = recompute(run, policy, {"lime"})
    ((*given, ratings),) = asked
    assert (given, done.decision) == ([run, policy, {"lime"}, None, None, None], "from its policy")
    assert isinstance(ratings, RatedOutputs)
    return done.faults


@pytest.mark.slow
def test_a_decision_is_compared_field_by_field_with_what_the_gate_finds(
    whole: RunFolder, policy: PolicyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = the_decision(whole)
    status, passed, opened = decision.checks
    later = {"decided": datetime(2026, 1, 1, tzinfo=UTC), "policy": "renamed.yaml"}
    advice = opened.model_copy(update={"reason": "add items"})
    checks = "decision.json: its field checks is not what the gate finds"
    for changes, faults in [
        (later, []),
        ({"checks": [status, passed, advice]}, []),
        ({"verdict": "FAIL"}, ["decision.json: its field verdict is not what the gate finds"]),
        ({"checks": [status, passed]}, [f"{checks}: it has 3 checks, the gate makes 2"]),
        ({"checks": [status, passed, opened, opened]}, [f"{checks}: it has 3 checks, the gate makes 4"]),
        (
            {"checks": [status, passed.model_copy(update={"verdict": "FAIL"}), opened]},
            [f"{checks}: boolq/accuracy min 20 is PASS, the gate finds FAIL"],
        ),
        (
            {"checks": [status, passed.model_copy(update={"verdict": "FAIL", "metric": "f1", "rule": "x"}), opened]},
            [f"{checks}: boolq/accuracy min 20 is PASS, the gate finds FAIL"],
        ),
        (
            {"checks": [status, passed.model_copy(update={"reason": "x"}), opened]},
            [f"{checks}, though its verdicts are"],
        ),
    ]:
        assert again(whole, policy, decision.model_copy(update=changes), monkeypatch) == faults


def test_a_decision_is_derived_with_its_baseline_and_its_waivers(
    run: RunFolder, policy: PolicyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The baseline is the one that is given, else the run of its name next to this one; without it, nothing is."""
    decision = the_decision(run)
    day, waivers = date(2026, 2, 3), {"waiver_file": "w.yaml", "waivers_sha256": "1" * 64}
    digests = {"model_digest": "2" * 64, "metrics_sha256": "3" * 64}
    named = RunReference(run_id="b", model="m", dtype="float32", quantization=None, **digests)
    run.write_decision(decision.model_copy(update={"baseline": named, "judged_for": day, **waivers}))
    asked: list[Any] = []
    shown: list[Any] = []
    monkeypatch.setattr("audit.gate.signing.recompute.decide", lambda *given: asked.append(given) or the_decision(run))
    monkeypatch.setattr("audit.gate.signing.recompute.differences", lambda *_, **__: ())
    monkeypatch.setattr("audit.gate.decisions.current", lambda *given: shown.append(given[4]) or (None, None))
    assert recompute(run, policy, ()).faults == []
    assert asked == []
    given = RunFolder(tmp_path / "given")
    beside = RunFolder(run.path.parent / "b")
    beside.path.mkdir()
    beside.manifest_path.write_text("{}")
    assert [recompute(run, policy, (), baseline).faults for baseline in (given, None)] == [[], []]
    file = WaiverFile("w.yaml", "1" * 64, ())
    assert [(one[3].path, one[4], one[5]) for one in asked] == [(one.path, file, day) for one in (given, beside)]
    assert shown == [None, given, None]


@pytest.mark.slow
def test_rules_that_were_left_out_are_found_with_the_policy_and_not_without(run: RunFolder, policy: PolicyFile) -> None:
    decision = run.read_decision()
    assert decision is not None
    kept = [check for check in decision.checks if check.verdict == "PASS"]
    run.write_decision(decision.model_copy(update={"checks": kept, "verdict": "PASS"}))
    again = "decision.json: the gate reaches INCONCLUSIVE under the same policy, with other checks"
    assert recompute(run, None, ()).faults == [again]  # under the one that the gate left next to it
    path_in(run).unlink()
    assert recompute(run, None, ()).faults == []
    assert recompute(run, policy, ()).faults == [
        "decision.json: its field verdict is not what the gate finds",
        "decision.json: its field checks is not what the gate finds: it has 2 checks, the gate makes 3",
    ]


@pytest.mark.slow
def test_a_check_that_differs_is_named(run: RunFolder, policy: PolicyFile) -> None:
    decision = decide(run, policy)
    checks = [check.model_copy(update={"verdict": "FAIL"}) if check.value else check for check in decision.checks]
    run.write_decision(decision.model_copy(update={"checks": checks}))
    faults = recompute(run, policy, ()).faults
    assert faults[0].endswith(": boolq/accuracy min 20 is FAIL, the gate finds PASS")


@pytest.mark.slow
def test_a_number_in_a_check_that_differs_is_a_fault_and_the_advice_on_an_open_rule_is_not(
    run: RunFolder, policy: PolicyFile
) -> None:
    decision = decide(run, policy)
    (passed, opened) = decision.checks[1:]
    assert (passed.verdict, opened.verdict) == ("PASS", "INCONCLUSIVE")
    advice = opened.model_copy(update={"reason": f"{opened.reason}. Add items: audit run --extend elsewhere"})
    run.write_decision(decision.model_copy(update={"checks": [decision.checks[0], passed, advice]}))
    assert recompute(run, policy, ()).faults == []
    better = passed.model_copy(update={"ci_low": 60.0})
    run.write_decision(decision.model_copy(update={"checks": [decision.checks[0], better, opened]}))
    faults = recompute(run, policy, ()).faults
    assert faults[0] == "decision.json: its field checks is not what the gate finds, though its verdicts are"


def test_a_decision_that_cannot_be_reached_again_is_a_fault(run: RunFolder, policy: PolicyFile) -> None:
    change_metric(run, 0, value=90.0, ci_high=95.0)
    faults = recompute(run, policy, ()).faults
    assert any(fault.startswith("decision.json: the gate cannot reach it again: ") for fault in faults)


@pytest.mark.slow
@pytest.mark.parametrize("changed", ["confidence", "max_unscored", "warnings"])
def test_every_setting_of_the_decision_is_compared(changed: str, run: RunFolder, policy: PolicyFile) -> None:
    decision = run.read_decision()
    assert decision is not None
    value = ["x"] if changed == "warnings" else 0.5
    run.write_decision(decision.model_copy(update={changed: value}))
    assert any(changed in fault for fault in recompute(run, policy, ()).faults)
