"""Seconds and memory of ``audit gate``, ``audit compare`` and ``audit import`` on many samples.

    python benchmarks/large_runs/measure_runs.py
    python benchmarks/large_runs/measure_runs.py --samples 10000 --only gate
    python benchmarks/large_runs/measure_runs.py --profile gate.prof --only gate

The runs (``large_data.py``) are made once and kept in ``--data``. Each command runs in a process of its own
with ``--threads`` threads. The digest is that of what the command decided or computed: ``decision.json``, the
comparison as JSON, ``metrics.json`` of the imported run. It is the same as long as no number changes.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from large_data import make_policy, make_run, make_table

from audit.core.provenance import git_state
from audit.engine.local.hardware import cpu_name

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS", "POLARS_MAX_THREADS")
PACKAGES = ("numpy", "scipy", "pyarrow", "pydantic")


class Cost(NamedTuple):
    """What a command took."""

    wall: float
    """Seconds."""
    processor: float
    """Seconds of processor time, all threads together."""
    peak: float
    """Most memory at one time, in GB (1e9 bytes)."""
    code: int
    """Exit code."""


def prepare(data: Path, count: int) -> dict[str, Path]:
    """The runs, the policy and the table, made where they are not there yet."""
    places = {name: data / name for name in ("baseline", "candidate", "policy.yaml", "table.jsonl")}
    for name in ("baseline", "candidate"):
        if not places[name].exists():
            made = make_run(data, count, candidate=name == "candidate")
            made.path.rename(places[name])
    make_policy(places["policy.yaml"])
    if not places["table.jsonl"].exists():
        make_table(places["table.jsonl"], count)
    return places


def commands(places: dict[str, Path], out: Path) -> Iterator[tuple[str, list[str], Path]]:
    """Name, arguments and result of each command."""
    runs = str(places["baseline"]), str(places["candidate"])
    policy = ["--policy", str(places["policy.yaml"])]
    yield "gate", ["gate", runs[1], "--baseline", runs[0], *policy], places["candidate"] / "decision.json"
    yield "compare", ["compare", *runs, "--json"], out / "compare.out"
    yield "compare --all", ["compare", *runs, "--all", "--json"], out / "compare --all.out"
    columns = ["--cluster", "passage", "--slice", "subject", "--model", "some"]
    target = out / "imported"
    yield "import", ["import", str(places["table.jsonl"]), *columns, "--out", str(target)], target


def measured(name: str, arguments: list[str], out: Path, given: argparse.Namespace) -> Cost:
    """Run a command."""
    environment = os.environ | dict.fromkeys(THREADS, str(given.threads))
    profile = ["-m", "cProfile", "-o", str(given.profile)] if given.profile else []
    with (out / f"{name}.out").open("wb") as written:
        started = time.perf_counter()
        command = [sys.executable, *profile, "-m", "audit.cli", *arguments]
        child = subprocess.Popen(command, stdout=written, env=environment)  # noqa: S603 - our own command
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e9, child.returncode)


def digest(result: Path) -> str:
    """Of what a command wrote; of an imported run, of its metrics."""
    found = next(result.glob("*/metrics.json"), result) if result.is_dir() else result
    return hashlib.sha256(found.read_bytes()).hexdigest()[:12] if found.is_file() else "none"


def main() -> None:
    """Make the data, time the commands, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000, help="of each run, and rows of the table")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", help="the command with this name")
    parser.add_argument("--data", type=Path, default=Path("large-runs"), help="folder for the runs and the results")
    parser.add_argument("--profile", type=Path, help="write a profile of the command to this file (slower)")
    given = parser.parse_args()
    data = given.data / str(given.samples)
    out = data / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    places = prepare(data, given.samples)
    (places["candidate"] / "decision.json").unlink(missing_ok=True)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    print(f"{cpu_name()}, {given.threads} threads; Python {sys.version.split()[0]}, {versions}; {git_state().commit}")
    print("\n| command | wall s | processor s | peak GB | exit code | digest |\n|---|---|---|---|---|---|")
    for name, arguments, result in commands(places, out):
        if given.only in (None, name):
            cost = measured(name, arguments, out, given)
            shown = f"{cost.wall:.1f} | {cost.processor:.1f} | {cost.peak:.2f} | {cost.code}"
            print(f"| {name} | {shown} | {digest(result)} |", flush=True)


if __name__ == "__main__":
    main()
