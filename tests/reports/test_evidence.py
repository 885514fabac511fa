"""What the gate passed though it did not belong together; each is exit 12 now, or cannot pass."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.app import stored
from audit.cli.main import run_command
from audit.core.errors import EvidenceInvalid
from audit.gate.decide import decide
from audit.gate.evidence import seal
from audit.gate.policy import load_policy
from audit.reports import contents, lm_eval_files
from audit.reports.render import json_report, markdown
from audit.reports.render.card import render
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured
from tests.reports.conftest import STARTED, a_sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

    Records = dict[str, Callable[..., Any]]
    Rows = list[dict[str, Any]]


@pytest.fixture
def run(full_run: RunFolder) -> RunFolder:
    """A complete run of the tasks that its configuration names."""
    config = full_run.read_manifest().config
    config["evals"]["tasks"] = [{"name": "boolq", "limit": 40}]
    seal(full_run, full_run.read_manifest().model_copy(update={"config": config}))
    return full_run


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Rules that the run satisfies."""
    file = tmp_path / "policy.yaml"
    rules = [{"metric": "boolq/accuracy", "min": 0.3}, {"metric": "crows_pairs/pct_stereotype", "min": 10, "max": 90}]
    file.write_text(yaml.safe_dump({"rules": rules}))
    return file


@pytest.fixture
def gate(run: RunFolder, policy: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[int, str]]:
    """``audit gate`` on the run: exit code, and the line on stderr."""

    def call() -> tuple[int, str]:
        capsys.readouterr()
        code = run_command(["gate", str(run.path), "--policy", str(policy)])
        return code, capsys.readouterr().err

    return call


def edit_metrics(run: RunFolder, change: Callable[[Rows], object]) -> None:
    rows: Rows = json.loads(run.metrics_path.read_text())
    change(rows)
    run.metrics_path.write_text(json.dumps(rows))


def row(rows: Rows, name: str) -> dict[str, Any]:
    return next(one for one in rows if one["name"] == name and one["slice"] is None)


def better(run: RunFolder) -> None:
    edit_metrics(run, lambda rows: row(rows, "boolq/accuracy").update(value=0.9, ci_low=0.88, ci_high=0.92))


def narrower(run: RunFolder) -> None:
    value = next(metric.value or 0.0 for metric in run.read_metrics() if metric.name == "boolq/accuracy")
    edit_metrics(run, lambda rows: row(rows, "boolq/accuracy").update(ci_low=value - 0.01, ci_high=value + 0.01))


def without_samples(run: RunFolder) -> None:
    shutil.rmtree(run.path / "samples")


def half_a_file(run: RunFolder) -> None:
    path = run.samples_path("evals", "boolq")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_checkpoint(run: RunFolder) -> None:
    manifest = run.read_manifest()
    run.write_manifest(manifest.model_copy(update={"model": manifest.model.model_copy(update={"digest": "f" * 64})}))


def metrics_elsewhere(run: RunFolder) -> None:
    run.metrics_path.rename(run.path.parent / "elsewhere.json")
    run.metrics_path.symlink_to(run.path.parent / "elsewhere.json")


def key_twice(run: RunFolder) -> None:
    text = run.metrics_path.read_text()
    run.metrics_path.write_text(text.replace('"ci_low": ', '"ci_low": 0.7, "ci_low": ', 1))


def interrupted(run: RunFolder) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"interrupted": True}))


def not_finished(run: RunFolder) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"finished": None}))


CHANGED: dict[str, tuple[Callable[[RunFolder], None], str]] = {
    "metrics edited": (better, "metrics.json: evidence invalid: it was changed"),
    "intervals narrowed": (narrower, "metrics.json: evidence invalid: it was changed"),
    "samples deleted": (without_samples, "boolq.parquet: evidence invalid: it is missing"),
    "a samples file cut in half": (half_a_file, "boolq.parquet: evidence invalid: it was changed"),
    "another checkpoint's manifest": (other_checkpoint, "manifest.json: evidence invalid: it was changed"),
    "metrics a link out of the folder": (metrics_elsewhere, "metrics.json: evidence invalid: it is a link out of"),
    "a key given twice": (key_twice, "metrics.json: evidence invalid: it was changed"),
    "complete and interrupted": (interrupted, "status complete, but it was interrupted before the end"),
    "complete and not finished": (not_finished, "status complete, but its finish time is missing"),
}
IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "a value outside its interval": ({"value": 0.2, "ci_low": 0.7, "ci_high": 0.9}, "lies outside its interval"),
    "a share of 7": ({"value": 7.0, "ci_low": 6.0, "ci_high": 8.0}, "7 is impossible"),
    "an interval of zero width": ({"value": 0.8, "ci_low": 0.8, "ci_high": 0.8}, "no width"),
    "one item": ({"value": 0.8, "n": 1, "ci_low": 0.7, "ci_high": 0.9}, "n is 1"),
}
UNSCORED: dict[str, tuple[dict[str, Any], str]] = {
    "below 0": ({"value": -3.0}, "-3 is impossible"),
    "of no samples": ({"n": 0}, "boolq/unscored has n 0, missing 0, the samples give n 40, missing 0"),
    "of too many samples": ({"n": 1000}, "has n 1000, missing 0, the samples give n 40, missing 0"),
}


