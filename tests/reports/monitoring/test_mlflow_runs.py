"""Runs in a real tracking store of MLflow, in a folder: to make one in SQLite takes it 20 seconds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.reports import contents
from audit.reports.exports.formats import Format
from audit.reports.monitoring import mlflow_runs
from audit.reports.monitoring.mlflow_runs import Store
from tests.reports.conftest import STARTED, a_metric
from tests.reports.exports.conftest import a_check, a_decision
from tests.reports.monitoring.conftest import some_metrics
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

    MakeRun = Callable[..., RunFolder]

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Folders as stores, artefacts in the test's folder, no chart drawn."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv(mlflow_runs.URI_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Format, "render", lambda *_: "<html>card</html>")


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return (tmp_path / "store").as_uri()


def log(uri: str, run: RunFolder, **changes: Any) -> mlflow_runs.LoggedRun:
    found = contents.read(run)
    for name, value in changes.items():
        object.__setattr__(found, name, value)
    return Store(uri, "audits").log(found, run)


def client(uri: str) -> Any:
    import mlflow

    return mlflow.MlflowClient(tracking_uri=uri)


def stored(uri: str, view: int = 1) -> list[Any]:
    made = client(uri)
    return list(made.search_runs([made.get_experiment_by_name("audits").experiment_id], run_view_type=view))


def test_a_run_is_stored_with_what_it_reports_and_nothing_else(uri: str, make_run: MakeRun) -> None:
    run = make_run(some_metrics())
    logged = log(uri, run)
    (found,) = stored(uri)
    assert (logged.run_id, logged.state) == (found.info.run_id, "made")
    assert found.data.metrics == {
        "boolq/accuracy": 0.6, "boolq/accuracy.ci_low": 0.5, "boolq/accuracy.ci_high": 0.7,
        "boolq/accuracy.n": 100, "boolq/accuracy.missing": 3,
        "boolq/mean_length": 1e-9, "boolq/mean_length.n": 100, "boolq/mean_length.missing": 0,
        "boolq/accuracy.topic:science": 0.25, "boolq/accuracy.topic:science.ci_low": 0.125,
        "boolq/accuracy.topic:science.ci_high": 0.5, "boolq/accuracy.topic:science.n": 100,
        "boolq/accuracy.topic:science.missing": 0,
    }  # fmt: skip
    manifest = run.read_manifest()
    assert found.data.params == {
        "model": "tiny-chat", "digest": manifest.model.digest, "dtype": "float32", "quantization": "gguf:Q4_1",
        "seed.run": "1234",
    }  # fmt: skip
    tags = {name: text for name, text in found.data.tags.items() if name.startswith("audit.")}
    assert tags["audit.run_id"] == found.info.run_name == manifest.run_id
    assert (tags["audit.verdict"], tags["audit.status"]) == ("none", "complete")
    start = int(STARTED.timestamp() * 1000)
    assert (found.info.status, found.info.start_time, found.info.end_time) == ("FINISHED", start, start + 252_000)


def test_artefacts_are_the_card_and_the_metrics(uri: str, make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(some_metrics())
    logged = log(uri, run)
    made = client(uri)
    assert {one.path for one in made.list_artifacts(logged.run_id)} == {"metrics.json", "report"}
    for name, text in (("metrics.json", run.metrics_path.read_bytes()), ("report/index.html", b"<html>card</html>")):
        (tmp_path / "got").mkdir(exist_ok=True)
        with open(made.download_artifacts(logged.run_id, name, str(tmp_path / "got")), "rb") as file:  # noqa: PTH123
            assert file.read() == text


def test_exporting_twice_doubles_nothing_and_brings_the_verdict_up_to_date(uri: str, make_run: MakeRun) -> None:
    run = make_run(some_metrics())
    first = log(uri, run)
    decision = a_decision(a_check(verdict="FAIL"))
    run.write_decision(decision)
    second = log(uri, run, decision=decision)
    assert (second.run_id, second.state) == (first.run_id, "updated")
    (found,) = stored(uri)
    assert (found.data.tags["audit.verdict"], found.data.tags["audit.policy"]) == ("FAIL", "release policy.yaml")
    assert len(client(uri).get_metric_history(first.run_id, "boolq/accuracy")) == 1
    assert "decision.json" in {one.path for one in client(uri).list_artifacts(first.run_id)}
    log(uri, make_run(some_metrics(), run_id="20260131T120000Z-other-0a1b2c"))
    assert len(stored(uri)) == 2


def test_other_numbers_take_the_place_of_the_earlier_ones(uri: str, make_run: MakeRun) -> None:
    run = make_run(some_metrics())
    first = log(uri, run)
    run.write_metrics([a_metric(value=0.65)])
    second = log(uri, sealed(run))
    assert second.state == "replaced"
    (found,) = stored(uri)
    assert found.info.run_id == second.run_id
    assert set(found.data.metrics) == {f"boolq/accuracy{end}" for end in ("", ".ci_low", ".ci_high", ".n", ".missing")}
    assert found.data.metrics["boolq/accuracy"] == 0.65
    assert [one.info.run_id for one in stored(uri, view=2)] == [first.run_id]  # deleted, and can be restored


def test_an_export_that_was_interrupted_is_made_again(
    uri: str, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(some_metrics())

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("mlflow.MlflowClient.log_artifact", killed)
        with pytest.raises(KeyboardInterrupt):
            log(uri, run)
    half = stored(uri)
    assert len(half) == 1
    assert log(uri, run).state == "replaced"
    (found,) = stored(uri)
    assert found.info.run_id != half[0].info.run_id


def test_a_run_may_have_more_metrics_than_one_call(
    make_run: MakeRun, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(mlflow_runs.PER_CALL, "metrics", 3)
    monkeypatch.setitem(mlflow_runs.PER_CALL, "params", 2)
    run = make_run(some_metrics())
    assert [log(uri, run).state for _ in range(2)] == ["made", "updated"]
    (found,) = stored(uri)
    assert len(found.data.metrics) == 13
    assert len(found.data.params) == 5


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "failed"}, "FAILED"),
        ({"status": "partial"}, "FINISHED"),
        ({"status": "partial", "interrupted": True}, "KILLED"),
    ],
)
def test_mlflow_says_how_the_run_ended(uri: str, make_run: MakeRun, changes: dict[str, Any], status: str) -> None:
    log(uri, make_run(some_metrics(), **changes))
    assert stored(uri)[0].info.status == status


def test_a_run_that_was_killed_before_it_had_numbers(uri: str, make_run: MakeRun) -> None:
    logged = log(uri, make_run(None, status="running"))
    (found,) = stored(uri)
    assert (found.info.status, found.data.metrics) == ("KILLED", {})
    assert {one.path for one in client(uri).list_artifacts(logged.run_id)} == {"report"}


def test_names_that_mlflow_refuses_get_a_digest_and_stay_apart(uri: str, make_run: MakeRun) -> None:
    parts = [{"topic": "a/b"}, {"topic": "a_b"}, {"topic": "a b"}, {"topic": "é"}, {"topic": "x" * 300}, {"a": "1:2"}]
    log(uri, make_run([a_metric(slice=part, value=0.51 + i / 100) for i, part in enumerate(parts)]))
    values = {n: v for n, v in stored(uri)[0].data.metrics.items() if not n.endswith((".n", ".missing", "low", "high"))}
    assert sorted(values.values()) == pytest.approx([0.51 + index / 100 for index in range(len(parts))])
    assert "boolq/accuracy.topic:a_b" in values
    assert max(map(len, values)) <= mlflow_runs.LONGEST_NAME


def test_a_store_has_to_be_named(monkeypatch: pytest.MonkeyPatch, uri: str, make_run: MakeRun) -> None:
    with pytest.raises(ConfigError, match=r"^--mlflow: no tracking store: give --mlflow-uri"):
        Store(None, "audits")
    monkeypatch.setenv(mlflow_runs.URI_VARIABLE, uri)
    run = make_run(some_metrics())
    assert Store(None, "audits").log(contents.read(run), run).state == "made"


def test_a_deleted_experiment_is_refused(uri: str, make_run: MakeRun) -> None:
    log(uri, make_run(some_metrics()))
    client(uri).delete_experiment(client(uri).get_experiment_by_name("audits").experiment_id)
    with pytest.raises(ConfigError, match=r"^--mlflow-experiment audits: it is deleted: restore it"):
        Store(uri, "audits")


@pytest.mark.parametrize("uri", ["odd://user:SECRET@host/x?key=SECRET", "odd://user:SECRET@[::", "odd://host"])
def test_a_store_that_cannot_be_used_is_one_line_without_credentials(uri: str) -> None:
    with pytest.raises(ConfigError, match=r"^--mlflow: the tracking store cannot be used: ") as caught:
        Store(uri, "audits")
    assert "SECRET" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_password_is_left_out_as_it_is_typed_and_as_it_is_read() -> None:
    assert {"SE%40CRET", "SE@CRET"} <= {*mlflow_runs._secrets("http://user:SE%40CRET@host/x")}


def test_it_does_not_report_how_it_is_used(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY")
    Store(uri, "audits")
    assert os.environ.pop("MLFLOW_DISABLE_TELEMETRY") == "true"
