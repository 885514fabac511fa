"""Every code block of README, tutorial and how-tos is run, in order, page by page, as a reader would.

A fence may say more than its language: ``sh exit=11`` expects that exit code, ``yaml title="policy.yaml"`` writes the
file. Blocks of ``text`` are what a command prints and are not run. Of ``make`` commands the plan is made
(``--dry-run``): what they do is what ``.ci/run`` does. ``audit app`` is ended as by Ctrl-C once it serves. Of each task
a few items are enough here, and explanations are left to ``audit explain``. Other commands ``audit`` are forks of one
process, and so are ``lm_eval``, ``transformers`` and Python code; that the installed script starts is tested by
tests/packaging.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.app.whole.served import unused_port
from tests.cli.whole.warm import SNIPPET, warm_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.whole.processes import Forks

ROOT = Path(__file__).resolve().parents[2]
TESTED_ELSEWHERE = {
    "ci": {"sh": "tests/cli/whole/gate/test_ci_page.py", "yaml": "tests/packaging/test_action.py"},
    "own_data": dict.fromkeys(("csv", "sh", "text", "yaml"), "tests/cli/test_own_data.py"),
    "judge": dict.fromkeys(("sh", "yaml"), "tests/cli/judged/test_group.py"),
    "python": {"python": "tests/api/test_pages.py"},
    "extend": dict.fromkeys(("python", "sh", "toml", "yaml"), "tests/api/test_pages.py"),
    "extend_repository": dict.fromkeys(("jinja", "python"), "tests/docs/test_extend_repository.py"),
}
"""How-tos with tests of their own: the file that runs their blocks of each language and knows how many there are."""
HOWTOS = sorted((ROOT / "docs" / "howto").glob("*.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    *(page for page in HOWTOS if page.stem not in TESTED_ELSEWHERE),
]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = {"text"}
SHORTER = {
    "README": {
        "audit run ": "audit run --limit 2 --no-explain --config shorter.yaml ",
        "audit explain ": "audit explain --model my-checkpoint ",
    },
    "compare": {"--limit 40": "--limit 8"},
    "contamination": {"--limit 40": "--limit 12", "--limit 10": "--limit 3"},
    "gate": {
        "--model smollm2-135m-instruct": "--model my-checkpoint",
        "--limit 40": "--limit 8 --config shorter.yaml",
        "--budget 30m": "--budget 30m --config shorter.yaml",
    },
    "rate": {"audit ratings judge ": "audit ratings judge --model my-checkpoint "},
    "reasoning": {"--limit 100": "--limit 3 --config shorter.yaml"},
    "sweep": {"--limit 40": "--limit 8"},
    "robustness": {"--limit 20": "--limit 3 --config shorter.yaml --model my-checkpoint"},
    "tutorial": {
        "--limit 12": "--limit 3 --no-explain --config shorter.yaml --model my-checkpoint",
        "--limit 24": "--limit 4",
        "audit explain ": "audit explain --model my-checkpoint ",
    },
}
"""By page: what makes its audits short. Three items decide nothing, so the gate's verdict is the page's."""
PORT = "8123"
"""Of the server that a page starts."""
FEW_TEXTS = """
safety: {samples_per_prompt: 2, continuation_tokens: 8}
evals: {bootstrap_resamples: 100, gen_kwargs: {max_gen_toks: 8}}
"""
"""``shorter.yaml``."""


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


@pytest.mark.parametrize("page", TESTED_ELSEWHERE)
def test_blocks_of_every_language_of_another_page_have_a_test(page: str) -> None:
    tests = TESTED_ELSEWHERE[page]
    assert {block.language for block in blocks(ROOT / "docs" / "howto" / f"{page}.md")} == set(tests)
    for language, test in tests.items():
        text = (ROOT / test).read_text("utf-8")
        assert f'{page}.md"' in text
        assert language == "text" or f'"{language}"' in text or f"```{language}" in text


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
        return line, {0}
    if line.startswith("audit gate"):
        return line, {0, 10, 11}
    return line, expected


def shortened(page: Path, code: str) -> str:
    """The same commands with less to do."""
    for text, shorter in SHORTER.get(page.stem, {}).items():
        code = code.replace(text, shorter)
    return code


FIRST = """
import lm_eval.loggers, lm_eval.models, profanity_check, sacrebleu
from audit.evals.lm_eval import seeds, tasks
from audit.safety.scorers import language
tasks.names()
language.reads(language.ENGLISH, "An English sentence.")
"""
"""What every audit with a benchmark imports, looks up and reads."""
AT_MOST = 900
"""Seconds of a block: one that waits for a server that has ended would wait for ever."""
SHELLS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": ["bash", "-c", f'exec {SNIPPET} "$0"']}


@pytest.fixture(scope="module")
def environment(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a reader's shell; ``audit``, ``lm_eval``, ``transformers`` and Python code start at once."""
    folder = tmp_path_factory.mktemp("warm")
    with warm_commands(folder, forks=forks, first=FIRST):
        yield {**os.environ, "PATH": f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(language: str, code: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and output of some lines of a page, run in a folder."""
    if code.startswith("audit app"):
        program, *words = shlex.split(code, comments=True)
        return served([str(Path(sys.executable).parent / program), *words], folder, environment)
    words = [*SHELLS[language], code]
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=AT_MOST
    )
    return done.returncode, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def served(words: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """The same of ``audit app``, interrupted as soon as it says where it serves."""
    with subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=300)
    assert "http://127.0.0.1:" in said
    return process.returncode, said + rest


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run(page: Path, tmp_path: Path, tiny_model: Path, environment: dict[str, str]) -> None:
    """Commands run in an empty folder with ``my-checkpoint``, a tiny one, in it; a server gets a free port."""
    port = str(unused_port())  # other tests on this machine may run the same page at the same time
    (tmp_path / "my-checkpoint").symlink_to(tiny_model)
    (tmp_path / "shorter.yaml").write_text(FEW_TEXTS, "utf-8")
    for block in blocks(page):
        if "title" in block.options:
            (tmp_path / block.options["title"]).write_text(block.code, "utf-8")
            continue
        for code, expected in commands(block) if block.language not in PRINTED else ():
            shorter = shortened(page, code).replace(PORT, port)
            found, said = run(block.language, shorter, tmp_path, environment)
            assert found in expected, f"{shorter}\n{said}"


def test_what_is_shortened_is_on_the_page() -> None:
    for page in PAGES:
        code = "".join(block.code for block in blocks(page))
        assert [text for text in SHORTER.get(page.stem, {}) if text not in code] == []
        assert (PORT in code) == (page.stem == "servers")
