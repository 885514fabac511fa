"""What metrics and manifests cannot say is named, and neither written nor read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.contradictions import in_manifest, in_metric, in_metrics, in_records, without_metrics
from audit.core.errors import AuditError, EvidenceInvalid
from audit.core.provenance import package_versions
from audit.core.records import GitState, Metric, ModelRecord, NotRun, Platform, RunManifest, TaskResult
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.stats.aggregate import sound

if TYPE_CHECKING:
    from pathlib import Path

STARTED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def a_manifest(**changes: Any) -> RunManifest:
    model = ModelRecord(
        name="tiny", source="./tiny", digest="ab", architecture="LlamaForCausalLM", parameter_count=7, dtype="float32",
        max_length=256, device="cpu",
    )  # fmt: skip
    machine = Platform(system="Linux", machine="x86_64", python="3.11", cpu_count=2, threads=2, memory_bytes=1)
    fields: dict[str, Any] = {
        "run_id": "20260131T120000Z-tiny-0a1b2c", "model": model, "config": {}, "seeds": {"run": 1},
        "packages": package_versions(),
        "platform": machine, "git": GitState(), "started": STARTED, "finished": STARTED + timedelta(minutes=1),
        "status": "complete", "signature": "tiny",
    }  # fmt: skip
    return RunManifest(**(fields | changes))


def a_metric(**changes: Any) -> Metric:
    low, high = proportion_confint(60, 100, method="wilson")
    fields: dict[str, Any] = {
        "name": "boolq/accuracy", "suite": "evals", "task": "boolq", "metric": "accuracy", "value": 0.6, "n": 100,
        "ci_low": low, "ci_high": high, "ci_method": "wilson",
    }  # fmt: skip
    return Metric(**(fields | changes))


def a_count(value: float, n: int, metric: str = "unscored") -> Metric:
    return Metric(
        name=f"boolq/{metric}", suite="evals", task="boolq", metric=metric, value=value, n=n, unit="count"
    )  # fmt: skip


POSSIBLE = {
    "as measured": a_metric(),
    "null with a reason": a_metric(value=None, ci_low=None, ci_high=None, error="out of memory", n=0),
    "no interval": a_metric(ci_low=None, ci_high=None, ci_method=None),
    "all right": a_metric(value=1.0, ci_low=0.96, ci_high=1.0),
    "rounded past its end": a_metric(value=0.1 + 0.2, ci_low=0.1, ci_high=0.3),
    "rounded past the unit": a_metric(value=1.0, ci_low=0.9, ci_high=1 + 1e-12),
    "one of one": a_metric(value=1.0, n=1, ci_low=0.20654931654738094, ci_high=1.0),
    "an ordinary score": a_metric(unit="score", value=47.0, ci_low=40.0, ci_high=55.0),
    "negative nats": a_metric(unit="nats", value=-2.0, ci_low=-3.0, ci_high=-1.0),
    "none unscored": a_count(0, 100),
    "all unscored": a_count(100, 100),
    "with references": a_metric(chance=0.25, majority=1.0, ideal=0),
}
IMPOSSIBLE = {
    "outside its interval": (a_metric(value=0.2, ci_low=0.7, ci_high=0.9), "0.2 lies outside its interval"),
    "chance of 50 for a share": (a_metric(chance=50), "its chance 50 is impossible for a share, 0 to 1"),
    "majority of 2 for a share": (a_metric(majority=2), "its majority 2 is impossible for a share, 0 to 1"),
    "share of 7": (a_metric(value=7.0, ci_low=6.0, ci_high=8.0), "7 is impossible for a share"),
    "percent below 0": (a_metric(unit="percent", value=-1.0, ci_low=None, ci_high=None), "-1 is impossible"),
    "interval beyond the unit": (a_metric(ci_high=1.2), "1.2 is impossible"),
    "squared error below 0": (a_metric(unit="squared_error", value=5.0, ci_low=-1.0, ci_high=9.0), "-1 is impossible"),
    "no width": (a_metric(value=0.8, ci_low=0.8, ci_high=0.8), "no width"),
    "upside down": (a_metric(ci_low=0.7, ci_high=0.5), "no width"),
    "one end": (a_metric(ci_high=None), "one end"),
    "interval of nothing": (a_metric(value=None, error="lost"), "an interval but no value"),
    "interval of no items": (a_metric(n=0), "n is 0"),
    "one item, a share in between": (a_metric(value=0.8, n=1, ci_low=0.7, ci_high=0.9), "n is 1"),
    "one item on an open scale": (a_metric(unit="score", n=1), "n is 1"),
    "n below 0": (a_metric(n=-1), "counts a negative number of items"),
    "missing below 0": (a_metric(missing=-2), "counts a negative number of items"),
    "unscored below 0": (a_count(-3, 100), "-3 is impossible"),
    "more unscored than samples": (a_count(5, 0), "5 is not a possible count among 0 samples"),
    "half an unscored sample": (a_count(0.5, 10), "not a possible count"),
    "more cut than samples": (a_count(11, 10, "truncated_outputs"), "not a possible count"),
    "null without a reason": (a_metric(value=None, ci_low=None, ci_high=None), "null without an error"),
    "infinite": (a_metric(value=float("inf"), unit="nats", ci_low=None, ci_high=None), "NaN or infinite"),
    "another name": (a_metric().model_copy(update={"name": "mmlu/accuracy"}), "must be task/metric"),
}


@pytest.mark.parametrize("case", POSSIBLE)
def test_what_can_be_is_accepted(case: str) -> None:
    assert in_metric(POSSIBLE[case]) is None


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_be_is_named_and_not_written(case: str, tmp_path: Path) -> None:
    metric, reason = IMPOSSIBLE[case]
    assert reason in str(in_metric(metric))
    run = RunFolder.create(tmp_path, a_manifest())
    with pytest.raises(AuditError, match=r"metric \S+/"):
        run.write_metrics([metric])
    assert not run.metrics_path.exists()


@pytest.mark.parametrize("case", [case for case in IMPOSSIBLE if case not in {"infinite", "another name"}])
def test_what_cannot_be_is_not_read_either(case: str, tmp_path: Path) -> None:
    metric, reason = IMPOSSIBLE[case]
    run = RunFolder.create(tmp_path, a_manifest())
    run.metrics_path.write_text(
        json.dumps([a_metric(name="a/b", task="a", metric="b").model_dump(), metric.model_dump()])
    )
    with pytest.raises(EvidenceInvalid, match=r"metrics\.json: evidence invalid") as caught:
        run.read_metrics()
    assert reason in str(caught.value)
    assert caught.value.exit_code == 12


def test_an_infinite_reference_is_impossible_in_every_unit() -> None:
    assert "its ideal inf is impossible for nats" in str(in_metric(a_metric(unit="nats", ideal=float("inf"))))


def test_an_empty_slice_is_all_items(tmp_path: Path) -> None:
    assert a_metric(slice={}).slice is None
    bad, good = a_metric().model_dump(), a_metric(value=0.9, ci_low=0.8, ci_high=0.95).model_dump()
    run = RunFolder.create(tmp_path, a_manifest())
    run.metrics_path.write_text(json.dumps([good | {"slice": {}}, bad | {"slice": None}]))
    with pytest.raises(EvidenceInvalid, match="boolq/accuracy occurs twice"):
        run.read_metrics()


def test_the_same_name_in_other_slices_is_no_contradiction() -> None:
    assert in_metrics([a_metric(), a_metric(slice={"a": "1"}), a_metric(slice={"a": "2"})]) is None
    assert "occurs twice" in str(
        in_metrics([a_metric(slice={"a": "1", "b": "2"}), a_metric(slice={"b": "2", "a": "1"})])
    )


def test_a_run_reports_nothing_that_cannot_be() -> None:
    """What a task from elsewhere computes is cut to what can be right, and never written as it is."""
    beyond, outside, share, as_it_is = sound(
        [
            a_metric(unit="squared_error", value=5.0, ci_low=-1.0, ci_high=9.0, ci_method="student_t"),
            a_metric(ci_low=0.61, ci_high=0.7, note="a bootstrap"),
            a_metric(value=7.0, ci_low=6.0, ci_high=8.0),
            a_metric(),
        ]
    )
    assert (beyond.value, beyond.ci_low, beyond.ci_high) == (5.0, 0.0, 9.0)
    assert (outside.value, outside.ci_low, outside.ci_high) == (0.6, None, None)
    assert (outside.note, outside.no_interval) == (
        "a bootstrap",
        "its value 0.6 lies outside its interval, 0.61 to 0.7",
    )
    assert (share.value, share.ci_low) == (None, None)
    assert "impossible" in str(share.error)
    assert as_it_is == a_metric()
    assert in_metrics([beyond]) is in_metrics([outside]) is in_metrics([share]) is None


MANIFESTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "complete": ({}, None),
    "running": ({"status": "running", "finished": None}, None),
    "partial": ({"status": "partial", "interrupted": True}, None),
    "failed": ({"status": "failed", "broken": "it computes NaN"}, None),
    "complete, not finished": ({"finished": None}, "finish time is missing"),
    "failed, not finished": ({"status": "failed", "finished": None}, "finish time is missing"),
    "running, finished": ({"status": "running"}, "finish time is set"),
    "finished first": ({"finished": STARTED - timedelta(seconds=1)}, "before it started"),
    "complete, interrupted": ({"interrupted": True}, "interrupted before the end"),
    "complete, not all run": ({"not_run": [NotRun(suite="evals", task="gsm8k", reason="no data")]}, "did not run"),
    "complete, broken": ({"broken": "it computes NaN"}, "it computes NaN"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_status_times_and_warnings_agree(case: str) -> None:
    changes, reason = MANIFESTS[case]
    found = in_manifest(a_manifest(**changes))
    assert found is None if reason is None else reason in str(found)


def test_configured_tasks_that_left_no_metric_are_named() -> None:
    config = {
        "evals": {"tasks": [{"name": "boolq"}, {"name": "lm-eval:arc"}, {"name": "gsm8k"}, {"name": "a_tag"}]},
        "safety": {"tasks": [{"name": "bbq"}, {"name": "xstest", "when_present": True}, {"name": "gone"}]},
        "explain": {"methods": ["occlusion"]},
    }
    skipped = NotRun(suite="evals", task="gsm8k", reason="no data")
    manifest = a_manifest(config=config, not_run=[skipped], tasks={"a_tag": {"members": ["one", "two"]}})
    names = ["boolq", "arc", "two"]
    metrics = [a_metric(name=f"{name}/accuracy", task=name) for name in names]
    assert without_metrics(manifest, metrics) == ["bbq", "gone"]
    assert without_metrics(manifest, metrics[:2]) == ["a_tag", "bbq", "gone"]
    moved = a_metric(name="bbq/accuracy", task="bbq")
    assert without_metrics(manifest, [*metrics, moved]) == ["bbq", "gone"]
    assert without_metrics(manifest, [*metrics, moved.model_copy(update={"suite": "safety"})]) == ["gone"]


BOOLQ = {"evals": {"tasks": [{"name": "boolq"}]}}


@pytest.mark.parametrize("optional", [True, False])
def test_a_task_that_did_not_run_has_no_value(optional: bool) -> None:
    skipped = NotRun(suite="evals", task="boolq", reason="no data", optional=optional)
    manifest = a_manifest(status="partial", not_run=[skipped], config=BOOLQ)
    null = a_metric(value=None, ci_low=None, ci_high=None, error="no data", n=0)
    assert in_records(manifest, [null]) is None
    assert in_records(manifest, [a_metric(name="arc/accuracy", task="arc")]) is None
    told = "it says that boolq did not run, but boolq/accuracy is 0.6"
    assert in_records(manifest, [null, a_metric(), a_count(0, 100)]) == told


def test_a_probe_and_a_method_have_no_twin() -> None:
    for suite in ("safety", "explain"):
        skipped = NotRun(suite=suite, task="boolq", reason="is already in this run", taken=True)
        assert in_records(a_manifest(not_run=[skipped]), [a_metric(suite=suite)]) is not None


def test_the_words_of_a_reason_prove_no_twin() -> None:
    reason = "a task called boolq is already in this run: run it separately"
    for changes in ({"taken": False}, {"taken": True, "optional": True}):
        skipped = NotRun(suite="evals", task="boolq", reason=reason, **changes)
        manifest = a_manifest(status="partial", not_run=[skipped], config=BOOLQ)
        assert in_records(manifest, [a_metric(), a_count(0, 100)]) is not None


def test_the_evidence_of_a_run_that_says_so_is_refused(tmp_path: Path) -> None:
    skipped = NotRun(suite="evals", task="boolq", reason="no data", optional=True)
    run = RunFolder.create(tmp_path, a_manifest(not_run=[skipped], config=BOOLQ))
    run.write_metrics([a_metric(), a_count(0, 100)])
    evidence.seal(run)
    with pytest.raises(EvidenceInvalid, match=r"manifest\.json: evidence invalid: it says that boolq did not run"):
        evidence.check(run)


@pytest.mark.parametrize("other", ["lm-eval:boolq", "a_group"])
def test_another_task_of_that_name_may_have_run(other: str) -> None:
    """The audit's own lacked its data, or broke in a group; the one that was asked for next ran."""
    skipped = NotRun(suite="evals", task="boolq", reason="no data")
    config = {"evals": {"tasks": [{"name": "boolq"}, {"name": other}]}}
    manifest = a_manifest(status="partial", not_run=[skipped], config=config)
    assert in_records(manifest, [a_metric(), a_count(0, 100)]) is None


def test_a_second_task_of_a_name_that_was_taken_did_not_run() -> None:
    from audit.pipeline.results import _unless_taken

    earlier, later = (TaskResult(suite="evals", task="boolq", metrics=[a_metric(n=n)]) for n in (100, 200))
    twin = _unless_taken(later, [earlier])
    assert twin is not None
    assert twin.not_run
    skipped = NotRun(suite="evals", task="boolq", reason=twin.not_run, taken=twin.taken)
    assert in_records(a_manifest(status="partial", not_run=[skipped], config=BOOLQ), [a_metric()]) is None
