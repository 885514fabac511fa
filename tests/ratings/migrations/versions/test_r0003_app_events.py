"""The table of the app's events refuses what would change its past."""

from __future__ import annotations

from sqlalchemy import text

from audit.ratings.database import writing
from tests.ratings.migrations.versions.test_r0002_projects import MOMENT, refused

EVENT = f"INTO app_events (created, kind, person, content) VALUES ({MOMENT}, 'opened', 'ada', '{{}}')"


def test_what_was_logged_stays(any_database: str) -> None:
    with writing(any_database) as connection:
        connection.execute(text(f"INSERT {EVENT}"))
    changes = ["UPDATE app_events SET person = 'bob'", "DELETE FROM app_events"]
    if any_database.startswith("sqlite"):
        numbered = EVENT.replace("(created", "(id, created").replace("VALUES (", "VALUES (1, ")
        changes.append(f"INSERT OR REPLACE {numbered}")
    else:
        changes.append("TRUNCATE app_events")
    for change in changes:
        assert "append-only" in refused(any_database, change)
    nobody = EVENT.replace("'ada'", "''")
    assert "check" in refused(any_database, f"INSERT {nobody}").casefold()
