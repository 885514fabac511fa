"""A database by its URL: what is refused in one line, and without the password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError, WriteError
from audit.ratings import add, database, read_all, summary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ratings.conftest import MakeRating


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "ratings.sqlite").write_text("rater,rating\n" * 100)
    with pytest.raises(UsageError, match=r"ratings\.sqlite: the ratings database failed: file is not a database"):
        summary(database_url, "run-1")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path, make_rating: MakeRating) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteError, match="cannot be created for the ratings database"):
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