def test_a_sound_run_passes(run: RunFolder, gate: Callable[[], tuple[int, str]]) -> None:
    assert gate() == (0, "")
    assert run.read_decision() is not None


@pytest.mark.parametrize("case", CHANGED)
def test_a_changed_run_is_refused_by_gate_and_report(
    case: str, run: RunFolder, gate: Callable[[], tuple[int, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    change, reason = CHANGED[case]
    change(run)
    code, said = gate()
    assert code == 12
    assert reason in said
    assert said.count("\n") == 1
    assert not run.decision_path.exists()
    for form in ("html", "md", "json"):
        assert run_command(["report", str(run.path), "--format", form]) == 12
        assert reason in capsys.readouterr().err
    assert not run.report_path.exists()


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_an_impossible_number_is_refused_under_new_digests_too(
    case: str, run: RunFolder, gate: Callable[[], tuple[int, str]]
) -> None:
    changes, reason = IMPOSSIBLE[case]
    edit_metrics(run, lambda rows: row(rows, "boolq/accuracy").update(changes))
    seal(run)
    code, said = gate()
    assert (code, reason in said, "boolq/accuracy" in said) == (12, True, True)


@pytest.mark.parametrize("case", UNSCORED)
def test_unscored_samples_are_counted_again(case: str, run: RunFolder, gate: Callable[[], tuple[int, str]]) -> None:
    changes, reason = UNSCORED[case]
    edit_metrics(run, lambda rows: row(rows, "boolq/unscored").update(changes))
    seal(run)
    code, said = gate()
    assert (code, reason in said) == (12, True)


def test_two_rows_of_one_metric_are_refused(run: RunFolder, gate: Callable[[], tuple[int, str]]) -> None:
    good = {"value": 0.9, "ci_low": 0.88, "ci_high": 0.92, "slice": {}, "definition": None}
    edit_metrics(run, lambda rows: rows.insert(0, {**row(rows, "boolq/accuracy"), **good}))
    seal(run)
    code, said = gate()
    assert (code, "boolq/accuracy occurs twice" in said) == (12, True)


def test_a_key_given_twice_is_refused_under_new_digests_too(
    run: RunFolder, gate: Callable[[], tuple[int, str]]
) -> None:
    key_twice(run)
    seal(run)
    code, said = gate()
    assert (code, "duplicate key 'ci_low'" in said) == (2, True)


def test_a_configured_task_without_a_metric_cannot_pass(run: RunFolder, gate: Callable[[], tuple[int, str]]) -> None:
    manifest = run.read_manifest()
    manifest.config["evals"]["tasks"].append({"name": "gsm8k"})
    seal(run, manifest)
    assert gate()[0] == 13
    decision = run.read_decision()
    assert decision is not None
    assert (decision.verdict, decision.checks[0].verdict) == ("INCONCLUSIVE", "INCONCLUSIVE")
    assert "1 left no metric, first gsm8k" in decision.checks[0].reason


@pytest.mark.slow
def test_items_that_a_metric_left_out_keep_it_from_passing(run: RunFolder, policy: Path) -> None:
    """32 answers, all scored, of which 29 hold a number: the mean squared error is about 29 and does not pass."""
    samples = [
        a_sample("asdiv", index, score=float(index % 2), scores={"squared_error": 1.0 + index} if index < 29 else {})
        for index in range(32)
    ]
    definition = Mean(of="scores.squared_error", seed=1)
    error = measured(definition, samples, metric="mean_squared_error", unit="squared_error", higher_is_better=False)
    run.write_samples("evals", "asdiv", samples)
    run.write_metrics([*run.read_metrics(), error, unscored_metric("evals", "asdiv", samples)])
    seal(run)
    policy.write_text(yaml.safe_dump({"rules": [{"metric": "asdiv/mean_squared_error", "max": 1e8}]}))
    check = decide(run, load_policy(policy)).checks[1]
    assert (check.verdict, check.reason) == ("INCONCLUSIVE", "3 of 32 scored items have no value")
    assert "3 of 32 scored items have no value and are left out" in render(contents.read(run))
    policy.write_text(yaml.safe_dump({"rules": [{"metric": "asdiv/mean_squared_error", "max": 0.5}]}))
    assert decide(run, load_policy(policy)).checks[1].verdict == "FAIL"


def spoilt(decision: Decision, **changes: Any) -> dict[str, Any]:
    return {**decision.model_dump(mode="json"), **changes}


def forged(decision: Decision, case: str) -> dict[str, Any]:
    """A verdict that the gate did not reach on this run."""
    checks = [check.model_dump(mode="json") for check in decision.checks]
    failed = [checks[0], {**checks[1], "verdict": "FAIL"}]
    strict = [checks[0], {**checks[1], "rule": "min 0.99", "minimum": 0.99}, *checks[2:]]
    raised = [checks[0], {**checks[1], "value": 0.99, "ci_low": 0.98, "ci_high": 1.0}, *checks[2:]]
    return {
        "one check fails": spoilt(decision, checks=failed),
        "another run": spoilt(decision, run_id="20200101T000000Z-other-000000"),
        "another checkpoint": spoilt(decision, model_digest="f" * 64),
        "other metrics": spoilt(decision, metrics_sha256="0" * 64),
        "no checks": spoilt(decision, checks=[]),
        "no check of the run": spoilt(decision, checks=checks[1:]),
        "a rule that is violated": spoilt(decision, checks=strict),
        "other values": spoilt(decision, checks=raised),
        "no metric of this run": spoilt(decision, checks=[checks[0], {**checks[1], "metric": "mmlu/accuracy"}]),
        "no decision at all": {"schema_version": 2, "verdict": "PASS"},
        "under the shipped policy": spoilt(decision, policy_sha256=load_policy().sha256),
    }[case]


FORGED = {
    "one check fails": "its verdict does not follow from its checks",
    "another run": "it was reached on another run",
    "another checkpoint": "it was reached on another checkpoint",
    "other metrics": "it was reached on other metrics",
    "no checks": "its verdict does not follow from its checks",
    "no check of the run": "it does not judge the run as it is, status complete",
    "a rule that is violated": "it passes boolq/accuracy, which min 0.99 does not allow",
    "other values": "its value of boolq/accuracy is not the one that was measured",
    "no metric of this run": "its value of mmlu/accuracy is not the one that was measured",
    "no decision at all": "it cannot be read",
    "under the shipped policy": "the gate reaches INCONCLUSIVE under the same policy",
}


@pytest.mark.slow
def test_a_verdict_of_the_gate_is_shown(run: RunFolder, policy: Path) -> None:
    for file in (load_policy(policy), load_policy()):
        decision = decide(run, file)
        run.write_decision(decision)
        read = contents.read(run)
        assert (read.decision, read.stale_reason) == (decision, None)


@pytest.mark.slow
@pytest.mark.parametrize("case", FORGED)
def test_a_verdict_that_the_gate_did_not_reach_is_shown_nowhere(case: str, run: RunFolder, policy: Path) -> None:
    decision = decide(run, load_policy(policy))
    assert decision.verdict == "PASS"
    run.decision_path.write_text(json.dumps(forged(decision, case)))
    read = contents.read(run)
    assert read.decision is None
    assert FORGED[case] in str(read.stale_reason)
    card = render(read)
    assert "NOT JUDGED" in card
    assert "The verdict is out of date" in card
    assert "PASS" not in markdown.render(read)
    report = json.loads(json_report.render(read))
    assert (report["decision"], report["stale_decision"]) == (None, True)
    assert FORGED[case] in report["stale_reason"]


def test_report_card_and_exports_ask_for_the_definitions_of_own_tasks_like_the_gate(
    run: RunFolder, gate: Callable[[], tuple[int, str]], tmp_path: Path
) -> None:
    """Without its definition, a value could be raised: sealed again, nothing else contradicts it."""

    def better(rows: Rows) -> None:
        row(rows, "boolq/accuracy").update(definition=None, value=0.9, ci_high=0.95)

    edit_metrics(run, better)
    seal(run)
    refused = r"metrics\.json: evidence invalid: boolq/accuracy has no definition, which all metrics of boolq have"
    with pytest.raises(EvidenceInvalid, match=refused):
        contents.read(run)
    with pytest.raises(EvidenceInvalid, match=refused):
        lm_eval_files.write(run, tmp_path / "exported")
    assert stored.fault(run) is not None
    assert gate()[0] == 12


def test_a_verdict_is_not_that_of_a_run_which_became_partial(run: RunFolder, policy: Path) -> None:
    run.write_decision(decide(run, load_policy(policy)))
    seal(run, run.read_manifest().model_copy(update={"status": "partial"}))
    assert "it does not judge the run as it is, status partial" in str(contents.read(run).stale_reason)


def test_a_run_that_is_going_on_shows_what_it_has(make_run: Callable[..., RunFolder], records: Records) -> None:
    run = make_run([records["metric"](), records["unscored"]()], status="running")
    assert [task.task for task in contents.read(run).tasks] == ["boolq"]
    assert run.read_manifest().started == STARTED


def test_a_run_that_says_it_goes_on_is_not_believed_to_have_finished(run: RunFolder) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"status": "running"}))
    with pytest.raises(EvidenceInvalid, match="status running, but its finish time is set"):
        contents.read(run)
