"""Bringing a ratings database up to date with Alembic, without its command line.

Databases of the first version list what was applied in a table of their own (``ratings_migrations``). That table stays:
a program of that version reads in it that the database is of a newer one, and leaves the database alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from audit.core.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

FIRST_VERSION = ("m001_ratings", "m002_append_only", "m003_no_replacement", "m004_withdrawals")
"""What the first version applied, by the names in its table."""
HANDED_OVER = "m005_alembic"
"""Says in that table that Alembic has taken over."""


def outdated(connection: Connection) -> bool:
    """Whether a database lacks a migration.

    Raises:
        UsageError: A newer version of this program has migrated the database further.
    """
    scripts = _scripts()
    here = MigrationContext.configure(connection).get_current_revision()
    if here is not None and here not in {script.revision for script in scripts.walk_revisions()}:
        raise _newer(here)
    unknown = sorted(applied_by_first_version(connection) - {*FIRST_VERSION, HANDED_OVER})
    if unknown:
        raise _newer(unknown[0])
    return here != scripts.get_current_head()


def migrate(connection: Connection) -> None:
    """Apply what is missing, inside the caller's transaction.

    The transaction must hold the database's write lock (SQLite: ``BEGIN IMMEDIATE``), so that of two processes that
    open a new database at once one waits and finds the work done.

    Raises:
        UsageError: A newer version of this program has migrated the database further.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('audit.ratings.migrations'))"))
    if not outdated(connection):
        return
    scripts = _scripts()

    def steps(revision: Any, _context: MigrationContext) -> Any:  # noqa: ANN401 - Alembic's own types
        return scripts._upgrade_revs("head", revision)  # noqa: SLF001 - as alembic.command.upgrade does

    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415 - only where something is missing

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, fn=steps)
        environment.run_migrations()


def applied_by_first_version(connection: Connection) -> set[str]:
    """Names of the migrations in the table of the first version; none where there is no such table."""
    if not inspect(connection).has_table("ratings_migrations"):
        return set()
    return set(connection.execute(text("SELECT name FROM ratings_migrations")).scalars())


@cache
def _scripts() -> ScriptDirectory:
    """The migrations, which take as long to read as to apply."""
    return ScriptDirectory(str(Path(__file__).parent))


def _newer(what: str) -> UsageError:
    return UsageError(
        f"the ratings database was written by a newer version of audit (unknown migration {what}): "
        "update checkpoint-audit, or name another database with --database"
    )
