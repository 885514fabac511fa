"""What a reader of the results must know is never only logged: logs are silent without ``-v``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "cli", "core", "engine", "evals", "explain", "ratings", "reports", "safety")
FILES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
LOGGED = {"warning", "warn", "error", "critical", "exception"}


def log_calls(source: str) -> list[int]:
    """Lines that log a warning or worse, or warn by the ``warnings`` module; messages of the app are shown."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    found = [(call.lineno, call.func) for call in calls if isinstance(call.func, ast.Attribute)]
    return [
        line
        for line, called in found
        if called.attr in LOGGED and isinstance(called.value, ast.Name) and called.value.id not in {"st", "streamlit"}
    ]


@pytest.mark.parametrize("call", ["logger.warning('x')", "warnings.warn('x')", "logging.error('x')"])
def test_such_calls_are_found(call: str) -> None:
    assert log_calls(f"import x\n\n\ndef f():\n    {call}\n") == [5]
    assert log_calls("logger.info('x')\nst.warning('x')\nbars.say('x')\n") == []


@pytest.mark.slow
def test_nothing_is_warned_of_where_only_a_log_shows_it() -> None:
    """Give it to ``Progress.say``, or return it: both end in the manifest's warnings."""
    found = [f"{file.relative_to(ROOT)}:{line}" for file in FILES for line in log_calls(file.read_text("utf-8"))]
    assert found == []
