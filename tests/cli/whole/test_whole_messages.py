"""Advice is shown whole, and databases of ratings that are not there are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.cli import main
from audit.cli.commands import run
from audit.cli.console import out
from audit.cli.progress import Bars
from audit.core.errors import UsageError
from audit.core.records import NotRun
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

LONG = "not found: " + "looked in a folder with a long name, " * 60 + "so put dev.jsonl into AUDIT_DATA/boolq"
"""2,269 characters, the advice at the end."""


@pytest.fixture
def missing(finished: RunFolder) -> RunFolder:
    """A run that lacks a task and has a warning, both with long reasons."""
    skipped = NotRun(suite="evals", task="boolq", reason=LONG)
    changes = {"not_run": [skipped], "warnings": [LONG], "status": "partial"}
    finished.write_manifest(finished.read_manifest().model_copy(update=changes))
    return sealed(finished)


def test_what_did_not_run_is_said_whole_and_once(missing: RunFolder, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    run._show(missing, as_json=False)
    assert f"not run: boolq: {LONG}\n" in capfd.readouterr().out


def test_a_run_that_measured_nothing_has_no_empty_table(missing: RunFolder, capfd: pytest.CaptureFixture[str]) -> None:
    missing.write_metrics([])
    capfd.readouterr()
    run._show(missing, as_json=False)
    text = capfd.readouterr().out
    assert f"{missing.read_manifest().run_id}: nothing was measured\n" in text
    assert "interval" not in text


def test_gate_shows_it_whole(
    missing: RunFolder, audit: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a narrow table the words of other columns stand between those of the reason.
    monkeypatch.setattr(out, "width", 400)
    policy = missing.path / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, min: 0.5}]\n")
    code, text, _ = audit("gate", missing.path, "--policy", policy)
    assert code == 13
    words = "".join(text.replace("│", " ").split())
    assert "soputdev.jsonlintoAUDIT_DATA/boolq" in words


def test_warnings_and_errors_are_whole(capfd: pytest.CaptureFixture[str]) -> None:
    with Bars(quiet=True) as bars:
        bars.say(LONG)
    main._report(UsageError(LONG), 2)
    assert capfd.readouterr().err == f"{LONG}\nerror: {LONG}\n"
