"""The ``audit`` command: registers the command groups, turns errors into one line and an exit code."""

from __future__ import annotations

import sys
import traceback
from functools import cache
from importlib import import_module, metadata
from keyword import iskeyword
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from audit.cli import interrupts, verbosity
from audit.cli.command import Command, commands_of, hyphenated
from audit.cli.console import err, finish_output
from audit.cli.spelling import spelled
from audit.core.errors import AuditError, EngineFault, ExitCode, Interrupted
from audit.core.text import printable
from audit.core.versions import POLICY_VERSION, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer.core import TyperCommand

COMMANDS = {
    "run": "Audit a checkpoint: benchmarks, safety probes, explanations, report card.",
    "sweep": "Audit every checkpoint that matches, the newest first, and compare them.",
    "merge": "Join the shards of a run, and finish it from their answers.",
    "gate": "Judge a run against a policy: PASS, FAIL or INCONCLUSIVE.",
    "compare": "Compare runs, item by item, and say what else differs between them.",
    "compress-check": "Compare compressed checkpoints with the original: tasks, distributions, texts by language.",
    "verify": "Check a run's evidence: its files, their signature, its numbers.",
    "import": "Make a run folder from another tool's logs, for gate, report, comparison and app.",
    "report": "Render a run as a report card or summary, or export it in another tool's format.",
    "export": "Send metrics and verdicts to Prometheus, OpenTelemetry or MLflow.",
    "explain": "Explain one answer: which features of a prompt move the log-probability of a target.",
    "score": "Compute a probe's metrics from answers produced elsewhere.",
    "judge": "Outputs judged by a checkpoint with a rubric, and how far people agree with it.",
    "app": "Browse runs and rate outputs in a browser.",
    "ratings": "Human ratings of outputs.",
    "canaries": "Secrets to plant in training data.",
    "people": "Made-up people to plant in training data.",
    "keys": "Keys to sign evidence with.",
    "assets": "Models and data sets by name.",
    "tasks": "What can be measured.",
    "doctor": "Say what this machine has, what is missing, and what to do about it.",
}
"""Every command, or group of commands, in the order of ``audit --help``; ``commands.NAME`` or :data:`ELSEWHERE` has its
module."""
ELSEWHERE = {
    "merge": "sharding.merge",
    "canaries": "commands.planted.canaries",
    "people": "commands.planted.people",
    "compress-check": "commands.many.compress_check",
    "judge": "judged.group",
}
"""Modules of commands that have another place."""

EPILOG = (
    "Start with `audit run`, then `audit app`. "
    "Exit codes: 0 done or PASS, 1 crash, 2 bad input, 10 FAIL, 11 INCONCLUSIVE, "
    "12 invalid evidence, 13 incomplete run or budget exceeded, 14 waiver expired or unused."
)
LONG = {"run", "sweep", "merge", "compress-check", "explain", "score"}
"""Commands that an interruption leaves incomplete (13); the others exit with 130, as the shell has it."""


def _print_version(wanted: bool) -> None:
    """Print the versions of package, records and policies and end, where they were asked for."""
    if wanted:
        package = metadata.version("checkpoint-audit")
        sys.stdout.write(f"audit {package} (records {SCHEMA_VERSION}, policies {POLICY_VERSION})\n")
        raise typer.Exit


class Program(TyperGroup):
    """The ``audit`` command line. A command's module is imported when it is called, not to list its name."""

    def resolve_command(
        self,
        ctx: Any,  # noqa: ANN401 - the parser's own context is private
        args: list[str],
    ) -> tuple[str | None, Any, list[str]]:
        """The command that the first word names, and the words behind it."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name in COMMANDS else listed, rest


@cache
def load_command(name: str) -> TyperCommand | TyperGroup:
    """A command, or a group of commands, from its module."""
    program = typer.Typer(rich_markup_mode=None)
    module = ELSEWHERE.get(name, f"commands.{name}{'_' if iskeyword(name) else ''}")
    import_module(f"audit.cli.{module}").register(program)
    for command in commands_of(program):
        command.cls = Command
    found: TyperCommand | TyperGroup = get_group(program).commands[name]  # type: ignore[assignment]
    return found


@cache
def build() -> TyperGroup:
    """The command line: its own options, and the names of all its commands."""
    program = typer.Typer(
        name="audit",
        cls=Program,
        help="May this checkpoint ship, and what is the evidence?",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"token_normalize_func": hyphenated},
    )
    program.callback()(_program)
    for name, about in COMMANDS.items():
        program.command(name, help=about)(_listed)
    return get_group(program)


def _listed() -> None:
    """What a name in the list of commands does by itself; :class:`Program` calls the command of that name."""


def _program(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_print_version,
            help="Print the versions and exit.",
        ),
    ] = False,
) -> None:
    """May this checkpoint ship, and what is the evidence?"""
    del version


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    Args:
        arguments: Words after ``audit``; None takes the process's own.
    """
    words: list[str] = []
    try:
        words = spelled(arguments)
        code = build()(args=words, prog_name="audit", standalone_mode=False)
    except AuditError as error:
        return _report(error, error.exit_code, _trying_again(error, words))
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without its command; the class is not exported
            sys.stderr.write(f"{error.format_message()}\n")
            return ExitCode.USAGE
        return _report(error, ExitCode.USAGE, _in_plain_words(error))
    except (typer.Abort, KeyboardInterrupt):
        code = ExitCode.INTERRUPTED
    except BaseException as error:  # noqa: BLE001 - the outermost boundary: a crash is one line unless -v
        return _crash(error)
    if code == ExitCode.INTERRUPTED:  # the parser's own answer to a KeyboardInterrupt, too
        return _say_interrupted(words)
    return code if isinstance(code, int) else 0


