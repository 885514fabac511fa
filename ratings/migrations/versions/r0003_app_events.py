"""Events of the app as a whole: roles given and taken, pages opened, hidden text revealed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from audit.ratings.migrations.triggers import guard, no_replacement

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table, append-only like the others."""
    connection = op.get_bind()
    postgresql = connection.dialect.name == "postgresql"
    words = {
        "identity": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        if postgresql
        else "INTEGER PRIMARY KEY AUTOINCREMENT",
        "moment": "TIMESTAMP WITH TIME ZONE" if postgresql else "DATETIME",
    }
    for statement in TABLES:
        connection.execute(text(statement.format(**words)))
    guard(connection, "app_events")
    no_replacement(connection, "app_events")


TABLES = (
    """
    CREATE TABLE app_events (
        id {identity},
        created {moment} NOT NULL,
        kind TEXT NOT NULL,
        person TEXT NOT NULL CHECK (person <> ''),
        content TEXT NOT NULL
    )
    """,
    "CREATE INDEX app_events_by_kind ON app_events (kind, person)",
)
