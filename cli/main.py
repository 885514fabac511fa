"""The ``audit`` command: registers the command groups, turns errors into one line and an exit code."""

from __future__ import annotations

import sys
import traceback
from importlib import metadata
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli import app as app_command
from audit.cli import (
    assets,
    canaries,
    doctor,
    explain,
    gate,
    people,
    ratings,
    report,
    run,
    score,
    tasks,
    verbosity,
)
from audit.cli.command import Command, commands_of, hyphenated
from audit.cli.console import err
from audit.core.errors import AuditError
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS = (run, gate, report, explain, score, app_command, ratings, canaries, people, assets, tasks, doctor)
"""One module per command group, in the order of ``audit --help``."""

EPILOG = (
    "Start with `audit run`, then `audit app`. "
    "Exit codes: 0 done or PASS, 1 crash, 2 bad input, 10 FAIL, 11 INCONCLUSIVE, 13 incomplete run."
)
CRASH, USAGE, INTERRUPTED = 1, 2, 130


def _print_version(wanted: bool) -> None:
    """Print the version and end, where it was asked for."""
    if wanted:
        sys.stdout.write(f"audit {metadata.version('checkpoint-audit')}\n")
        raise typer.Exit


def build() -> typer.Typer:
    """The command line with all its commands."""
    program = typer.Typer(
        name="audit",
        help="May this checkpoint ship, and what is the evidence?",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"token_normalize_func": hyphenated},
    )
    program.callback()(_program)
    for group in GROUPS:
        group.register(program)
    for command in commands_of(program):
        command.cls = Command
        verbosity.add_to(command)
    return program


def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """May this checkpoint ship, and what is the evidence?"""
    del version


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    Args:
        arguments: Words after ``audit``; None takes the process's own.
    """
    try:
        code = build()(args=arguments, prog_name="audit", standalone_mode=False)
    except AuditError as error:
        return _report(error, error.exit_code)
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without its command; the class is not exported
            sys.stderr.write(f"{error.format_message()}\n")
            return USAGE
        return _report(error, USAGE, error.format_message())
    except (typer.Abort, KeyboardInterrupt):
        err.print("interrupted", markup=False)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost boundary: a crash is one line unless -v
        return _report(error, CRASH, f"crashed: {type(error).__name__}: {error} (run again with -v for the traceback)")
    return code if isinstance(code, int) else 0


def _report(error: Exception, code: int, message: str | None = None) -> int:
    """One line to stderr; the traceback only with ``-v``."""
    if verbosity.chosen.verbose:
        traceback.print_exception(error)
    line = " ".join((message or str(error)).split())
    sys.stderr.write(f"error: {printable(line, 2000)}\n")
    return code


def main() -> None:
    """Entry point of the ``audit`` command."""
    sys.exit(run_command())
