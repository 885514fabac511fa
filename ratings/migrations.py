"""Numbered migrations of a ratings database, and the table of those applied.

Follows simonw/llm (``llm/migrations.py``): a list of functions, each applied once, in order. A database with a
migration that is not in the list was written by a newer version and is left alone. A released migration is never
edited: later changes are new functions at the end.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from audit.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    Migration = Callable[[Connection], None]

MIGRATIONS: list[Migration] = []


def migration(function: Migration) -> Migration:
    """Append ``function`` to the list."""
    MIGRATIONS.append(function)
    return function


def missing(connection: Connection) -> list[Migration]:
    """The migrations that a database lacks, in order.

    Raises:
        UsageError: A newer version of this program has migrated the database further.
    """
    applied: set[str] = set()
    if inspect(connection).has_table("ratings_migrations"):
        applied = set(connection.execute(text("SELECT name FROM ratings_migrations")).scalars())
    newer = sorted(applied - {function.__name__ for function in MIGRATIONS})
    if newer:
        msg = (
            f"the ratings database was written by a newer version of audit (unknown migration {newer[0]}): "
            "update checkpoint-audit, or name another database with --database"
        )
        raise UsageError(msg)
    return [function for function in MIGRATIONS if function.__name__ not in applied]


def migrate(connection: Connection) -> None:
    """Apply the missing migrations, inside the caller's transaction.

    The transaction must hold the database's write lock (SQLite: ``BEGIN IMMEDIATE``), so that of two
    processes that open a new database at once one waits and finds the work done.

    Raises:
        UsageError: A newer version of this program has migrated the database further.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('audit.ratings.migrations'))"))
    connection.execute(
        text("CREATE TABLE IF NOT EXISTS ratings_migrations (name VARCHAR(100) PRIMARY KEY, applied VARCHAR(40))")
    )
    for function in missing(connection):
        function(connection)
        connection.execute(
            text("INSERT INTO ratings_migrations (name, applied) VALUES (:name, :applied)"),
            {"name": function.__name__, "applied": datetime.now(UTC).isoformat(timespec="seconds")},
        )


@migration
def m001_ratings(connection: Connection) -> None:
    """The table of ratings and the index that queues and summaries read by."""
    # AUTOINCREMENT: without it SQLite may give the number of a vanished last row to another one.
    identity = (
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        if connection.dialect.name == "postgresql"
        else "INTEGER PRIMARY KEY AUTOINCREMENT"
    )
    moment = "TIMESTAMP WITH TIME ZONE" if connection.dialect.name == "postgresql" else "DATETIME"
    connection.execute(
        text(
            f"""
            CREATE TABLE ratings (
                id {identity},
                created {moment} NOT NULL,
                rater TEXT NOT NULL CHECK (rater <> ''),
                run_id TEXT NOT NULL,
                suite TEXT NOT NULL,
                task TEXT NOT NULL,
                sample_id TEXT NOT NULL,
                output_sha256 TEXT NOT NULL,
                rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
                comment TEXT NOT NULL
            )
            """
        )
    )
    connection.execute(text("CREATE INDEX ratings_by_run ON ratings (run_id, rater, sample_id)"))


@migration
def m002_append_only(connection: Connection) -> None:
    """Refuse UPDATE and DELETE (and TRUNCATE, if the database has it) in the database itself."""
    if connection.dialect.name == "postgresql":
        body = f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
        connection.execute(text(f"CREATE FUNCTION ratings_refuse() RETURNS trigger LANGUAGE plpgsql AS {body}"))
    _guard(connection, "ratings")


@migration
def m003_no_replacement(connection: Connection) -> None:
    """Refuse INSERT OR REPLACE over a row: SQLite fires no DELETE trigger for the row that it replaces.

    Before an insert SQLite gives -1 for a number that is not set, so that no row may have it.
    """
    if connection.dialect.name == "sqlite":
        _refuse(
            connection, "ratings_no_replacement", "BEFORE INSERT ON ratings", f"NEW.id > 0 AND {_RATING.format('id')}"
        )
        _refuse(connection, "ratings_numbers", "AFTER INSERT ON ratings", "NEW.id < 1")


@migration
def m004_withdrawals(connection: Connection) -> None:
    """The table of withdrawn ratings, append-only like the ratings."""
    postgresql = connection.dialect.name == "postgresql"
    identity, moment = ("BIGINT", "TIMESTAMP WITH TIME ZONE") if postgresql else ("INTEGER", "DATETIME")
    connection.execute(
        text(
            "CREATE TABLE ratings_withdrawn "
            f"(rating_id {identity} PRIMARY KEY REFERENCES ratings (id), created {moment} NOT NULL)"
        )
    )
    _guard(connection, "ratings_withdrawn")
    if not postgresql:
        on = "BEFORE INSERT ON ratings_withdrawn"
        _refuse(connection, "withdrawn_no_replacement", on, _WITHDRAWAL)
        _refuse(connection, "withdrawn_is_a_rating", on, f"NOT {_RATING.format('rating_id')}")


_REFUSAL = "ratings are append-only: write a new rating instead"


def _guard(connection: Connection, table: str) -> None:
    """Triggers that refuse changes and deletions in a table."""
    if connection.dialect.name == "postgresql":
        changes = f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        connection.execute(text(changes + "FOR EACH STATEMENT EXECUTE FUNCTION ratings_refuse()"))
        return
    for event in ("UPDATE", "DELETE"):
        _refuse(connection, f"{table}_no_{event.lower()}", f"BEFORE {event} ON {table}")


_RATING = "EXISTS (SELECT 1 FROM ratings WHERE id = NEW.{})"
_WITHDRAWAL = "EXISTS (SELECT 1 FROM ratings_withdrawn WHERE rating_id = NEW.rating_id)"


def _refuse(connection: Connection, name: str, event: str, condition: str = "") -> None:
    """A SQLite trigger that refuses an event, only under the condition if one is given."""
    when = f" WHEN {condition}" if condition else ""
    connection.execute(text(f"CREATE TRIGGER {name} {event}{when} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"))
