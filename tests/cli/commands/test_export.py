"""``audit export``: where its output goes, and what is refused before anything is read."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from audit.core.run_folder import RunFolder
from tests.cli.commands.test_gate import policy_for
from tests.reports.monitoring.receiver import receiver
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]


def verdicts(text: str) -> set[str]:
    return {
        sample.labels["verdict"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "audit_gate_verdict" and sample.value == 1
    }


@pytest.mark.slow
def test_prometheus_has_the_numbers_of_the_run_and_its_verdict(
    audit: Audit, finished: RunFolder, tmp_path: Path
) -> None:
    file = tmp_path / "out" / "audit.prom"
    assert audit("export", finished.path, "--prometheus", file) == (0, f"{file}\n", "")
    assert verdicts(file.read_text("utf-8")) == set()
    assert audit("gate", finished.path, "--policy", policy_for("FAIL", finished))[0] == 10
    code, text, said = audit("export", finished.path, "--prometheus", "/dev/stdout")
    assert (code, said) == (0, "")
    assert verdicts(text) == {"FAIL"}
    (metric,) = [m for m in finished.read_metrics() if m.name == "crows_pairs/pct_stereotype" and m.slice is None]
    found = {
        (sample.name, sample.labels["run"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("metric") == metric.metric and not sample.labels["slice"]
    }
    assert found["audit_metric_value", finished.run_id] == metric.value
    assert found["audit_metric_ci_low", finished.run_id] == metric.ci_low


@pytest.mark.slow
def test_a_verdict_that_is_out_of_date_is_left_out_with_a_line(
    audit: Audit, finished: RunFolder, tmp_path: Path
) -> None:
    assert audit("gate", finished.path, "--policy", policy_for("PASS", finished))[0] == 0
    decision = finished.read_decision()
    assert decision is not None
    finished.write_decision(decision.model_copy(update={"metrics_sha256": "0" * 64}))
    code, _, said = audit("export", finished.path, "--prometheus", tmp_path / "a.prom")
    assert code == 0
    assert "the verdict is left out: it was reached on other metrics than these: run audit gate again" in said
    assert verdicts((tmp_path / "a.prom").read_text("utf-8")) == set()


@pytest.mark.slow
def test_several_runs_go_to_a_collector_in_one_call(audit: Audit, finished: RunFolder) -> None:
    other = RunFolder.open(shutil.copytree(finished.path, finished.path.parent / "20990101T000000Z-other-000000"))
    other.write_manifest(other.read_manifest().model_copy(update={"run_id": other.path.name}))
    sealed(other)
    with receiver() as collector:
        code, shown, said = audit("export", finished.path, other.path, "--otlp", collector.url)
    assert (code, shown, said) == (0, f"sent to {collector.url}/v1/metrics\n", "")
    (posted,) = collector.posted
    assert len(ExportMetricsServiceRequest.FromString(posted.body).resource_metrics) == 2


@pytest.mark.slow
def test_mlflow_keeps_one_run(
    audit: Audit, finished: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    _, first, said = audit("export", finished.path, "--mlflow")
    assert said == ""
    run = first.split()[2]
    assert first == f"MLflow run {run} made: {finished.run_id}\n"
    again = audit("export", finished.path, "--mlflow-uri", (tmp_path / "store").as_uri())
    assert again == (0, f"MLflow run {run} updated: {finished.run_id}\n", "")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ((), "error: nothing to do: name a target: --prometheus FILE, --otlp URL or --mlflow\n"),
        (("--otlp", "localhost"), "error: --otlp: not the address of a server: "),
        (("--prometheus", "."), "error: .: cannot be written: Is a directory"),
    ],
)
def test_slips_are_said_before_a_run_is_read(
    audit: Audit, finished: RunFolder, words: tuple[str, ...], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.reports.contents.read", lambda *_, **__: pytest.fail("read"))
    code, _, said = audit("export", finished.path, *words)
    assert code == 2
    assert said.startswith(fault)


def test_a_run_that_is_named_twice_is_refused(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    words = ("export", finished.path, "latest", "--runs", finished.path.parent, "--prometheus", tmp_path / "x")
    assert audit(*words) == (2, "", f"error: {finished.run_id}: two of the names are this run: name it once\n")


def test_evidence_is_not_overwritten(audit: Audit, finished: RunFolder) -> None:
    code, _, said = audit("export", finished.path, "--prometheus", finished.metrics_path)
    assert (code, "choose another name" in said) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("prometheus_client", ("--prometheus", "a.prom")),
        ("opentelemetry.exporter.otlp.proto.http.metric_exporter", ("--otlp", "http://127.0.0.1:4318")),
        ("mlflow", ("--mlflow-uri", "sqlite:///m.db")),
    ],
)
def test_a_missing_package_is_one_line(
    audit: Audit, finished: RunFolder, monkeypatch: pytest.MonkeyPatch, package: str, words: tuple[str, str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("audit.cli.commands.export._read", lambda *_: pytest.fail("read"))
    code, _, said = audit("export", finished.path, *words)
    assert code == 2
    assert said.endswith("pip install 'checkpoint-audit[monitoring]'\n")
    assert said.count("\n") == 1
