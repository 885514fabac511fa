"""A database is made once, brought up to date, and left alone when it is newer."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from audit.core.errors import UsageError
from audit.ratings import add, database, read_all, summary
from audit.ratings.migrations import applying

if TYPE_CHECKING:
    from tests.ratings.conftest import MakeRating

FIRST_VERSION = Path(__file__).with_name("first_version.sql")
"""Dump of a database that the first version made: three ratings by two people, one of them withdrawn."""


def rows(file: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file)
    found = connection.execute(statement).fetchall()
    connection.close()
    return found


def of_first_version(file: Path) -> Path:
    connection = sqlite3.connect(file)
    connection.executescript(FIRST_VERSION.read_text("utf-8"))
    connection.close()
    return file


def test_a_database_of_the_first_version_keeps_its_rows_and_gets_what_is_missing(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    file = of_first_version(tmp_path / "ratings.sqlite")
    before = rows(file, "SELECT * FROM ratings ORDER BY id")
    assert len(before) == 3
    found = read_all(database_url)
    assert [(one.rater, one.sample_id, one.rating, one.withdrawn) for one in found] == [
        ("Ada", "s1", 2, False),
        ("bob", "s1", 4, False),
        ("Ada", "s2#1", 5, True),
    ]
    assert found[0].comment == "größer — 二"
    assert rows(file, "SELECT * FROM ratings ORDER BY id") == before
    assert add(database_url, make_rating("ada", "s3", 1)).id == 4
    made = tmp_path / "new.sqlite"
    add(f"sqlite:///{made}", make_rating("ada", "s3", 1))
    structure = "SELECT type, name, tbl_name FROM sqlite_master ORDER BY name"
    assert rows(file, structure) == rows(made, structure)


def test_one_that_lacks_the_last_steps_of_the_first_version_gets_them(tmp_path: Path, database_url: str) -> None:
    file = of_first_version(tmp_path / "ratings.sqlite")
    connection = sqlite3.connect(file)
    connection.executescript(
        "DROP TABLE ratings_withdrawn; DELETE FROM ratings_migrations WHERE name = 'm004_withdrawals';"
    )
    connection.close()
    assert [one.withdrawn for one in read_all(database_url)] == [False] * 3


def test_what_is_up_to_date_is_not_written(tmp_path: Path, database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s1", 3))
    database._migrated_engine(database.parse_url(database_url)).dispose()
    database._migrated_engine.cache_clear()
    before = (tmp_path / "ratings.sqlite").read_bytes()
    assert len(read_all(database_url)) == 1
    assert (tmp_path / "ratings.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "unknown"),
    [
        ("INSERT INTO ratings_migrations VALUES ('m900_future', '2030-01-01')", "m900_future"),
        ("UPDATE alembic_version SET version_num = '9000'", "9000"),
    ],
)
def test_a_newer_database_is_a_clear_error_and_stays_as_it_is(
    tmp_path: Path, database_url: str, make_rating: MakeRating, statement: str, unknown: str
) -> None:
    add(database_url, make_rating("ada", "s1", 3))
    database._migrated_engine(database.parse_url(database_url)).dispose()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    database._migrated_engine.cache_clear()
    bytes_before = (tmp_path / "ratings.sqlite").read_bytes()
    for use in (lambda: summary(database_url, "run-1"), lambda: add(database_url, make_rating("ada", "s1", 4))):
        with pytest.raises(UsageError, match=rf"newer version of audit \(unknown migration {unknown}\): update"):
            use()
    assert (tmp_path / "ratings.sqlite").read_bytes() == bytes_before


def test_the_first_version_reads_that_the_database_is_newer(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    """It refuses a name that it does not know in its own table."""
    add(database_url, make_rating("ada", "s1", 3))
    names = {name for (name,) in rows(tmp_path / "ratings.sqlite", "SELECT name FROM ratings_migrations")}
    assert names == {*applying.FIRST_VERSION, applying.HANDED_OVER}
