"""Triggers that make a table append-only: the database itself refuses changes, deletions and replacements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

REFUSAL = "ratings are append-only: write a new rating instead"


def make_refusal(connection: Connection) -> None:
    """The function that PostgreSQL's triggers call; SQLite needs none."""
    if connection.dialect.name == "postgresql":
        body = f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        connection.execute(text(f"CREATE FUNCTION ratings_refuse() RETURNS trigger LANGUAGE plpgsql AS {body}"))


def guard(connection: Connection, table: str) -> None:
    """Refuse UPDATE and DELETE in a table, and TRUNCATE if the database has it."""
    if connection.dialect.name == "postgresql":
        changes = f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        connection.execute(text(changes + "FOR EACH STATEMENT EXECUTE FUNCTION ratings_refuse()"))
        return
    for event in ("UPDATE", "DELETE"):
        refuse(connection, f"{table}_no_{event.lower()}", f"BEFORE {event} ON {table}")


def no_replacement(connection: Connection, table: str) -> None:
    """Refuse INSERT OR REPLACE over a row of a table with a number ``id``: SQLite fires no DELETE trigger for that row.

    Before an insert SQLite gives -1 for a number that is not set, so that no row may have it.
    """
    if connection.dialect.name == "sqlite":
        same = f"NEW.id > 0 AND EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608 - names of tables
        refuse(connection, f"{table}_no_replacement", f"BEFORE INSERT ON {table}", same)
        refuse(connection, f"{table}_numbers", f"AFTER INSERT ON {table}", "NEW.id < 1")


def refuse(connection: Connection, name: str, event: str, condition: str = "") -> None:
    """A SQLite trigger that refuses an event, only under the condition if one is given."""
    when = f" WHEN {condition}" if condition else ""
    connection.execute(text(f"CREATE TRIGGER {name} {event}{when} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"))
