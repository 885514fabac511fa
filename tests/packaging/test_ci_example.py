"""The CI workflow and its documentation use commands and options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.cli.main import load

ROOT = Path(__file__).resolve().parents[2]


def workflow_commands() -> list[str]:
    """``run:`` lines of the example workflow."""
    workflow = yaml.safe_load((ROOT / "examples" / "github-workflow.yml").read_text("utf-8"))
    steps = (step for job in workflow["jobs"].values() for step in job["steps"])
    return [line for step in steps for line in step.get("run", "").splitlines()]


def documented_commands() -> list[str]:
    """Lines of the shell blocks of ``docs/ci.md``."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.DOTALL)
    return [line.partition(" || ")[0] for block in blocks for line in block.splitlines()]


COMMANDS = [line for line in (*workflow_commands(), *documented_commands()) if line.startswith("audit ")]


def test_the_workflow_runs_and_gates() -> None:
    verbs = [shlex.split(line)[1] for line in workflow_commands() if line.startswith("audit ")]
    assert verbs == ["run", "gate"]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_parse(line: str) -> None:
    """Parsed by the program itself, up to but not into the command's own code."""
    name, *words = shlex.split(line)[1:]
    command: Any = load(name)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    with command.make_context(line, words) as context:
        assert not context.args
