"""A runner of composite actions: expressions, conditions and shell steps as GitHub documents them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class Runner:
    """Runs the shell steps of an action; actions of others are only noted."""

    action: dict[str, Any]
    """Content of ``action.yml``."""
    folder: Path
    """Of the checkout."""
    environment: dict[str, str]
    """Of the runner."""
    context: dict[str, str]
    """Values of expressions, by name: ``inputs.model``, ``github.event_name``."""
    codes: dict[str, int] = field(default_factory=dict)
    """Exit code of each shell step that ran, by name."""
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    """Inputs of each action of others that ran, by name without version."""
    log: str = ""
    """What the steps printed."""

    def __post_init__(self) -> None:
        defaults = {f"inputs.{name}": str(one.get("default", "")) for name, one in self.action["inputs"].items()}
        self.context = {"runner.temp": self.environment["RUNNER_TEMP"], "github.token": "secret", **self.context}
        self.context = {**{name: self.filled(text) for name, text in defaults.items()}, **self.context}

    def run(self) -> dict[str, str]:
        """Run all steps; the outputs of the action."""
        for step in self.action["runs"]["steps"]:
            runs = self.holds(step.get("if", "success()"))
            if runs and "uses" in step:
                given = {name: self.filled(text) for name, text in step["with"].items()}
                self.used[step["uses"].partition("@")[0]] = given
            elif runs:
                self._shell(step)
            if "id" in step:
                failed = self.codes.get(step["name"], 0) != 0
                self.context[f"steps.{step['id']}.outcome"] = "failure" if failed else "success" if runs else "skipped"
        return {name: self.filled(one["value"]) for name, one in self.action["outputs"].items()}

    def _shell(self, step: dict[str, Any]) -> None:
        """``bash --noprofile --norc -eo pipefail FILE``, with an empty file for the step's outputs."""
        assert step["shell"] == "bash"
        output = self.folder / "output"
        output.write_text("", "utf-8")
        own = {name: self.filled(text) for name, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env={**self.environment, **own, "GITHUB_OUTPUT": str(output)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.codes[step["name"]] = done.returncode
        self.log += done.stdout + done.stderr
        for line in output.read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            self.context[f"steps.{step['id']}.outputs.{name}"] = value

    def filled(self, text: str) -> str:
        """A text with the values of its expressions; outputs of steps that did not run are empty."""
        return EXPRESSION.sub(lambda match: self._value(match[1]), text)

    def _value(self, name: str) -> str:
        if name.startswith("steps.") and ".outputs." in name:
            return self.context.get(name, "")
        return self.context[name]

    def holds(self, condition: str) -> bool:
        """Whether a condition of terms joined by ``&&`` holds, in a job that nobody cancelled."""
        whole = EXPRESSION.fullmatch(condition)
        return all(self._term(term) for term in (whole[1] if whole else condition).split(" && "))

    def _term(self, term: str) -> bool:
        known = {"success()": not any(self.codes.values()), "always()": True, "!cancelled()": True}
        if term in known:
            return known[term]
        name, sign, text = re.fullmatch(r"(\S+) (==|!=) '(.*)'", term).groups()  # type: ignore[union-attr]
        return (self._value(name) == text) == (sign == "==")
