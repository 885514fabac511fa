"""Projects, their items and events, and the slots that raters lease."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from audit.ratings.migrations.triggers import guard, no_replacement, refuse

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables; all are append-only but that of the slots, which holds no fact that an event does not hold."""
    connection = op.get_bind()
    postgresql = connection.dialect.name == "postgresql"
    words = {
        "identity": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        if postgresql
        else "INTEGER PRIMARY KEY AUTOINCREMENT",
        "number": "BIGINT" if postgresql else "INTEGER",
        "moment": "TIMESTAMP WITH TIME ZONE" if postgresql else "DATETIME",
    }
    for statement in TABLES:
        connection.execute(text(statement.format(**words)))
    for table in ("projects", "project_items", "project_events"):
        guard(connection, table)
        no_replacement(connection, table)
    if not postgresql:
        for table, column in (("projects", "name"), ("project_events", "submission")):
            same = f"EXISTS (SELECT 1 FROM {table} WHERE {column} = NEW.{column})"  # noqa: S608 - names of tables
            refuse(connection, f"{table}_same_{column}", f"BEFORE INSERT ON {table}", same)


TABLES = (
    """
    CREATE TABLE projects (
        id {identity},
        created {moment} NOT NULL,
        name TEXT NOT NULL UNIQUE CHECK (name <> ''),
        content TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE project_items (
        id {identity},
        project_id {number} NOT NULL REFERENCES projects (id),
        kind TEXT NOT NULL CHECK (kind IN ('regular', 'calibration', 'gold')),
        content TEXT NOT NULL
    )
    """,
    "CREATE INDEX project_items_by_project ON project_items (project_id)",
    """
    CREATE TABLE project_slots (
        item_id {number} NOT NULL REFERENCES project_items (id),
        slot INTEGER NOT NULL CHECK (slot >= 1),
        project_id {number} NOT NULL REFERENCES projects (id),
        person TEXT,
        until {moment},
        done BOOLEAN NOT NULL,
        PRIMARY KEY (item_id, slot),
        UNIQUE (item_id, person),
        CHECK (person IS NOT NULL OR (until IS NULL AND NOT done))
    )
    """,
    "CREATE INDEX project_slots_by_person ON project_slots (project_id, person, done)",
    """
    CREATE TABLE project_events (
        id {identity},
        created {moment} NOT NULL,
        project_id {number} NOT NULL REFERENCES projects (id),
        kind TEXT NOT NULL,
        person TEXT NOT NULL CHECK (person <> ''),
        item_id {number} REFERENCES project_items (id),
        submission TEXT UNIQUE,
        content TEXT NOT NULL
    )
    """,
    "CREATE INDEX project_events_by_kind ON project_events (project_id, kind, person)",
    "CREATE INDEX project_events_by_item ON project_events (item_id, kind)",
)
