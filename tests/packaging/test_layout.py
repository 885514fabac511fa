"""Names and layers: configuration files and folders agree. Every module has its tests; files and folders stay small."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import permutations
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SUITES = {"evals", "safety", "explain"}
MAY_IMPORT = {
    "core": set(),
    "stats": {"core"},
    "engine": {"core"},
    "evals": {"core", "stats", "engine"},
    "safety": {"core", "stats", "engine"},
    "explain": {"core", "stats", "engine"},
    "ratings": {"core", "stats"},
    "gate": {"core", "stats", "ratings"},
    "reports": {"core", "stats", "ratings", "gate"},
    "pipeline": {"core", "stats", "engine", *SUITES, "ratings", "gate", "reports"},
    "app": {"core", "stats", "ratings", "gate", "reports", "explain", "engine"},
    "api": {"core", "stats", "engine", *SUITES, "ratings", "gate", "reports", "pipeline"},
    "cli": {"core", "stats", "engine", *SUITES, "ratings", "gate", "reports", "pipeline", "app", "api"},
}
"""The layering table of the design, folder by folder."""


def package(folder: Path) -> str:
    """Import name of a folder."""
    return ".".join(["audit", *folder.parts[folder.parts[0] == "api" :]])


def run_tool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment in the repository's root."""
    tool = Path(sys.executable).parent / arguments[0]
    return subprocess.run(
        [str(tool), *arguments[1:]], cwd=ROOT, input=text, capture_output=True, text=True, check=False
    )


def test_packages_are_the_folders_with_python_files() -> None:
    folders = {file.parent.relative_to(ROOT) for room in MAY_IMPORT for file in (ROOT / room).rglob("*.py")}
    expected = {package(folder) for folder in folders if "__pycache__" not in folder.parts}
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == expected


