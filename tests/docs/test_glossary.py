"""Words that lost are found nowhere where users read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
READ = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),  # the help texts of all commands are a page, docs/reference/cli.md
    *sorted((ROOT / "reports" / "templates").glob("*.j2")),
    *sorted((ROOT / "app").glob("*.py")),
    *sorted((ROOT / "cli").rglob("*.py")),
]


def lost_words() -> list[str]:
    rows = [line.strip("|").split("|") for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("| ")]
    return [word.strip() for row in rows[1:] for word in row[2].split(",") if word.strip()]


def test_the_glossary_names_words_that_lost() -> None:
    assert "wing" in lost_words()


@pytest.mark.parametrize("word", lost_words())
def test_a_word_that_lost_is_not_used(word: str) -> None:
    pattern = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in READ
        if file != GLOSSARY
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
