"""Commands that pages name without running them have options that the program knows.

Blocks of ``sh`` are run by ``test_code_blocks.py``. Here are the commands in running text and tables, and the lines of
blocks of ``text``, which need a GPU, a cluster, a server or a checkpoint of the reader's. Values are not looked at:
``--workers N`` is meant as written.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import load_command

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs").glob("[her]*/*.md"))]
GENERATED = {"cli.md"}
BLOCK = re.compile(r"^[ ]*```(\w*)[^\n]*\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`(audit [^`]+)`(?!`)")
MORE = re.compile(r"\s+[|&>#]|…|\.\.\.")
"""What ends a command within a line: a pipe, a comment, or words that were left out."""


def commands(page: Path) -> list[str]:
    """Of one page, without what follows in the line."""
    text = page.read_text("utf-8")
    blocks = [body.replace("\\\n", " ") for language, body in BLOCK.findall(text) if language == "text"]
    lines = [line.strip() for body in blocks for line in body.splitlines() if line.strip().startswith("audit ")]
    inline = [" ".join(found.split()) for found in INLINE.findall(BLOCK.sub("", text))]
    return [MORE.split(line)[0].strip() for line in (*lines, *inline)]


def unknown(line: str) -> str:
    """What the program does not know of a command; empty where it knows all of it."""
    _, *words = line.split()
    if not words or words[0].startswith("-"):
        return ""
    try:
        command: Any = load_command(words.pop(0))
    except Exception as error:  # noqa: BLE001 - whatever says that there is none
        return f"{line}: {error}"
    while getattr(command, "commands", None) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return ", ".join(f"{line}: {name}" for name in given if name not in known and name.replace("_", "-") not in known)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in GENERATED], ids=lambda page: str(page.relative_to(ROOT))
)
def test_a_page_names_commands_and_options_that_there_are(page: Path) -> None:
    assert [fault for fault in map(unknown, commands(page)) if fault] == []


def test_the_readme_names_a_command_for_one_machine_a_cluster_and_a_server() -> None:
    found = commands(PAGES[0])
    for wanted in ("audit run --model CHECKPOINT", "audit sweep 'ckpts/step-*' --workers N --ray ADDRESS"):
        assert wanted in found
    assert unknown("audit run --wrokers 8") == "audit run --wrokers 8: --wrokers"
    assert unknown("audit rnu")
