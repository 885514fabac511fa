"""The run folder: what is written comes back, what is broken is one clear line."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import AuditError, RunFolderError, WriteError
from audit.core.records import (
    SCHEMA_VERSION,
    Attribution,
    Decision,
    DrivenAnswers,
    Drivers,
    Feature,
    GateCheck,
    GitState,
    Metric,
    ModelRecord,
    Platform,
    RunManifest,
    Sample,
)
from audit.core.run_folder import RunFolder, new_run_id

STARTED = datetime(2026, 1, 31, 23, 59, 59, 5, tzinfo=UTC)


def make_manifest(run_id: str = "20260131T235959Z-tiny-0a1b2c", **changes: Any) -> RunManifest:
    fields: dict[str, Any] = {
        "run_id": run_id,
        "model": ModelRecord(
            name="tiny", source="./tiny", digest="ab", architecture="LlamaForCausalLM", parameter_count=7,
            dtype="float32", max_length=256, device="cpu",
        ),
        "config": {"seed": 1234, "data_dirs": []},
        "seeds": {"run": 1234},
        "packages": {"torch": "2.13.0"},
        "platform": Platform(system="Linux", machine="x86_64", python="3.11", cpu_count=2, threads=2, memory_bytes=1),
        "git": GitState(),
        "started": STARTED,
        "status": "running",
        "signature": "tiny|seed:1234",
    }  # fmt: skip
    return RunManifest(**(fields | changes))


def make_metric(name: str = "boolq/accuracy", value: float | None = 0.5, **changes: Any) -> Metric:
    task, metric = name.split("/")
    fields = {"name": name, "suite": "evals", "task": task, "metric": metric, "value": value, "n": 4}
    return Metric(**(fields | changes))


def make_attribution(attribution_id: str = "f00d", **changes: Any) -> Attribution:
    fields: dict[str, Any] = {
        "attribution_id": attribution_id, "method": "occlusion", "prompt": "ab", "target": " c",
        "reason": "confident error",
        "features": [Feature(text="a", start=0, end=1), Feature(text="b", start=1, end=2)], "values": [0.5, -0.25],
        "unit": "nats", "target_log_prob": -1.5, "faithfulness": {"deletion": None}, "verdict": "weak",
        "evaluations": 3, "seconds": 0.1,
    }  # fmt: skip
    return Attribution(**(fields | changes))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", make_manifest())


def test_a_run_id_is_utc_time_model_name_and_digest() -> None:
    fields = {"config": {"seed": 1}, "started": STARTED.isoformat()}
    run_id = new_run_id(STARTED, "HuggingFaceTB/SmolLM2 135M", fields)
    assert run_id[:-6] == "20260131T235959Z-HuggingFaceTB-SmolLM2-135M-"
    assert int(run_id[-6:], 16) >= 0
    elsewhere = STARTED.astimezone(timezone(timedelta(hours=9)))
    assert new_run_id(elsewhere, "m", {}) == new_run_id(STARTED, "m", {})


def test_the_digest_covers_every_field_but_the_run_id() -> None:
    fields = make_manifest().model_dump(mode="json")
    run_id = new_run_id(STARTED, "tiny", fields)
    assert new_run_id(STARTED, "tiny", fields | {"run_id": "something else"}) == run_id
    assert new_run_id(STARTED, "tiny", fields | {"seeds": {"run": 1}}) != run_id


@pytest.mark.parametrize(
    "name", ["../../etc", "..", "", "/", "openai:http://localhost:8000#m", "模型", "a" * 300, "-x-"]
)
def test_a_run_id_is_one_safe_folder_name(name: str) -> None:
    run_id = new_run_id(STARTED, name, {})
    assert len(run_id) < 100
    assert Path(run_id).name == run_id
    assert run_id.isascii()
    assert ".." not in run_id.split("-")


def test_a_start_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        new_run_id(STARTED.replace(tzinfo=None), "tiny", {})


def test_what_is_written_comes_back(run: RunFolder) -> None:
    metrics = [make_metric(), make_metric("boolq/f1", None, error="one class"), make_metric(slice={"b": "1", "a": "2"})]
    samples = [Sample(sample_id="1", suite="evals", task="boolq", prompt="?", score=1.0)]
    decision = Decision(
        run_id="r", model_digest="ab", policy="policy.yaml", policy_sha256="cd", metrics_sha256="ef", verdict="FAIL",
        confidence=0.95, max_unscored=0, optional=[],
        checks=[GateCheck(metric="boolq/accuracy", rule="min 0.6", minimum=0.6, maximum=None, max_unscored=None,
                          value=0.5, ci_low=None, ci_high=None,
                          verdict="FAIL", reason="below")], decided=STARTED,
    )  # fmt: skip
    drivers = Drivers(method="occlusion", asked=9, groups=[DrivenAnswers(answers="error", samples=0, tested=[])])
    assert run.read_decision() is None
    assert run.read_drivers() is None
    assert run.read_attributions() == []
    assert run.tasks() == []
    run.write_manifest(make_manifest(status="complete", finished=STARTED))
    run.write_metrics(metrics)
    run.write_samples("evals", "boolq", samples)
    run.write_attribution(make_attribution("b"))
    run.write_attribution(make_attribution("a"))
    run.write_decision(decision)
    run.write_drivers(drivers)
    again = RunFolder.open(run.path)
    assert again.read_manifest() == make_manifest(status="complete", finished=STARTED)
    assert again.read_metrics() == metrics
    assert again.read_samples("evals", "boolq") == samples
    assert again.read_attributions() == [make_attribution("a"), make_attribution("b")]
    assert again.read_decision() == decision
    assert again.read_drivers() == drivers
    assert again.run_id == make_manifest().run_id


def test_the_files_have_the_names_of_the_contract(run: RunFolder) -> None:
    run.write_metrics([])
    run.write_samples("safety", "crows_pairs", [])
    run.write_attribution(make_attribution())
    files = sorted(str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file())
    assert files == ["attributions/f00d.json", "manifest.json", "metrics.json", "samples/safety/crows_pairs.parquet"]
    assert run.journal_path == run.path / "journal.sqlite"
    assert run.report_path == run.path / "report" / "index.html"
    assert run.decision_path == run.path / "decision.json"
    assert run.drivers_path == run.path / "drivers.json"


def test_task_names_and_ids_never_leave_the_folder(run: RunFolder) -> None:
    for task in ("../../x", "a/b", "..", ".hidden", "leaderboard|gsm8k", "50%", "%2F"):
        run.write_samples("evals", task, [Sample(sample_id="1", suite="evals", task=task, prompt="?")])
        assert run.samples_path("evals", task).parent == run.path / "samples" / "evals"
        assert run.read_samples("evals", task)[0].task == task
    run.write_attribution(make_attribution("../../x"))
    assert {task for _, task in run.tasks()} == {"../../x", "a/b", "..", ".hidden", "leaderboard|gsm8k", "50%", "%2F"}
    assert {path.name for path in run.path.iterdir()} == {"manifest.json", "samples", "attributions"}


def test_create_refuses_a_run_that_exists_and_a_folder_that_is_none(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="already exists"):
        RunFolder.create(run.path.parent, make_manifest())
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="part of the path is a file"):
        RunFolder.create(tmp_path / "file", make_manifest())


def test_metrics_are_equal_byte_for_byte(run: RunFolder) -> None:
    run.write_metrics([make_metric(value=0.0, slice={"a": "1", "b": "2"}), make_metric("mmlu/accuracy", 0.1 + 0.2)])
    before = run.metrics_path.read_bytes()
    run.write_metrics([make_metric(value=-0.0, slice={"b": "2", "a": "1"}), make_metric("mmlu/accuracy", 0.1 + 0.2)])
    assert run.metrics_path.read_bytes() == before
    assert b'"value": 0.30000000000000004' in before
    assert b"-0.0" not in before
    assert list(json.loads(before)[0]) == list(Metric.model_fields)


def test_metrics_keep_their_order(run: RunFolder) -> None:
    metrics = [make_metric("b/x"), make_metric("a/x"), make_metric("a/a")]
    run.write_metrics(metrics)
    assert run.read_metrics() == metrics


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([make_metric(), make_metric()], "boolq/accuracy occurs twice with slice None"),
        ([make_metric(slice={"a": "1", "b": "2"}), make_metric(slice={"b": "2", "a": "1"})], "occurs twice"),
        ([make_metric(value=float("nan"))], "NaN or infinite"),
        ([make_metric(ci_low=0.1, ci_high=float("inf"))], "NaN or infinite"),
        ([make_metric(value=None)], "null without an error"),
        ([make_metric().model_copy(update={"name": "accuracy"})], "must be task/metric"),
    ],
)
def test_metrics_that_break_the_contract_are_not_written(run: RunFolder, metrics: list[Metric], message: str) -> None:
    with pytest.raises(AuditError, match=message):
        run.write_metrics(metrics)
    assert not run.metrics_path.exists()


def test_an_attribution_with_nan_is_not_written(run: RunFolder) -> None:
    with pytest.raises(AuditError, match="not written"):
        run.write_attribution(make_attribution(values=[float("nan"), 0.0]))
    assert run.read_attributions() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the file is empty"),
        (b"{", "Expecting property name"),
        (b"\xff", r"not UTF-8 text \(byte 1, line 1\)"),
        (b"[]", "no schema_version"),
        (b'{"schema_version": true}', "no schema_version"),
        (b'{"schema_version": 2}', "run_id: this key is required"),
        (b'{"schema_version": 1}', "schema version 1, this program reads 2: run the audit again"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_a_broken_manifest_is_one_line(run: RunFolder, text: bytes, message: str) -> None:
    run.manifest_path.write_bytes(text)
    with pytest.raises(RunFolderError, match=message) as caught:
        RunFolder.open(run.path)
    assert str(run.manifest_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_newer_schema_is_refused_before_its_unknown_fields(run: RunFolder) -> None:
    newer = json.loads(run.manifest_path.read_text()) | {"schema_version": SCHEMA_VERSION + 1, "a_new_field": 1}
    run.write_metrics([])
    run.manifest_path.write_text(json.dumps(newer))
    expected = f"schema version {SCHEMA_VERSION + 1}, this program reads {SCHEMA_VERSION}: upgrade"
    for read in (lambda: RunFolder.open(run.path), run.read_metrics, lambda: run.read_samples("evals", "boolq")):
        with pytest.raises(RunFolderError, match=expected):
            read()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "empty"),
        (b"{}", "must be a list"),
        (b"[1]", "0: must be a mapping"),
        (b"[{}]", "0.name: this key is required"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_broken_metrics_are_one_line(run: RunFolder, text: bytes, message: str) -> None:
    run.metrics_path.write_bytes(text)
    with pytest.raises(RunFolderError, match=message) as caught:
        run.read_metrics()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("old", "new"), [("0.5", "NaN"), ("0.5", '"0.5"'), ('"n": 4', '"n": 4, "n": 5')])
def test_metrics_edited_into_nonsense_are_refused(run: RunFolder, old: str, new: str) -> None:
    run.write_metrics([make_metric()])
    run.metrics_path.write_text(run.metrics_path.read_text().replace(old, new))
    with pytest.raises(RunFolderError, match="broken"):
        run.read_metrics()


def test_missing_metrics_tell_how_to_finish_the_run(run: RunFolder) -> None:
    with pytest.raises(RunFolderError, match="did not finish: resume it with 'audit run --resume'"):
        run.read_metrics()


def test_missing_samples_suggest_a_task(run: RunFolder) -> None:
    run.write_samples("evals", "boolq", [])
    with pytest.raises(RunFolderError, match=r"no samples of evals/boolk in this run\. Did you mean 'boolq'"):
        run.read_samples("evals", "boolk")


def test_temporary_files_are_not_taken_for_records(run: RunFolder) -> None:
    for folder, name in (("samples/evals", ".boolq.parquet"), ("attributions", ".f00d.json")):
        (run.path / folder).mkdir(parents=True)
        (run.path / folder / name).write_bytes(b"half")
    assert run.tasks() == []
    assert run.read_attributions() == []


def test_runs_are_found_by_path_by_id_and_as_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "runs"
    ids = ["20260131T235959Z-tiny-0a1b2c", "20260201T000000Z-a-000000", "20251231T000000Z-z-ffffff"]
    for run_id in ids:
        RunFolder.create(out, make_manifest(run_id))
    (out / "20990101T000000Z-not-a-run").mkdir()
    (out / "copy of a run").mkdir()
    (out / "copy of a run" / "manifest.json").write_bytes((out / ids[0] / "manifest.json").read_bytes())
    assert RunFolder.resolve("latest", out).path == out / ids[1]
    assert RunFolder.resolve(ids[2], out).path == out / ids[2]
    began = make_manifest().started
    for number, run_id in enumerate(
        ("20260201T000000Z-b-ffffff", "20260201T000000Z-b-111111", "20260201T000000Z-b-eeeeee")
    ):
        later = began + timedelta(milliseconds=100 * (number % 2))
        RunFolder.create(tmp_path / "same second", make_manifest(run_id, started=later))
    assert RunFolder.resolve("latest", tmp_path / "same second").run_id == "20260201T000000Z-b-111111"
    assert RunFolder.resolve(out / ids[2], tmp_path / "elsewhere").path == out / ids[2]
    monkeypatch.chdir(out)
    assert RunFolder.resolve("copy of a run", tmp_path).run_id == ids[0]
    assert [found.path.name for found in RunFolder.all(out)] == ["copy of a run", ids[1], ids[0], ids[2]]


def test_a_folder_that_is_no_run_is_not_called_incomplete(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    advice = "name one, such as runs/RUN-ID, a run-id, or 'latest'"
    for call in (lambda: RunFolder.open(tmp_path / "other"), lambda: RunFolder.resolve(tmp_path / "other", tmp_path)):
        with pytest.raises(RunFolderError) as caught:
            call()
        assert str(caught.value) == f"{tmp_path / 'other'}: no run folder: {advice}"
    with pytest.raises(RunFolderError) as caught:
        RunFolder.resolve(run.path.parent, tmp_path)
    holds = f"no run folder, but 1 in it: name one, such as {run.path}"
    assert str(caught.value) == f"{run.path.parent}: {holds}"


def test_a_file_is_no_run_that_does_not_exist(run: RunFolder, tmp_path: Path) -> None:
    for path in (run.manifest_path, run.path / "metrics.json"):
        path.touch()
        for call in (lambda path=path: RunFolder.open(path), lambda path=path: RunFolder.resolve(path, tmp_path)):
            with pytest.raises(RunFolderError) as caught:
                call()
            wanted = "give the path of a run, its run-id, or 'latest'."
            assert str(caught.value) == f"{path}: it is a file, and a run is a folder: {wanted}"


def test_a_run_that_is_nowhere_is_one_line(run: RunFolder, tmp_path: Path) -> None:
    out = run.path.parent
    with pytest.raises(RunFolderError, match="Did you mean '20260131T235959Z-tiny-0a1b2c'"):
        RunFolder.resolve("20260131T235959Z-tiny-0a1b2d", out)
    with pytest.raises(RunFolderError, match="no such run, neither as a path nor in"):
        RunFolder.resolve("x", tmp_path / "missing")
    with pytest.raises(RunFolderError, match="no runs here yet"):
        RunFolder.resolve("latest", tmp_path / "missing")
    renamed = tmp_path / "kept"
    shutil.copytree(run.path, renamed / "mine")
    with pytest.raises(RunFolderError, match=r"'latest' finds no renamed folders: name one, such as mine$"):
        RunFolder.resolve("latest", renamed)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "metrics.json").write_text("[]")
    with pytest.raises(RunFolderError, match=r"manifest\.json: no such file: the folder is incomplete"):
        RunFolder.resolve(tmp_path / "half", out)
    with pytest.raises(RunFolderError, match="no such run folder"):
        RunFolder.open(tmp_path / "missing")