def _in_plain_words(error: typer.TyperException) -> str:
    """What is wrong with the words that were typed, in the terms of configuration files."""
    from pydantic import ValidationError  # noqa: PLC0415 - slow to import, and needed for wrong values only

    from audit.core.records.faults import fault_text, is_about_value  # noqa: PLC0415 - likewise

    if type(error).__name__ == "MissingParameter":  # the class is not exported
        return _missing(getattr(error, "param", None)) or error.format_message()
    fault = error.__cause__
    if isinstance(error, typer.BadParameter) and isinstance(fault, ValidationError):
        first = fault.errors()[0]
        found = f" (found {printable(repr(first['input']), 80)})" if is_about_value(first) else ""
        error.message = f"{fault_text(first)}{found}"
    return error.format_message()


def _crash(error: BaseException) -> int:
    """A line on what nobody handled; none where nobody reads stdout any more, which rich and the parser end so."""
    if not (isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError)):
        what = printable(f"{type(error).__name__}: {error}", 2000)
        _report(error, ExitCode.CRASH, f"crashed: {what} (run again with -v for the traceback)")
    return ExitCode.CRASH


def _missing(parameter: Any) -> str | None:  # noqa: ANN401 - the parser's own class is private
    """What an argument that was left out can be; None where its help does not say so."""
    about = str(getattr(parameter, "help", None) or "").rstrip(".")
    if not about:
        return None
    name = next((word for word in parameter.opts if word.startswith("--")), parameter.metavar or parameter.name.upper())
    return f"{name} is missing: give one ({about})"


def _say_interrupted(words: Sequence[str]) -> int:
    """A line, and the exit code of the command that was interrupted."""
    err.print(_interruption(words), markup=False)
    return ExitCode.INCOMPLETE if LONG.intersection(words[:1]) else ExitCode.INTERRUPTED


def _interruption(words: Sequence[str]) -> str:
    """How a command stood that was interrupted, and how to go on; ``audit run`` says it itself once it measures."""
    if words[:2] in (["ratings", "judge"], ["judge", "outputs"]):
        return "interrupted: what was judged is kept; repeat the command to go on"
    if words[:2] == ["judge", "measure"]:
        return "interrupted: repeat the command; answers that were kept are not asked for again"
    if words[:1] == ["sweep"]:
        return "interrupted: repeat the command to go on"
    if words[:1] != ["run"]:
        return "interrupted"
    if any(word.partition("=")[0] in {"--resume", "--extend"} for word in words):
        return "interrupted: nothing was added to the run yet"
    return str(Interrupted())


def _trying_again(error: AuditError, words: Sequence[str]) -> str | None:
    """A failure of the checkpoint's own code, a kernel or the device, with what to do; None for any other error."""
    if not isinstance(error, EngineFault):
        return None
    how = "finish the run with audit run --resume" if words[:1] == ["run"] else "repeat the command to try again"
    return f"{error}: {how}"


def _report(error: BaseException, code: int, message: str | None = None) -> int:
    """One line to stderr; the traceback only with ``-v``."""
    if verbosity.chosen.verbose:
        traceback.print_exception(error)
    line = " ".join((message or str(error)).split())
    sys.stderr.write(f"error: {printable(line)}\n")
    return code


def main() -> None:
    """Entry point of the ``audit`` command."""
    interrupts.install()
    interrupts.when_stuck(lambda _stopped: _say_interrupted(sys.argv[1:]))
    code = run_command()
    try:
        finish_output()
    except AuditError as error:
        code = code or _report(error, error.exit_code)
    sys.exit(code)
