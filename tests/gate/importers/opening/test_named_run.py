"""A run by its name, or a log that is imported first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import EvidenceInvalid, RunFolderError, UsageError
from audit.gate.evidence import seal
from audit.gate.importers.opening.named_run import open_run
from tests.gate.importers.conftest import edit
from tests.gate.importers.nemo.conftest import write

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

CSV = "id,prompt,output,score\n1,a?,x,1\n2,b?,y,0\n"


def test_a_log_becomes_a_run_once_and_its_place_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    file = write(tmp_path / "log")
    run = open_run(str(file), tmp_path / "runs", said.append)
    assert run.path.parent == tmp_path / "runs"
    assert said == [f"imported {file} (nemo): {run.path}"]
    again = open_run(str(file), tmp_path / "runs", said.append)
    assert (again.path, len(said)) == (run.path, 2)
    assert open_run(str(tmp_path / "log"), tmp_path / "runs").path == run.path
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_a_log_without_a_date_finds_the_run_that_was_made_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, runs = tmp_path / "answers.csv", tmp_path / "runs"
    table.write_text(CSV, "utf-8")
    monkeypatch.setattr("audit.gate.importers.run.datetime", OneSecondLater)
    run = open_run(str(table), runs)
    assert open_run(str(table), runs).path == run.path
    table.write_text(CSV.replace("y,0", "y,1"), "utf-8")
    other = open_run(str(table), runs)
    assert other.path != run.path
    assert len(list(runs.iterdir())) == 2
    other.metrics_path.write_text("[", "utf-8")
    assert open_run(str(table), runs).path not in {run.path, other.path}


class OneSecondLater(datetime):
    """A clock that goes on by a second whenever it is read."""

    read = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> OneSecondLater:
        cls.read += 1
        return cls(2026, 1, 31, 12, 0, cls.read, tzinfo=tz)


def test_another_log_under_the_same_run_id_is_not_taken_for_it(tmp_path: Path) -> None:
    file = write(tmp_path / "log")
    run = open_run(str(file), tmp_path / "runs")
    edit(run.manifest_path, lambda plain: plain["config"]["import"].update(tool="another"))
    with pytest.raises(UsageError, match=r"was imported before with these options") as raised:
        open_run(str(file), tmp_path / "runs")
    assert "Columns" not in str(raised.value)  # as tables alone have


def test_a_run_comes_before_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(str(write(tmp_path / "log")), tmp_path / "runs")
    said: list[str] = []
    for name in (str(run.path), run.path.name, "latest"):
        assert open_run(name, tmp_path / "runs", said.append).path == run.path
    monkeypatch.chdir(tmp_path)
    write(tmp_path / run.path.name)  # a folder here of the run's name, with a log in it
    assert open_run(run.path.name, tmp_path / "runs", said.append).path == run.path
    write(run.path.rename(tmp_path / "kept"))  # elsewhere, with a log in it
    assert open_run("kept", tmp_path / "runs", said.append).path.resolve() == tmp_path / "kept"
    assert not said


def test_what_is_neither_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", "utf-8")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunFolderError, match=r"notes\.txt: neither a run folder nor a log of a known format"):
        open_run(str(tmp_path / "notes.txt"), tmp_path / "runs")
    with pytest.raises(RunFolderError, match=r"empty: no run folder"):
        open_run(str(tmp_path / "empty"), tmp_path / "runs")
    with pytest.raises(RunFolderError, match=r"missing: no such run, neither as a path nor in"):
        open_run("missing", tmp_path / "runs")
    with pytest.raises(RunFolderError, match="no such run"):
        open_run("x" * 5000, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_faults_of_a_log_are_those_of_its_import(tmp_path: Path) -> None:
    file = write(tmp_path / "log", n_results=5)
    with pytest.raises(EvidenceInvalid, match=r"6 results"):
        open_run(str(file), tmp_path / "runs")
    table = tmp_path / "answers.csv"
    table.write_text(CSV.replace("score", "won"), "utf-8")
    with pytest.raises(UsageError, match=r"no column 'score'.*import the table first, with 'audit import'"):
        open_run(str(table), tmp_path / "runs")


def test_a_run_that_has_other_metrics_than_its_log_is_not_taken_for_it(tmp_path: Path) -> None:
    file = write(tmp_path / "log")
    run = open_run(str(file), tmp_path / "runs")
    metrics = run.read_metrics()
    run.write_metrics([metrics[0].model_copy(update={"note": "edited"}), *metrics[1:]])
    seal(run, run.read_manifest())
    with pytest.raises(UsageError, match=r"was imported before with these options"):
        open_run(str(file), tmp_path / "runs")
