"""The tables of projects refuse what would change their past."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from audit.ratings.database import writing

MOMENT = "'2026-01-01'"
PROJECT = f"INTO projects (created, name, content) VALUES ({MOMENT}, 'p', '{{}}')"
ITEM = "INTO project_items (project_id, kind, content) VALUES (1, 'regular', '{}')"
EVENT = (
    "INTO project_events (created, project_id, kind, person, submission, content) "
    f"VALUES ({MOMENT}, 1, 'answered', 'ada', 'x', '{{}}')"
)
SLOT = "INSERT INTO project_slots (item_id, slot, project_id, person, done) VALUES (1, {}, 1, {}, {})"


def refused(url: str, statement: str) -> str:
    """Why the database refuses a statement; the statement is tried alone in a transaction."""
    from audit.ratings.database import open_engine

    with pytest.raises(DatabaseError) as caught, open_engine(url).begin() as connection:
        connection.execute(text(statement))
    return str(caught.value)


def test_what_was_written_stays(any_database: str) -> None:
    with writing(any_database) as connection:
        for row in (f"INSERT {PROJECT}", f"INSERT {ITEM}", f"INSERT {EVENT}"):
            connection.execute(text(row))
    for table in ("projects", "project_items", "project_events"):
        for change in (f"UPDATE {table} SET content = '[]'", f"DELETE FROM {table}"):  # noqa: S608 - names of tables
            assert "append-only" in refused(any_database, change)
    if any_database.startswith("sqlite"):
        numbered = [
            row.replace("(created", "(id, created").replace("VALUES (", "VALUES (1, ") for row in (PROJECT, EVENT)
        ]
        for row in (PROJECT, EVENT, *numbered):
            assert "append-only" in refused(any_database, f"INSERT OR REPLACE {row}")
    else:
        assert "append-only" in refused(any_database, "TRUNCATE project_events CASCADE")


def test_a_rater_has_one_slot_of_an_item(any_database: str) -> None:
    with writing(any_database) as connection:
        for row in (f"INSERT {PROJECT}", f"INSERT {ITEM}", SLOT.format(1, "'ada'", "FALSE")):
            connection.execute(text(row))
    assert "unique" in refused(any_database, SLOT.format(2, "'ada'", "FALSE")).casefold()
    assert "unique" in refused(any_database, SLOT.format(1, "'bob'", "FALSE")).casefold()
    assert "check" in refused(any_database, SLOT.format(2, "NULL", "TRUE")).casefold()
