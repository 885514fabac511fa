"""``-q`` and ``-v``, the same on every command.

They are state of the process, because the code that reads them is everywhere a line is printed: what
was typed last (:data:`chosen`), and how loud Python's ``logging`` and ``warnings`` are (:func:`apply`). Both are set
once, by :class:`audit.cli.command.Command`, before a command runs; nothing but the command line reads or sets them.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import Annotated

import typer

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print logs, and tracebacks of errors.")]


@dataclass
class Verbosity:
    """How much the user wants to read."""

    quiet: bool = False
    """No progress and no remarks: results and errors only."""
    verbose: bool = False
    """Logs of the libraries, and tracebacks."""


chosen = Verbosity()
"""What the command that runs in this process was given."""


def apply(*, quiet: bool, verbose: bool) -> None:
    """Remember the choice; silence libraries unless asked for."""
    chosen.quiet, chosen.verbose = quiet, verbose
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR)
    if verbose:
        logging.getLogger("audit").setLevel(logging.DEBUG)  # tracebacks of what broke without ending the run
    else:
        logging.disable(logging.WARNING)
        warnings.simplefilter("ignore")
