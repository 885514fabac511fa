"""The pinned versions are those of an environment that every Python of the package can have."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
PINNED = [
    Requirement(line.partition("#")[0])
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line.partition("#")[0].strip()
]


def pythons(name: str) -> SpecifierSet:
    """Those that an installed package runs on; all where it does not say, or is not installed here."""
    try:
        return SpecifierSet(metadata(name).get("Requires-Python", ""))
    except PackageNotFoundError:
        return SpecifierSet()


def test_every_pinned_version_runs_on_the_oldest_python() -> None:
    """Debian 12 has Python 3.11.2: a version for 3.11.5 and later cannot be installed there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    oldest = f"{project['requires-python'].removeprefix('>=')}.0"
    assert SpecifierSet(project["requires-python"]).contains(oldest)
    known = [one.name for one in PINNED if pythons(one.name)]
    assert len(known) > len(PINNED) / 2
    assert [name for name in known if not pythons(name).contains(oldest)] == []
