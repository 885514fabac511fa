"""Ratings outside projects, and their withdrawals: the tables of the first version.

A database that the first version made has some or all of them and gets the rest.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from alembic import op
from sqlalchemy import text

from audit.ratings.migrations.applying import FIRST_VERSION, HANDED_OVER, applied_by_first_version
from audit.ratings.migrations.triggers import guard, make_refusal, no_replacement, refuse

if TYPE_CHECKING:
    from sqlalchemy import Connection

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is missing."""
    connection = op.get_bind()
    done = applied_by_first_version(connection)
    connection.execute(
        text("CREATE TABLE IF NOT EXISTS ratings_migrations (name VARCHAR(100) PRIMARY KEY, applied VARCHAR(40))")
    )
    steps = dict(zip(FIRST_VERSION, (_ratings, _append_only, _no_replacement, _withdrawals), strict=True))
    for name in (*FIRST_VERSION, HANDED_OVER):
        if name in done:
            continue
        if name in steps:
            steps[name](connection)
        connection.execute(
            text("INSERT INTO ratings_migrations (name, applied) VALUES (:name, :applied)"),
            {"name": name, "applied": datetime.now(UTC).isoformat(timespec="seconds")},
        )


def _ratings(connection: Connection) -> None:
    """The table of ratings and the index that queues and summaries read by."""
    # AUTOINCREMENT: without it SQLite may give the number of a vanished last row to another one.
    postgresql = connection.dialect.name == "postgresql"
    identity = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY" if postgresql else "INTEGER PRIMARY KEY AUTOINCREMENT"
    moment = "TIMESTAMP WITH TIME ZONE" if postgresql else "DATETIME"
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


def _append_only(connection: Connection) -> None:
    make_refusal(connection)
    guard(connection, "ratings")


def _no_replacement(connection: Connection) -> None:
    no_replacement(connection, "ratings")


def _withdrawals(connection: Connection) -> None:
    """The table of withdrawn ratings, append-only like the ratings."""
    postgresql = connection.dialect.name == "postgresql"
    identity, moment = ("BIGINT", "TIMESTAMP WITH TIME ZONE") if postgresql else ("INTEGER", "DATETIME")
    connection.execute(
        text(
            "CREATE TABLE ratings_withdrawn "
            f"(rating_id {identity} PRIMARY KEY REFERENCES ratings (id), created {moment} NOT NULL)"
        )
    )
    guard(connection, "ratings_withdrawn")
    if not postgresql:
        on = "BEFORE INSERT ON ratings_withdrawn"
        again = "EXISTS (SELECT 1 FROM ratings_withdrawn WHERE rating_id = NEW.rating_id)"
        refuse(connection, "withdrawn_no_replacement", on, again)
        known = "EXISTS (SELECT 1 FROM ratings WHERE id = NEW.rating_id)"
        refuse(connection, "withdrawn_is_a_rating", on, f"NOT {known}")
