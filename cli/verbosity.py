"""``-q`` and ``-v``, the same on every command."""

from __future__ import annotations

import functools
import inspect
import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.models import CommandInfo

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print logs, and tracebacks of errors.")]


@dataclass
class Verbosity:
    """How much the user wants to read."""

    quiet: bool = False
    """No progress, no tables: results and errors only."""
    verbose: bool = False
    """Logs of the libraries, and tracebacks."""


chosen = Verbosity()
"""Of this process; set before the command runs."""


def add_to(command: CommandInfo) -> None:
    """Give a command the two options."""
    if command.callback is not None:
        command.callback = _with_options(command.callback)


def _with_options(callback: Callable[..., Any]) -> Callable[..., Any]:
    """``callback`` behind two more keyword options that it never sees."""

    @functools.wraps(callback)
    def command(*args: object, quiet: bool = False, verbose: bool = False, **options: object) -> object:
        apply(quiet=quiet, verbose=verbose)
        return callback(*args, **options)

    signature = inspect.signature(callback, eval_str=True)
    extra = [
        inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Quiet),
        inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Verbose),
    ]
    command.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *extra])  # type: ignore[attr-defined]
    hints = get_type_hints(callback, include_extras=True)
    command.__annotations__ = {**hints, "quiet": Quiet, "verbose": Verbose}
    del command.__wrapped__
    return command


def apply(*, quiet: bool, verbose: bool) -> None:
    """Remember the choice; silence libraries unless asked for."""
    chosen.quiet, chosen.verbose = quiet, verbose
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR)
    if not verbose:
        logging.disable(logging.WARNING)
        warnings.simplefilter("ignore")
