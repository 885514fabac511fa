"""Command lines of tests: arguments that are repeated unless others are given, and runs that fixtures share."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def with_defaults(defaults: Mapping[str, object], arguments: Sequence[object]) -> list[object]:
    """``arguments`` behind the defaults that they do not give themselves: an option is given once."""
    kept = [word for option, value in defaults.items() if option not in arguments for word in (option, value)]
    return [*kept, *arguments]


def run_quietly(words: Sequence[object]) -> int:
    """Run a command line in this process, with logging and verbosity afterwards as before; returns the exit code."""
    from audit.cli import verbosity
    from audit.cli.main import run_command

    before = logging.root.manager.disable
    try:
        return run_command([*map(str, words), "-q"])
    finally:
        logging.disable(before)
        verbosity.chosen.quiet = False


def only_run(out: Path) -> Path:
    """The folder of the one run under ``out``."""
    (folder,) = out.iterdir()
    return folder
