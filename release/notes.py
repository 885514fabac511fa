"""Print the section of the changelog on the version of ``pyproject.toml``: the notes of its release.

usage: notes.py > notes.md
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^## (?P<version>\S+)(?: - \d{4}-\d{2}-\d{2})?$", re.MULTILINE)
UNRELEASED = "Unreleased"


def sections(changelog: str) -> dict[str, str]:
    """The sections of a changelog without their headings, by version, and ``Unreleased``."""
    found = list(HEADING.finditer(changelog))
    ends = [one.start() for one in found[1:]] + [len(changelog)]
    return {one["version"]: changelog[one.end() : end].strip() for one, end in zip(found, ends, strict=True)}


def notes(changelog: str, version: str) -> str:
    """The section on a version, which holds all that has changed.

    Raises:
        ValueError: There is none, it is empty, or there are changes that no version has.
    """
    of = sections(changelog)
    if not of.get(version):
        heading = f"## {version} - YYYY-MM-DD"
        msg = f"CHANGELOG.md: nothing under '{heading}': move what is under '## {UNRELEASED}' there, and commit"
        raise ValueError(msg)
    if of.get(UNRELEASED):
        msg = f"CHANGELOG.md: changes under '## {UNRELEASED}': move them to '## {version}', or raise the version"
        raise ValueError(msg)
    return of[version]


def main() -> int:
    """Print the notes; 2 with one line if there are none."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    try:
        print(notes((ROOT / "CHANGELOG.md").read_text("utf-8"), version))
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
