"""A database is made once, brought up to date, and left alone when it is newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, create_engine, text

from audit.core.errors import UsageError
from audit.ratings import add, database, migrations, read_all, summary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ratings.conftest import MakeRating


def _applied(file: Path) -> list[str]:
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM ratings_migrations ORDER BY name")).scalars().all()
    engine.dispose()
    return list(names)


def test_migrations_are_numbered_in_the_order_they_are_applied() -> None:
    numbers = [int(function.__name__[1:4]) for function in migrations.MIGRATIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_older_database_keeps_its_rows_and_gets_what_is_missing(
    tmp_path: Path, database_url: str, make_rating: MakeRating, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database_url, make_rating("ada", "s1", 3))
    database._migrated_engine.cache_clear()

    def m999_note(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY)"))

    before = _applied(tmp_path / "ratings.sqlite")
    monkeypatch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, m999_note])
    assert [row.rating for row in read_all(database_url)] == [3]
    assert _applied(tmp_path / "ratings.sqlite") == [*before, "m999_note"]


def test_a_newer_database_is_a_clear_error_and_stays_as_it_is(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    add(database_url, make_rating("ada", "s1", 3))
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO ratings_migrations VALUES ('m900_future', '2030-01-01')"))
    engine.dispose()
    database._migrated_engine.cache_clear()
    bytes_before = (tmp_path / "ratings.sqlite").read_bytes()
    for use in (lambda: summary(database_url, "run-1"), lambda: add(database_url, make_rating("ada", "s1", 4))):
        with pytest.raises(UsageError, match=r"newer version of audit \(unknown migration m900_future\): update"):
            use()
    assert (tmp_path / "ratings.sqlite").read_bytes() == bytes_before
