"""Runs in a line each: whole ones, running ones, and every way in which a folder can be broken."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from audit.core.run_folder import RunFolder
from audit.reports.browsing.run_list import RunSummary, matching, run_folders, stamp, summary, verdict
from tests.app.conftest import boolq, manifest, metrics
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TODAY = date(2026, 2, 1)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path / "runs", manifest(status="complete", not_run=[]))
    folder.write_samples("evals", "boolq", boolq())
    tasks = {"boolq": boolq(), "asdiv": boolq(), "toxicity": boolq()}
    folder.write_metrics([metric for metric in metrics(tasks) if metric.name == "boolq/accuracy"])
    return sealed(folder)


def test_a_whole_run_is_told_by_its_primary_metrics(run: RunFolder) -> None:
    told = summary(run.path)
    assert (told.fault, told.is_judged, verdict(run.path, TODAY)) == (None, False, None)
    assert told.tasks == ("boolq",)
    assert [(metric.name, metric.slice) for metric in told.metrics] == [("boolq/accuracy", None)]
    assert not told.is_running


def cut(run: RunFolder) -> None:
    path = run.samples_path("evals", "boolq")
    path.write_bytes(path.read_bytes()[:-20])


def loop(run: RunFolder) -> None:
    run.manifest_path.unlink()
    run.manifest_path.symlink_to(run.manifest_path)


def newer(run: RunFolder) -> None:
    written = json.loads(run.manifest_path.read_text())
    run.manifest_path.write_text(json.dumps(written | {"schema_version": 99}))


BROKEN: list[tuple[Callable[[RunFolder], object], str]] = [
    (cut, "the samples of evals/boolq are cut off or no file"),
    (lambda run: run.manifest_path.write_text('{"run_id": '), "manifest.json: broken"),
    (lambda run: run.manifest_path.unlink(), "manifest.json: "),
    (loop, "manifest.json: "),
    (newer, "schema version 99"),
    (lambda run: run.metrics_path.unlink(), "metrics.json is missing"),
    (lambda run: run.metrics_path.write_text(run.metrics_path.read_text().replace("0.66", "0.96")), "metrics.json: "),
    (lambda run: run.metrics_path.write_text("[]\n"), "it was changed after the run ended"),
    (lambda run: (run.path / "drivers.json").write_text("{}"), "drivers.json: "),
    (lambda run: run.samples_path("evals", "boolq").unlink(), "it is missing, though the run left it"),
    (lambda run: os.mkfifo(run.samples_path("evals", "pipe")), "evals/pipe"),
]


@pytest.mark.parametrize(("damage", "said"), BROKEN)
def test_what_is_wrong_is_said_and_no_number_is_shown(
    damage: Callable[[RunFolder], object], said: str, run: RunFolder
) -> None:
    before = stamp(run.path)
    damage(run)
    assert stamp(run.path) != before, "what is kept of a line would not be read again"
    told = summary(run.path)
    assert said in (told.fault or "")
    assert str(run.path) not in (told.fault or "")
    assert "\n" not in (told.fault or "")
    assert (told.metrics, told.verdict) == ((), None)
    assert [path.name for path in run_folders(run.path.parent)] == [run.path.name]


def test_a_run_that_goes_on_is_no_broken_one(run: RunFolder) -> None:
    run.write_manifest(manifest(status="running", finished=None, not_run=[]))
    run.metrics_path.unlink()
    told = summary(run.path)
    assert told.fault is None
    assert told.is_running
    assert told.written is not None
    now = datetime.now(UTC)
    assert not told.is_silent(now)
    assert told.is_silent(now + timedelta(minutes=11))


def test_folders_that_never_were_runs_are_left_out(run: RunFolder) -> None:
    runs = run.path.parent
    (runs / "notes").mkdir()
    (runs / ".half").mkdir()
    (runs / ".half" / "manifest.json").touch()
    (runs / "ratings.sqlite").touch()
    (runs / "lost").symlink_to(runs / "nowhere")
    (runs / "circle").symlink_to(runs / "circle")
    assert [path.name for path in run_folders(runs)] == ["lost", "circle", run.path.name]
    assert all(summary(runs / name).fault for name in ("lost", "circle"))
    assert run_folders(runs / "missing") == []


def test_runs_are_found_by_all_words(run: RunFolder) -> None:
    told, broken = summary(run.path), RunSummary("other", fault="cut")
    assert matching([told, broken], "SMOLLM2 boolq complete") == [told]
    assert matching([told, broken], "broken") == [broken]
    assert matching([told, broken], "") == [told, broken]
