"""Every code block of README, tutorial and how-tos is run, in order, page by page, as a reader would.

A fence may say more than its language: ``sh exit=11`` expects that exit code, ``yaml title="policy.yaml"`` writes the
file. Blocks of ``text`` are what a command prints and are not run. Of ``make`` commands the plan is made
(``--dry-run``): what they do is what ``.ci/run`` does. ``audit app`` is ended as by Ctrl-C. The README's run is the
quick profile; two items of each of its tasks are enough here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
TESTED_ELSEWHERE = {
    "ci": "tests/packaging/test_ci_example.py",
    "own_data": "tests/cli/test_own_data.py",
    "python": "tests/api/test_pages.py",
    "extend": "tests/api/test_pages.py",
    "extend_repository": "tests/docs/test_extend_repository.py",
}
"""How-tos whose code a test of its own runs."""
HOWTOS = sorted((ROOT / "docs" / "howto").glob("*.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    *(page for page in HOWTOS if page.stem not in TESTED_ELSEWHERE),
]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = {"text"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    options: dict[str, str]
    code: str


def blocks(page: Path) -> Iterator[Block]:
    """The code blocks of a page in order."""
    for found in FENCE.finditer(page.read_text("utf-8")):
        language, *rest = found["info"].split(maxsplit=1)
        options = dict(re.findall(r'(\w+)="?([^"\s]+)"?', rest[0] if rest else ""))
        yield Block(language, options, found["code"])


@pytest.mark.parametrize(("page", "test"), TESTED_ELSEWHERE.items())
def test_other_pages_have_a_test_that_reads_them(page: str, test: str) -> None:
    assert f'{page}.md"' in (ROOT / test).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_has_a_known_language(page: Path) -> None:
    for block in blocks(page):
        assert block.language in {"sh", "python", "yaml", "json", *PRINTED}, block
        if block.language in {"yaml", "json"}:
            assert "title" in block.options, f"say which file it is: {block.code[:80]}"


def commands(block: Block) -> list[tuple[str, set[int]]]:
    """What is run of a shell block, and the exit codes that are as they should be."""
    expected = {int(code) for code in block.options.get("exit", "0").split(",")}
    if "audit app" not in block.code and "make " not in block.code:
        return [(block.code, expected)]
    lines = [line for line in block.code.splitlines() if line.strip()]
    return [_command(line, expected) for line in lines]


def _command(line: str, expected: set[int]) -> tuple[str, set[int]]:
    if line.startswith("make "):
        return f"make --dry-run --directory {ROOT} {line.removeprefix('make ')}", {0}
    if line.startswith("audit app"):
        return f"timeout --signal=INT 20 {line}", {0, 124, 130}
    if line.startswith("audit gate"):
        return line, {0, 10, 11}
    return line, expected


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run(page: Path, tmp_path: Path, tiny_model: Path) -> None:
    """Commands run in an empty folder with ``my-checkpoint``, a tiny one, in it."""
    (tmp_path / "my-checkpoint").symlink_to(tiny_model)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    shells = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
    for block in blocks(page):
        if "title" in block.options:
            (tmp_path / block.options["title"]).write_text(block.code, "utf-8")
            continue
        for code, expected in commands(block) if block.language not in PRINTED else ():
            short = code.replace("audit run ", "audit run --limit 2 --no-explain ", 1)
            done = subprocess.run(
                [*shells[block.language], short if page.stem == "README" else code],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode in expected, f"{code}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