def test_every_room_is_mapped_typed_and_checked() -> None:
    tools = PYPROJECT["tool"]
    assert tools["setuptools"]["package-dir"] == {package(Path(room)): room for room in MAY_IMPORT}
    assert tools["mypy"]["packages"] == ["audit"]
    assert tools["importlinter"]["root_package"] == "audit"
    assert set(tools["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]) == set(MAY_IMPORT)
    assert set(tools["coverage"]["run"]["source"]) == set(MAY_IMPORT)
    assert [room for room in MAY_IMPORT if not (ROOT / room / "py.typed").is_file()] == []


def test_no_folder_shadows_the_package() -> None:
    assert not (ROOT / "audit").exists()


PACKAGE_FILES = {"__init__.py", "__main__.py", "conftest.py"}
MOST_LINES, MOST_FILES = 400, 16


def python_files(*folders: str) -> list[Path]:
    """Python files below folders of the repository, relative to its root."""
    found = (file.relative_to(ROOT) for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return sorted(file for file in found if "__pycache__" not in file.parts)


@cache
def definitions(file: Path) -> list[tuple[str, str]]:
    """``class`` or ``def`` with the name, of what a file defines at any depth."""
    code = re.sub('""".*?"""', "", (ROOT / file).read_text("utf-8"), flags=re.DOTALL)
    return [(kind, name) for kind, name in re.findall(r"^ *(class|def) +(\w+)", code, re.MULTILINE)]


def test_every_module_has_a_test_file_that_mirrors_it() -> None:
    """``tests/room/test_module.py``, or several ``tests/room/test_module_WHAT.py``."""
    tests = {file.with_suffix("").as_posix() for file in python_files("tests")}

    def is_mirrored(module: Path) -> bool:
        name = (Path("tests") / module.parent / f"test_{module.stem}").as_posix()
        return any(test == name or test.startswith(f"{name}_") for test in tests)

    modules = [file for file in python_files(*MAY_IMPORT) if file.name not in PACKAGE_FILES]
    assert [str(module) for module in modules if not is_mirrored(module)] == []


def test_files_and_folders_stay_small() -> None:
    files = python_files(*MAY_IMPORT, "tests", "benchmarks", "training", "docs", "examples", "release")
    lines = {str(file): (ROOT / file).read_text("utf-8").count("\n") for file in files}
    assert {file: count for file, count in lines.items() if count > MOST_LINES} == {}
    folders = Counter(str(file.parent) for file in files if file.name not in PACKAGE_FILES)
    assert {folder: count for folder, count in folders.items() if count > MOST_FILES} == {}


def test_no_public_class_name_stands_twice() -> None:
    """A name is one thing: whoever reads it in an annotation, or looks for it, finds one class."""
    places: dict[str, list[str]] = {}
    for file in python_files(*MAY_IMPORT):
        for kind, name in definitions(file):
            if kind == "class" and not name.startswith("_"):
                places.setdefault(name, []).append(str(file))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


CONTRACTS = {
    "attribute": ("explain/methods/",),
    "judge": ("safety/probes/",),
    "measure": (),
    "run": ("api/public/runs.py", "cli/commands/run.py"),
    "score": (
        *("engine/engine.py", "engine/gathering.py", "engine/local/engine.py", "engine/server/engine.py"),
        *(
            "engine/foreign/",
            "engine/inprocess/engine.py",
            "engine/workers/engine.py",
            "engine/workers/stored.py",
            "safety/scorers/",
        ),
        *("api/public/checkpoints.py", "cli/commands/score.py"),
    ),
}
"""Names of functions that many places could have, and where the contracts are that own them."""


def test_names_of_contracts_are_kept_for_them() -> None:
    """Any other function that runs, measures or judges says in its name what."""
    named = [
        f"{file}: {name}"
        for file in python_files(*MAY_IMPORT)
        for kind, name in definitions(file)
        if kind == "def" and name in CONTRACTS
        if not file.as_posix().startswith(CONTRACTS[name])
    ]
    assert named == []


def forbidden_pairs() -> set[tuple[str, str]]:
    """(importer, imported) pairs of rooms that the import-linter contracts forbid; those inside a room are its own."""
    pairs: set[tuple[str, str]] = set()
    for contract in PYPROJECT["tool"]["importlinter"]["contracts"]:
        if "containers" in contract:
            continue  # about the inside of one folder
        if contract["type"] == "layers":
            below: list[str] = []
            for layer in reversed(contract["layers"]):
                names = layer.split(" | ")
                pairs.update((lower, name) for lower in below for name in names)
                pairs.update(permutations(names, 2))
                below += names
        else:
            assert contract["type"] == "forbidden"
            pairs.update((s, f) for s in contract["source_modules"] for f in contract["forbidden_modules"])
    room = {"audit.public": "api"}  # what the package itself offers; its own file imports nothing else
    named = {tuple(room.get(name, name.removeprefix("audit.")) for name in pair) for pair in pairs}
    return {(importer, imported) for importer, imported in named if "." not in importer + imported}


def test_contracts_say_what_the_table_says() -> None:
    every = set(permutations(MAY_IMPORT, 2))
    allowed = {(room, other) for room, others in MAY_IMPORT.items() for other in others}
    assert forbidden_pairs() == every - allowed


@pytest.mark.slow
def test_layering_is_kept() -> None:
    result = run_tool("lint-imports", "--no-cache")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Contracts: {len(PYPROJECT['tool']['importlinter']['contracts'])} kept, 0 broken" in result.stdout


@pytest.mark.slow
def test_no_modules_import_each_other() -> None:
    """Directly or through others, at run time or for types alone."""
    graph = grimp.build_graph("audit", cache_dir=None)
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert "audit.core.errors" in imported["audit.cli.main"]
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def refused_lines(code: str) -> set[int]:
    """Lines of a file that ruff refuses as imports of a room without ``audit``."""
    choice = ("--select", "TID251", "--no-cache", "--output-format", "json")
    found = json.loads(run_tool("ruff", "check", *choice, "--stdin-filename", "reports/x.py", "-", text=code).stdout)
    return {fault["location"]["row"] for fault in found}


def test_bare_imports_are_refused_and_full_names_are_not() -> None:
    statements = ("import {0}", "import {0}.records", "from {0} import records")
    bare = [statement.format(room) for room in sorted(MAY_IMPORT) for statement in statements]
    assert refused_lines("\n".join([*bare, "from audit.core import records", ""])) == set(range(1, len(bare) + 1))


def test_every_dependency_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert [str(pin) for pin in pins if [part.operator for part in pin.specifier] != ["=="]] == []
    extras = PYPROJECT["project"]["optional-dependencies"]
    wanted = [*PYPROJECT["project"]["dependencies"], *extras["explain"], *extras["dev"]]
    names = {canonicalize_name(Requirement(line).name) for line in wanted} - {"checkpoint-audit"}
    assert names - {canonicalize_name(pin.name) for pin in pins} == set()


def test_torch_is_pinned_without_a_build() -> None:
    """``+cpu`` would lock out every other index; ``2.13.0`` is met by the CPU build as well."""
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
