"""Options that the commands of ``audit ratings`` share."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from audit.core.errors import UsageError

Database = Annotated[str | None, typer.Option(help="Ratings database. Default: RUNS/ratings.sqlite.")]
ProjectName = Annotated[str, typer.Option("--project", help="Name of the rating project.")]
ActingUser = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Who acts. Default: your user name on this machine.")
]


def acting_user(given: str | None) -> str:
    """The name under which a command acts.

    Raises:
        UsageError: None was given, and the system knows none.
    """
    try:
        return given or getpass.getuser()
    except (OSError, KeyError):
        msg = "your user name is not known: give one with --as"
        raise UsageError(msg) from None
