"""The notes of a release are the section of its version, and nothing is left for a later one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.release.conftest import ROOT

if TYPE_CHECKING:
    from types import ModuleType

CHANGELOG = """# Changelog

About this file.

## Unreleased

## 1.1.0 - 2026-02-03

- **New**: one.
  ## not a heading

### Fixed

- two.

## 1.0.0 - 2026-01-02

- first.
"""


def test_section_of_a_version(notes: ModuleType) -> None:
    assert notes.notes(CHANGELOG, "1.1.0") == "- **New**: one.\n  ## not a heading\n\n### Fixed\n\n- two."
    assert notes.notes(CHANGELOG, "1.0.0") == "- first."


@pytest.mark.parametrize(
    ("old", "new", "version", "said"),
    [
        ("", "", "1.2.0", "nothing under '## 1.2.0 - YYYY-MM-DD'"),
        ("- first.\n", "", "1.0.0", "nothing under '## 1.0.0 - YYYY-MM-DD'"),
        ("## Unreleased\n", "## Unreleased\n\n- three.\n", "1.1.0", "changes under '## Unreleased'"),
    ],
)
def test_a_release_without_notes_of_its_own_is_refused(
    old: str, new: str, version: str, said: str, notes: ModuleType
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        notes.notes(CHANGELOG.replace(old, new), version)


def test_every_heading_of_the_changelog_is_read(notes: ModuleType) -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert len(notes.sections(text)) == text.count("\n## ")
