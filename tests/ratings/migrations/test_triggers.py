"""Triggers that make a table append-only, on a table of their own."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from audit.ratings.database import open_engine, writing
from audit.ratings.migrations.triggers import REFUSAL, guard, no_replacement


def test_a_guarded_table_keeps_its_rows(any_database: str) -> None:
    with writing(any_database) as connection:
        connection.execute(text("CREATE TABLE kept (id INTEGER PRIMARY KEY, value TEXT)"))
        guard(connection, "kept")
        no_replacement(connection, "kept")
        connection.execute(text("INSERT INTO kept (id, value) VALUES (1, 'first')"))
    changes = ["UPDATE kept SET value = 'x'", "DELETE FROM kept"]
    if any_database.startswith("sqlite"):
        changes += ["INSERT OR REPLACE INTO kept VALUES (1, 'x')", "INSERT INTO kept VALUES (0, 'x')"]
    else:
        changes += ["TRUNCATE kept"]
    for change in changes:
        with pytest.raises(DatabaseError, match=REFUSAL), open_engine(any_database).begin() as connection:
            connection.execute(text(change))
    with open_engine(any_database).connect() as connection:
        assert connection.execute(text("SELECT id, value FROM kept")).all() == [(1, "first")]
