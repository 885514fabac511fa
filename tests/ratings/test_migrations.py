"""A database is made once, brought up to date, and left alone when it is newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from audit.core.errors import UsageError, WriteError
from audit.ratings import add, database, migrations, read_all, summary
from audit.ratings.tables import RatingRow

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


def test_the_migrated_table_has_the_columns_that_the_program_reads(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    add(database_url, make_rating("ada", "s1", 3))
    engine = create_engine(f"sqlite:///{tmp_path / 'ratings.sqlite'}")
    columns = {column["name"]: column["nullable"] for column in inspect(engine).get_columns("ratings")}
    engine.dispose()
    mapped = {column.name: column.nullable for column in RatingRow.__table__.columns}
    assert columns.keys() == mapped.keys()
    assert not any(nullable for name, nullable in columns.items() if name != "id")


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


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "ratings.sqlite").write_text("rater,rating\n" * 100)
    with pytest.raises(UsageError, match=r"ratings\.sqlite: the ratings database answered: file is not a database"):
        summary(database_url, "run-1")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path, make_rating: MakeRating) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteError, match="cannot be made for the ratings database"):
        add(f"sqlite:///{tmp_path}/file/ratings.sqlite", make_rating("ada", "s1", 3))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ratings.sqlite", "not a database URL: use sqlite:///FILE"),
        ("mysql://root@host/name", "mysql is not supported"),
        ("oracle+nothing://host/name", "oracle is not supported"),
    ],
)
def test_other_urls_are_refused_in_one_line(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_all(url)
    assert "\n" not in str(caught.value)


def test_postgresql_urls_get_the_driver_of_the_extra() -> None:
    assert database.parse_url("postgresql://ada@host/name").drivername == "postgresql+psycopg"
    assert database.parse_url("postgresql+psycopg2://ada@host/name").drivername == "postgresql+psycopg"


def test_errors_never_show_the_password(tmp_path: Path) -> None:
    # Port 9 (discard) answers nobody; without the driver the error is another one, the rule the same.
    with pytest.raises(UsageError) as caught:
        read_all("postgresql://ada:secret@127.0.0.1:9/name?connect_timeout=2")
    assert "secret" not in str(caught.value)
    assert "ada:***@127.0.0.1" in str(caught.value)
    with pytest.raises(UsageError) as caught:
        read_all("postgresql://127.0.0.1:9/name?connect_timeout=2&password=secret")
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="not a database URL") as caught:
        read_all("postgresql://ada:sec@ret:word@127.0.0.1/name")
    assert "word" not in str(caught.value)


def test_a_database_that_was_removed_is_made_anew(tmp_path: Path, database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s1", 3))
    (tmp_path / "ratings.sqlite").unlink()
    add(database_url, make_rating("ada", "s2", 4))
    assert [row.sample_id for row in read_all(database_url)] == ["s2"]
