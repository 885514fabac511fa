"""What to do next: commands as they are typed, and where they are shown."""

from __future__ import annotations

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.cli import verbosity
from audit.cli.advice.next_steps import Judging, NextStep, after_comparison, after_gate, after_run, show
from audit.cli.console import err
from audit.core.run_folder import RunFolder

RUN, OTHER = RunFolder(Path("/runs/it's new")), RunFolder(Path("/runs/old"))
ELSEWHERE = RunFolder(Path("/released/old"))
EXTEND = "add items: audit run --extend RUN --limit 9"


def words(steps: list[NextStep]) -> list[list[str]]:
    return [shlex.split(step.command) for step in steps]


def test_a_run_is_looked_at_and_judged_by_the_policy_that_it_was_made_for() -> None:
    run = str(RUN.path)
    assert words(after_run(RUN, "complete", Judging())) == [["audit", "app", run], ["audit", "gate", run]]
    by = Judging(Path("my rules.yaml"), OTHER)
    judged = ["audit", "gate", run, "--policy", "my rules.yaml", "--baseline", "/runs/old"]
    assert words(after_run(RUN, "partial", by)) == [["audit", "run", "--resume", run], ["audit", "app", run], judged]
    goes_on = words(after_run(RUN, "partial", by, " --plugin 'their files/a.py'"))[0]
    assert goes_on == ["audit", "run", "--resume", run, "--plugin", "their files/a.py"]
    rated = Judging(database="postgresql://x/r").command(RUN)
    assert shlex.split(rated) == ["audit", "gate", run, "--database", "postgresql://x/r"]
    assert "secret" not in Judging(database="postgresql://me:secret@x/r").command(RUN)


def test_changed_items_are_offered_where_they_were_not_shown_and_the_app_where_it_has_both_runs() -> None:
    compare = ["audit", "compare", "/runs/old", "/runs/it's new"]
    app = ["audit", "app", "/runs/it's new"]
    assert words(after_comparison([OTHER, RUN], {}, items=0, page=False)) == [[*compare, "--items", "3"], app]
    assert words(after_comparison([OTHER, RUN], {}, items=2, page=False)) == [app]
    drawn = [["audit", "compare", "/released/old", "/runs/it's new", "--html", "comparison.html"]]
    assert words(after_comparison([ELSEWHERE, RUN], {}, items=2, page=False)) == drawn
    options = {"--tasks": "a b", "--all": True, "--across": ["data", "prompts"], "--by": None, "--margin": 0.0}
    typed = ["--tasks", "a b", "--all", "--across", "data", "--across", "prompts", "--margin", "0.0"]
    assert words(after_comparison([OTHER, RUN], options, items=0, page=True))[0] == [*compare, *typed, "--items", "3"]
    assert after_comparison([ELSEWHERE, OTHER, RUN], {}, items=2, page=True) == []


@pytest.mark.parametrize(
    ("verdict", "reason", "expected"),
    [
        ("PASS", "", ["audit verify"]),
        ("FAIL", EXTEND, ["audit app"]),
        ("INCONCLUSIVE", "no interval", ["audit app"]),
        (
            "INCONCLUSIVE",
            "add items: audit run --extend RUN --limit 9",
            ["audit run --extend RUN --limit 9", "audit gate"],
        ),
    ],
)
def test_what_an_open_rule_names_is_done_first_and_then_it_is_judged_again(
    verdict: str, reason: str, expected: list[str]
) -> None:
    smaller = SimpleNamespace(verdict="INCONCLUSIVE", reason=reason.replace("9", "8"), waived_by=None)
    waived = SimpleNamespace(verdict="INCONCLUSIVE", reason="audit run --extend WAIVED --limit 1", waived_by="w")
    checks = [SimpleNamespace(verdict="INCONCLUSIVE", reason=reason, waived_by=None)] * 2
    decision: Any = SimpleNamespace(verdict=verdict, checks=[waived, smaller, *checks])
    found = [step.command for step in after_gate(RUN, decision, Judging(waivers=Path("w.yaml")))]
    assert len(found) == len(expected)
    assert all(command.startswith(start) for command, start in zip(found, expected, strict=True))
    assert ("--waivers w.yaml" in found[-1]) == (expected[-1] == "audit gate")


@pytest.mark.parametrize(
    ("terminal", "quiet", "said"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_steps_are_for_people_at_a_terminal(
    terminal: bool, quiet: bool, said: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verbosity.chosen, "quiet", quiet)
    monkeypatch.setattr(err, "_force_terminal", terminal)
    show([NextStep("look", "audit app /runs/" + 90 * "x"), NextStep("judge", "audit gate R\x1b")])
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = [f"next: look: audit app /runs/{90 * 'x'}", "      judge: audit gate R\\x1b"]
    assert captured.err.splitlines() == (lines if said else [])
