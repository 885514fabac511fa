"""Options that the commands of ``audit ratings`` share."""

from __future__ import annotations

import getpass
import os.path
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.run_folder import RunFolder

Database = Annotated[
    str | None,
    typer.Option(help="Ratings database. Default: RUNS/ratings.sqlite."),
]
RunDatabase = Annotated[
    str | None,
    typer.Option(
        help="Ratings database. Default: RUNS/ratings.sqlite; without --runs, that next to a RUN that is a path."
    ),
]
ProjectName = Annotated[str, typer.Option("--project", help="Name of the rating project.")]
ActingUser = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Who acts. Default: your user name on this machine.")
]


def database_of(context: typer.Context, given: str | None, runs: Path, folders: Sequence[RunFolder]) -> str:
    """The database of some runs: the given one, else that of the typed ``--runs``, else that next to the runs.

    Args:
        context: Of the command; it knows whether ``--runs`` was typed.
        given: ``--database``.
        runs: ``--runs``, or its default.
        folders: The runs; a run that was found by its id lies in ``runs``.

    Raises:
        UsageError: Nothing was typed, and the runs lie in different folders.
    """
    from audit.ratings import default_url  # noqa: PLC0415 - SQLAlchemy takes a second to import

    if given:
        return given
    next_to = list(dict.fromkeys(os.path.dirname(os.path.abspath(one.path)) for one in folders))  # noqa: PTH100, PTH120 - Path keeps ".."
    is_typed = str(getattr(context.get_parameter_source("runs"), "name", "")) != "DEFAULT"
    if is_typed or next_to in ([], [os.path.abspath(runs)]):  # noqa: PTH100 - as above
        return default_url(runs)
    if len(next_to) > 1:
        msg = f"the runs are in different folders, {', '.join(next_to)}: say with --runs or --database which ratings"
        raise UsageError(msg)
    return default_url(Path(next_to[0]))


def require_project(url: str, name: str) -> None:
    """Refuse to go on without the project, naming the database that lacks it.

    Raises:
        UsageError: There is no such database, or no such project in it.
    """
    from audit.ratings.database import reading, require, shown  # noqa: PLC0415 - SQLAlchemy takes a second to import
    from audit.ratings.projects.project import find  # noqa: PLC0415 - as above

    require(url)
    with reading(url) as connection:
        try:
            find(connection, name)
        except UsageError as error:
            msg = f"{shown(url)}: {error}"
            raise UsageError(msg) from None


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
