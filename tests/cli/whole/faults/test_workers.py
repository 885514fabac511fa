"""``audit run --workers 2`` with real processes: Ctrl-C, a worker without memory, a request that kills its worker."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.run_folder import RunFolder
from audit.engine.workers.processes import Processes
from tests.cli.whole.processes import PATIENCE
from tests.cli.whole.words import only_run, run_quietly
from tests.engine.workers.forked import fork_workers

if TYPE_CHECKING:
    from tests.cli.whole.processes import Fork, Forks

ENDING_SECONDS = 10.0
BAD = 5
"""Index of the request that kills its worker."""
FAULTY = f"""
import os, resource, signal, sys
from pathlib import Path
from audit.engine.local.engine import TransformersEngine
from audit.engine.workers.entry import main
work, marks = TransformersEngine.score_work, Path(sys.argv[1])

def score_work(self, requests, missing, say):
    try:
        (marks / "memory").touch(exist_ok=False)
    except FileExistsError:
        pass
    else:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**24,) * 2)
        bytearray(2**30)
    if {BAD} in missing:
        (marks / str(os.getpid())).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield from work(self, requests, missing, say)

TransformersEngine.score_work = score_work
main()
"""


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> list[object]:
    config = tmp_path / "run.yaml"
    config.write_text("batch_tokens: 64\nthreads: 1\n")
    chosen = ["--tasks", "counterfactual", "--no-explain", "--offline", "--device", "cpu", "--config", config]
    return ["run", "--model", tiny_model, *chosen]


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.parent.name))
    return found


def answers(out: Path) -> int:
    """In the journal of the only run."""
    import sqlite3

    try:
        with sqlite3.connect(f"file:{only_run(out) / 'journal.sqlite'}?mode=ro", uri=True, timeout=5) as connection:
            return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
    except (ValueError, OSError, sqlite3.Error):
        return 0


def interrupted(fork: Fork, out: Path) -> tuple[list[int], float]:
    """The workers of a run that is interrupted when its first answers are stored, and the seconds until its end."""
    deadline = time.monotonic() + PATIENCE
    while not answers(out) and fork.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert fork.poll() is None, fork.error.read_text()
    workers = children(fork.pid)
    began = time.monotonic()
    os.killpg(fork.pid, signal.SIGINT)  # as a terminal does: to the group of the command
    fork.poll(block=True)
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < began + PATIENCE:
        time.sleep(0.01)
    return workers, time.monotonic() - began


@pytest.mark.slow
def test_an_interrupted_run_ends_its_workers_and_resumes(words: list[object], forks: Forks, tmp_path: Path) -> None:
    assert run_quietly([*words, "--limit", 60, "--out", tmp_path / "whole"]) in {0, 13}
    out = tmp_path / "runs"
    fork = forks.start([*words, "--limit", 60, "--workers", 2, "--out", out])
    workers, seconds = interrupted(fork, out)
    assert len(workers) >= 2
    assert seconds < ENDING_SECONDS
    assert fork.code == 13
    manifest = RunFolder(only_run(out)).read_manifest()
    assert (manifest.status, manifest.interrupted) == ("partial", True)
    assert 0 < answers(out) < answers(tmp_path / "whole")
    assert run_quietly(["run", "--resume", "latest", "--out", out]) in {0, 13}
    expected = (only_run(tmp_path / "whole") / "metrics.json").read_bytes()
    assert (only_run(out) / "metrics.json").read_bytes() == expected


@pytest.mark.slow
def test_a_worker_without_memory_is_replaced_and_a_request_that_kills_costs_one_sample(
    words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    fork_workers(monkeypatch)
    faulty: Any = partial(Processes, command=(sys.executable, "-c", FAULTY, str(marks)))
    monkeypatch.setattr("audit.engine.workers.engine.Processes", faulty)
    out = tmp_path / "runs"
    assert run_quietly([*words, "--limit", 4, "--workers", 2, "--out", out]) == 13
    run = RunFolder(only_run(out))
    manifest = run.read_manifest()
    assert manifest.status == "partial"
    assert any("exit code 1: MemoryError): its work is done again" in one for one in manifest.warnings)
    assert any("was lost (killed by SIGKILL" in one for one in manifest.warnings)
    samples = run.read_samples("safety", "counterfactual")
    failed = [sample.error for sample in samples if sample.error]
    assert len(failed) == 1
    assert "each worker that computed this request died (killed by SIGKILL" in str(failed[0])
    deaths = len([*marks.iterdir()]) - 1
    assert 3 <= deaths <= 12
    metrics = json.loads((run.path / "metrics.json").read_text())
    assert [one["n"] for one in metrics if one["primary"] and not one["slice"]] == [3]
