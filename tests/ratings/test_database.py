"""A database by its URL: what is refused in one line, and without the password."""

from __future__ import annotations

import os
import sqlite3
from collections import namedtuple
from typing import TYPE_CHECKING

import psutil
import pytest

from audit.core.errors import UsageError, WriteError
from audit.ratings import add, database, read_all, summary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ratings.conftest import MakeRating


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "ratings.sqlite").write_text("rater,rating\n" * 100)
    with pytest.raises(
        UsageError, match=r"ratings\.sqlite: the ratings database failed: file is not a database: name another"
    ):
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


def journal_of(file: Path) -> str:
    connection = sqlite3.connect(file)
    (name,) = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()
    return str(name)


def test_a_copy_in_the_place_of_a_database_is_what_is_used(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    """Connections that are still open lead to the file that was removed, where nobody finds what is written."""
    add(database_url, make_rating("ada", "s1", 3))
    with sqlite3.connect(tmp_path / "ratings.sqlite") as there, sqlite3.connect(tmp_path / "copy") as copy:
        there.backup(copy)
    there.close()
    copy.close()
    add(database_url, make_rating("ada", "s2", 4))
    for file in tmp_path.glob("ratings.sqlite*"):
        file.unlink()
    (tmp_path / "copy").rename(tmp_path / "ratings.sqlite")
    add(database_url, make_rating("ada", "s3", 5))
    with sqlite3.connect(tmp_path / "ratings.sqlite") as there:
        found = there.execute("SELECT sample_id FROM ratings ORDER BY id").fetchall()
    there.close()
    assert found == [("s1",), ("s3",)]
    assert [row.sample_id for row in read_all(database_url)] == ["s1", "s3"]


def test_a_copy_next_to_the_log_of_the_file_before_it_is_refused(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    """SQLite would write what stands in the log into the copy, without a word."""
    add(database_url, make_rating("ada", "s1", 3))
    with sqlite3.connect(tmp_path / "copy") as copy:
        copy.execute("CREATE TABLE restored (name TEXT)")
    copy.close()
    before = (tmp_path / "copy").read_bytes()
    assert (tmp_path / "ratings.sqlite-wal").stat().st_size
    (tmp_path / "copy").replace(tmp_path / "ratings.sqlite")
    with pytest.raises(UsageError, match="another file took its place while it was open"):
        add(database_url, make_rating("ada", "s2", 4))
    assert (tmp_path / "ratings.sqlite").read_bytes() == before


def test_sqlite_uses_a_write_ahead_log_and_on_a_share_the_rollback_journal(
    tmp_path: Path, database_url: str, make_rating: MakeRating, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database_url, make_rating("ada", "s1", 3))
    assert journal_of(tmp_path / "ratings.sqlite") == "wal"
    database.open_engine(database_url).dispose()
    database._migrated_engine.cache_clear()
    mounted = namedtuple("mounted", "mountpoint fstype")  # noqa: PYI024 - as psutil has it
    parts = [mounted("/", "ext4"), mounted(str(tmp_path), "nfs4"), mounted(f"{tmp_path}-not", "ext4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: parts)  # noqa: A006 - the library's word
    assert len(read_all(database_url)) == 1
    assert journal_of(tmp_path / "ratings.sqlite") == "delete"
    add(database_url, make_rating("ada", "s2", 3))
    assert len(read_all(database_url)) == 2


@pytest.mark.parametrize(("kind", "shared"), [("ext4", False), ("CIFS", True), ("fuse.sshfs", True), ("tmpfs", False)])
def test_which_file_systems_are_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, shared: bool
) -> None:
    mounted = namedtuple("mounted", "mountpoint fstype")  # noqa: PYI024 - as psutil has it
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [mounted("/", "nfs"), mounted(str(tmp_path), kind)])  # noqa: A006
    assert database.is_on_share(tmp_path / "x.sqlite") is shared
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [])  # noqa: A006
    assert not database.is_on_share(tmp_path / "x.sqlite")


def test_a_folder_that_cannot_be_written_can_be_read(
    tmp_path: Path, database_url: str, make_rating: MakeRating, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even side files are made in it; root may write anywhere, so that the answer of the system is given here."""
    add(database_url, make_rating("ada", "s1", 3))
    database.open_engine(database_url).dispose()
    database._migrated_engine.cache_clear()
    before = sorted(tmp_path.iterdir())
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))
    assert [row.rating for row in read_all(database_url)] == [3]
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(UsageError, match="readonly database"):
        add(database_url, make_rating("ada", "s2", 3))


def test_its_size_is_what_it_takes_on_disk(any_database: str, tmp_path: Path, make_rating: MakeRating) -> None:
    is_server = not any_database.startswith("sqlite")
    assert is_server or database.size_bytes(any_database) is None
    add(any_database, make_rating("ada", "s1", 3))
    size = database.size_bytes(any_database)
    if is_server:
        assert size is not None
        assert size > 1_000_000, "an empty database of PostgreSQL has about 7 MB"
    else:
        assert size == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_an_address_is_shown_without_its_password() -> None:
    url = "postgresql://ada:secret@host/name?sslpassword=hush&x=1"
    assert database.shown_url(url) == "postgresql+psycopg://ada:***@host/name"
