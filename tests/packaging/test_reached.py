"""What the tests reach is counted as coverage.py counts it, and what is below a floor is named."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests import reached
from tests.reached import (
    EXCLUDED,
    FOLDERS,
    OPEN,
    ROOT,
    UNCOUNTED,
    WHOLE,
    Reached,
    add_up,
    count,
    faults,
    gaps,
    main,
)

if TYPE_CHECKING:
    from pathlib import Path

BRANCHES = '''"""Branches of every kind, some of which nothing takes."""


def choose(number, names=()):
    if number > 2:
        return "large"
    for name in names:
        if name == "a":
            continue
        if name == "b":
            break
    else:
        number += 1
    while number < 0:
        number += 1
    try:
        if number:
            int("no number")
    except ValueError:
        number = 7
    finally:
        if number == 9:
            number = 8
    with open(__file__) as file:
        if number == 7:
            file.read(1)
    return [one for one in range(number) if one]


class Never:
    def called(self):
        if self:
            return 1
        return 0


choose(1)
choose(0, ["a"])
'''
COUNT = """
import sys
from pathlib import Path
from tests.reached import count_here
folder = Path(sys.argv[1])
write = count_here(folder / "reached", [folder])
sys.path.insert(0, str(folder))
import branches
write()
"""


def counted(executed: int, missing: list[int], branches: list[tuple[int, int]] | None = None) -> dict[str, Any]:
    """A file as SlipCover describes it."""
    return {
        "executed_lines": list(range(100, 100 + executed)), "missing_lines": missing,
        "executed_branches": [], "missing_branches": branches or [],
    }  # fmt: skip


def test_a_gap_is_a_line_or_a_branch_from_a_line_that_is_reached() -> None:
    files = {"b.py": counted(5, [3, 4], [(3, 4), (100, 0), (101, 7)]), "a.py": counted(5, [])}
    assert gaps(files) == ["b.py: 3, 4, 100->exit, 101->7"]


def test_shares_are_of_lines_and_branches() -> None:
    files = {"a.py": counted(6, [1], [(100, 2)]), "b.py": counted(2, [])}
    assert count(files) == Reached(reached=8, missed=2)
    assert count(files).percent == 80
    assert count({}).percent == 0


@pytest.fixture(autouse=True)
def _floor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.reached.FLOOR", 98.0)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"stats/a.py": counted(98, []), "gate/a.py": counted(1, []), "cli/a.py": counted(0, [1, 2])}, []),
        (
            {"stats/a.py": counted(97, []), "gate/a.py": counted(1, []), "cli/a.py": counted(0, [1, 2, 3])},
            ["97.03 % of lines and branches are reached, less than 98 %"],
        ),
        ({"stats/a.py": counted(999, []), "gate/a.py": counted(999, [5], [(100, 7)])}, ["gate/a.py: 5, 100->7"]),
        ({"stats/a.py": counted(999, []), "gate/a.py": counted(999, []), "gate/decide.py": counted(999, [5])}, []),
        ({"stats/a.py": counted(999, []), "gates/a.py": counted(999, [])}, ["gate: nothing is reached"]),
    ],
)
def test_what_is_below_its_floor_is_named(files: dict[str, Any], expected: list[str]) -> None:
    assert faults(files) == expected


def test_folders_and_what_is_left_out_are_those_of_coverage_py() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]
    assert list(FOLDERS) == settings["run"]["source"]
    assert {*EXCLUDED, "if TYPE_CHECKING:"} == {*settings["report"]["exclude_also"], "^if __name__ == .__main__.:"}
    assert set(WHOLE) < set(FOLDERS)


@pytest.mark.parametrize("name", [*OPEN, *UNCOUNTED])
def test_a_file_with_a_rule_of_its_own_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_tests_that_counted_nothing_are_no_success(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no test process wrote what it reached"):
        add_up(tmp_path)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two folders with a file each, and what two processes reached of one of them."""
    for name in WHOLE:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("x = 1\ny = 2\n")
    monkeypatch.setattr(reached, "ROOT", tmp_path)
    monkeypatch.setattr(reached, "SOURCES", tuple(tmp_path / name for name in WHOLE))
    folder = tmp_path / "reached"
    folder.mkdir()
    for line in (1, 2):
        seen = {**counted(0, [3 - line]), "executed_lines": [line]}
        found = {"meta": {"software": "slipcover", "branch_coverage": True}, "files": {f"{tmp_path}/stats/a.py": seen}}
        (folder / f"{line}.json").write_text(json.dumps(found))
    return folder


def test_processes_are_added_up_and_a_file_that_none_imported_is_not_reached(sources: Path) -> None:
    files = add_up(sources)
    assert {name: (found["executed_lines"], found["missing_lines"]) for name, found in files.items()} == {
        "stats/a.py": ([1, 2], []),
        "gate/a.py": ([], [1, 2]),
    }


def test_below_a_floor_the_exit_code_is_1(sources: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(str(sources)) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-3:] == [
        "50.00 % of lines and branches are reached, less than 98 %", "gate: nothing is reached", "gate/a.py: 1, 2",
    ]  # fmt: skip
    seen = json.loads((sources / "1.json").read_text())
    (sources.parent / "gate" / "a.py").unlink()
    (sources.parent / "gate" / "b.py").write_text("x = 1\n")
    seen["files"][f"{sources.parent}/gate/b.py"] = counted(0, []) | {"executed_lines": [1]}
    (sources / "3.json").write_text(json.dumps(seen))
    assert main(str(sources)) == 0


def test_a_file_that_cannot_be_counted_is_no_success(sources: Path) -> None:
    (sources.parent / "gate" / "b.py").write_text("x = (\n")
    with pytest.raises(SystemExit, match=r"not counted: gate/b\.py"):
        add_up(sources)


@pytest.mark.slow
def test_lines_and_branches_that_are_missed_are_those_of_coverage_py(tmp_path: Path) -> None:
    (tmp_path / "branches.py").write_text(BRANCHES)
    subprocess.run([sys.executable, "-c", COUNT, str(tmp_path)], cwd=ROOT, check=True)
    (written,) = (tmp_path / "reached").iterdir()
    ((ours, found),) = json.loads(written.read_text())["files"].items()
    assert ours.endswith("branches.py")

    command = [sys.executable, "-m", "coverage"]
    subprocess.run([*command, "run", "--branch", "--data-file=data", "branches.py"], cwd=tmp_path, check=True)
    written_so = [*command, "json", "--data-file=data", "-q", "-o", "found.json"]
    subprocess.run(written_so, cwd=tmp_path, check=True)
    (theirs,) = json.loads((tmp_path / "found.json").read_text())["files"].values()

    assert theirs["missing_lines"]
    assert found["missing_lines"] == theirs["missing_lines"]
    missed = set(theirs["missing_lines"])
    branches = {(start, max(end, 0)) for start, end in theirs["missing_branches"] if start not in missed}
    assert branches
    assert {(start, end) for start, end in found["missing_branches"] if start not in missed} == branches
