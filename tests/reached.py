"""Which lines and branches the tests reach, counted by SlipCover, and floors on it.

    AUDIT_REACHED=build/reached .venv/bin/pytest -n 2     # each process writes what it reached into the folder
    python tests/reached.py build/reached                 # adds it up; exit code 1 below a floor

SlipCover puts its probes into the byte code of this repository alone. coverage.py, which ``--cov`` asks for and which
draws its pages, has Python 3.11 trace every line of every library (docs/design/tests.md has the figures).
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipcover import FileMatcher, ImportManager, Slipcover, merge_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    "api", "app", "cli", "core", "engine", "evals", "explain", "gate", "pipeline", "ratings", "reports", "safety",
    "stats",
)  # fmt: skip
FLOOR = 98.4
"""Lines and branches that the tests must reach, in percent of all; they reached 98.70 when this was set."""
WHOLE = ("stats", "gate")
"""Folders of which they must reach every line and branch, but for the files of :data:`OPEN`."""
OPEN = (
    "gate/comparison/compare.py", "gate/comparison/series.py", "gate/corrected/ratings.py", "gate/decide.py",
    "gate/decisions.py", "gate/evidence.py", "gate/importers/building.py", "gate/rules/again.py",
    "gate/rules/judge.py", "gate/sequential/last_look.py", "gate/signing/keyless.py", "gate/signing/recompute.py",
    "gate/signing/verify.py",
)  # fmt: skip
"""Files that the fast tests of their folder do not reach whole. In six lines and branches of them nor do all tests."""
UNCOUNTED = ("engine/local/model/flex.py",)
"""Files without probes, and in no count: torch compiles their functions, which it cannot do with probes in them."""
SOURCES = tuple(ROOT / name for name in FOLDERS)
EXCLUDED = [r"@abstractmethod", r"@overload", r"^\s*\.\.\.$", r": \.\.\.$", r"^if __name__ == .__main__.:"]
"""What is left out: as for coverage.py (pyproject.toml), and what ``runpy`` runs, which is compiled without probes."""
NEVER = 1_000_000_000
"""Hits after which SlipCover takes its probes out: for that it looks through all modules, time and again."""


def _counter(source: list[str] | None = None) -> Slipcover:
    return Slipcover(
        branch=True,
        d_miss_threshold=NEVER,
        source=source,
        omit=[str(ROOT / name) for name in UNCOUNTED],
        exclude_also=EXCLUDED,
    )


def count_here(folder: Path, sources: Sequence[Path] = SOURCES) -> Callable[[], None]:
    """Count in this process from now on, in modules below the sources that are not yet imported.

    Returns:
        What writes the count into a file of its own in the folder.
    """
    counter = _counter()
    omitted = [str(ROOT / name) for name in UNCOUNTED]
    ImportManager(counter, FileMatcher(sources=list(map(str, sources)), omit=omitted)).__enter__()

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{os.getpid()}.json").write_text(json.dumps(counter.get_coverage()))

    return write


def add_up(folder: Path) -> dict[str, Any]:
    """Lines and branches by file, relative to the repository, of all processes that wrote into the folder.

    A file that none of them imported is not reached.

    Raises:
        SystemExit: No process wrote anything, or SlipCover left files out, as it does where it cannot read one.
    """
    written = sorted(folder.glob("*.json"))
    if not written:
        sys.exit(f"{folder}: no test process wrote what it reached: run the tests with AUDIT_REACHED={folder}")
    unseen = _counter(list(map(str, SOURCES)))
    whole = merge_coverage(unseen.get_coverage(), json.loads(written[0].read_text()))
    for file in written[1:]:
        merge_coverage(whole, json.loads(file.read_text()))
    files = {str(Path(name).resolve().relative_to(ROOT)): found for name, found in whole["files"].items()}
    there = {str(file.relative_to(ROOT)) for source in SOURCES for file in source.rglob("*.py")}
    if left_out := there - files.keys() - {*UNCOUNTED}:
        sys.exit(f"not counted: {', '.join(sorted(left_out))}")
    return files


@dataclass(frozen=True)
class Reached:
    """Lines and branches of some files."""

    reached: int
    missed: int

    @property
    def percent(self) -> float:
        """Share that is reached; 0 of nothing."""
        return 100 * self.reached / max(self.reached + self.missed, 1)


def count(files: dict[str, Any]) -> Reached:
    """Sum over files."""
    sums = [
        sum(len(found[f"{how}_{what}"]) for found in files.values() for what in ("lines", "branches"))
        for how in ("executed", "missing")
    ]
    return Reached(*sums)


def gaps(files: dict[str, Any]) -> list[str]:
    """What is not reached, one line a file: lines, then branches from lines that are reached."""
    found = []
    for name, of_file in sorted(files.items()):
        lines = set(of_file["missing_lines"])
        branches = [f"{start}->{end or 'exit'}" for start, end in of_file["missing_branches"] if start not in lines]
        if lines or branches:
            found.append(f"{name}: {', '.join([*map(str, sorted(lines)), *branches])}")
    return found


def faults(files: dict[str, Any]) -> list[str]:
    """What is below its floor, one line each."""
    found = []
    percent = count(files).percent
    if percent < FLOOR:
        found.append(f"{percent:.2f} % of lines and branches are reached, less than {FLOOR:g} %")
    for folder in WHOLE:
        inside = {name: of_file for name, of_file in files.items() if name.startswith(f"{folder}/")}
        if not count(inside).reached:
            found.append(f"{folder}: nothing is reached")
        found += gaps({name: of_file for name, of_file in inside.items() if name not in OPEN})
    return found


def main(folder: str) -> int:
    """Print shares by folder and what is below its floor."""
    files = add_up(Path(folder))
    for name in FOLDERS:
        inside = count({file: found for file, found in files.items() if file.startswith(f"{name}/")})
        print(f"{name:10}{inside.percent:8.2f} %  not reached: {inside.missed}")
    print(f"{'all':10}{count(files).percent:8.2f} %  not reached: {count(files).missed}")
    below = faults(files)
    print(*below, sep="\n", end="\n" if below else "")
    return int(bool(below))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
