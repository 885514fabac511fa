"""The program as a whole: its commands, their help, its version."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli import main, verbosity
from audit.core.errors import DeviceLost, EngineFault, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable


Audit = Any


@pytest.mark.parametrize("group", ["tasks", "assets", "canaries", "ratings"])
def test_a_group_without_its_command_shows_its_help(group: str, audit: Audit) -> None:
    code, out, error = audit(group)
    assert (code, out) == (2, "")
    assert error.startswith("Usage:")
    assert len(error.splitlines()) > 5


def test_help_names_every_command_and_gives_examples(audit: Audit) -> None:
    code, out, _ = audit("--help")
    assert code == 0
    for command in ("run", "gate", "report", "explain", "app", "ratings", "assets", "tasks", "doctor"):
        assert f"\n  {command} " in out
        _, text, _ = audit(command, "--help")
        assert "Example" in text, command


def test_version(audit: Callable[..., tuple[int, str, str]]) -> None:
    from importlib.metadata import version

    from audit.core.records import SCHEMA_VERSION
    from audit.core.versions import POLICY_VERSION

    told = f"audit {version('checkpoint-audit')} (records {SCHEMA_VERSION}, policies {POLICY_VERSION})\n"
    assert audit("--version") == (0, told, "")


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    said = (
        main.load_command(name).get_short_help_str(500).replace(": the same code as in a run, without a checkpoint", "")
    )
    assert main.COMMANDS[name] == said.split(", and how far to")[0].rstrip(".") + "."


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("run", "--max-length", "0"), "'--max-length': must be at least 1 (found '0')"),
        (("run", "--max-length", "x"), "'--max-length': must be a whole number (found 'x')"),
        (("run", "--seed", "-1"), "'--seed': must be at least 0 (found '-1')"),
        (("app", "--port", "65536"), "'--port': must be at most 65535 (found '65536')"),
    ],
)
def test_a_wrong_value_is_reported_as_in_a_configuration_file(words: tuple[str, ...], fault: str, audit: Audit) -> None:
    assert audit(*words) == (2, "", f"error: Invalid value for {fault}\n")


def test_a_wrong_value_steers_no_terminal_and_is_shown_in_part(audit: Audit) -> None:
    code, _, error = audit("run", "--max-length", "\x1b[31m" + "x" * 500)
    assert code == 2
    assert "\x1b" not in error
    assert len(error) < 200


def ends_by(error: BaseException, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code where a command raises something that nobody handles."""

    def command(**_: object) -> None:
        raise error

    monkeypatch.setattr(main, "build", lambda: command)
    return main.run_command(words or ["gate"])


class Foreign(BaseException):
    """What the code of a plug-in may come up with."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(0), "SystemExit: 0"),
        (SystemExit(), "SystemExit: "),
        (Foreign("gone"), "Foreign: gone"),
        (ValueError("five"), "ValueError: five"),
    ],
)
def test_what_nobody_handles_is_a_crash_and_never_a_pass(
    error: BaseException, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_by(error, monkeypatch) == 1
    assert " ".join(capsys.readouterr().err.split()) == " ".join(
        f"error: crashed: {said} (run again with -v for the traceback)".split()
    )


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("run", "--model", "m"), "finish the run with audit run --resume"),
        (("judge", "outputs"), "repeat the command to try again"),
        (("explain", "-p", "x"), "repeat the command to try again"),
    ],
)
@pytest.mark.parametrize("kind", [EngineFault, DeviceLost])
def test_a_failing_model_comes_with_what_the_command_at_hand_can_do(
    kind: type[EngineFault],
    words: tuple[str, ...],
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends_by(kind("the model failed"), monkeypatch, *words) == 1
    assert capsys.readouterr().err == f"error: the model failed: {advice}\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("gate", "latest"), 130, "interrupted"),
        (("run", "--model", "m"), 13, "interrupted: nothing was measured yet"),
        (("run", "--resume", "r"), 13, "interrupted: nothing was added to the run yet"),
        (("run", "--extend=r"), 13, "interrupted: nothing was added to the run yet"),
        (("sweep", "runs/*"), 13, "interrupted: repeat the command to go on"),
        (("explain", "-p", "x"), 13, "interrupted"),
        (("ratings", "judge"), 130, "interrupted: what was judged is kept; repeat the command to go on"),
        (("judge", "outputs"), 130, "interrupted: what was judged is kept; repeat the command to go on"),
        (
            ("judge", "measure"),
            130,
            "interrupted: repeat the command; answers that were kept are not asked for again",
        ),
    ],
)
def test_an_interruption_stays_one_and_says_how_to_go_on(
    words: tuple[str, ...],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends_by(KeyboardInterrupt(), monkeypatch, *words) == code
    assert capsys.readouterr().err == f"{said}\n"


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[Any], int]]:
    """What the program does last where it is stuck; signals stay as they are."""
    last: list[Callable[[Any], int]] = []
    monkeypatch.setattr(main.interrupts, "install", last.clear)
    monkeypatch.setattr(main.interrupts, "when_stuck", last.append)
    return last


def test_the_program_ends_with_the_code_of_its_command(
    signals: list[Callable[[Any], int]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["audit", "ratings", "judge"])
    for code in (0, 10):
        monkeypatch.setattr(main, "run_command", lambda code=code: code)
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert ended.value.code == code
    (act,) = signals
    assert act(None) == 130
    assert "repeat the command to go on" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "ended_by"), [(0, 2), (10, 10)])
@pytest.mark.usefixtures("signals")
def test_output_that_was_not_written_is_no_pass(
    code: int, ended_by: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> None:
        raise WriteError("stdout: no space left on device")

    monkeypatch.setattr(main, "run_command", lambda: code)
    monkeypatch.setattr(main, "finish_output", full)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == ended_by
    assert capsys.readouterr().err == ("error: stdout: no space left on device\n" if code == 0 else "")


def test_the_traceback_of_a_crash_is_shown_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verbosity.chosen, "verbose", True)
    assert ends_by(ValueError("five"), monkeypatch) == 1
    *trace, line = capsys.readouterr().err.splitlines()
    assert trace[0] == "Traceback (most recent call last):"
    assert "in command" in "".join(trace)
    assert line.startswith("error: crashed: ValueError: five")


def test_nothing_is_said_where_nobody_reads_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = SystemExit(1)
    error.__context__ = BrokenPipeError()
    assert ends_by(error, monkeypatch) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gate",), "RUN is missing: give a run folder, a run id or 'latest', or a policy with --explain"),
        (("report",), "RUN is missing: give one (Run folder, run id or 'latest')"),
        (("assets", "path"), "NAME is missing: give one (Asset)"),
        (("canaries", "make"), "--out is missing: give one (JSON Lines file to write; must not exist yet)"),
    ],
)
def test_what_is_missing_is_named_with_what_it_can_be(words: tuple[str, ...], said: str, audit: Audit) -> None:
    assert audit(*words) == (2, "", f"error: {said}\n")
