"""Pictures that the documentation shows are there, and each picture is one that the command takes."""

from __future__ import annotations

import re
import runpy

import pytest

from tests.docs.conftest import ROOT

SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]+\.(?:png|webp|svg))\)")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST_BYTES = 6_000_000


def test_each_picture_is_there_with_words() -> None:
    shown = [(page, *found) for page in PAGES for found in SHOWN.findall(page.read_text("utf-8"))]
    assert len(shown) > 5
    assert [(page.name, file) for page, _, file in shown if not (page.parent / file).is_file()] == []
    assert [(page.name, file) for page, words, file in shown if len(words.split()) < 4] == []


@pytest.mark.slow
def test_the_command_takes_each_picture_and_all_are_small() -> None:
    command = runpy.run_path(str(ROOT / "docs" / "pictures.py"))
    taken = {f"{name}-{look}.png" for name in command["NAMES"] for look in command["LOOKS"]}
    there = list((ROOT / "docs" / "images").iterdir())
    assert {file.name for file in there} <= taken
    assert sum(file.stat().st_size for file in there) < MOST_BYTES
