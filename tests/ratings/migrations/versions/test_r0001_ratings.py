"""The tables of the first version, made newly."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from audit.ratings import read_all
from tests.ratings.migrations.test_applying import FIRST_VERSION

if TYPE_CHECKING:
    from tests.ratings.conftest import MakeRating


def test_the_tables_are_those_that_the_first_version_made(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    from audit.ratings import add

    add(database_url, make_rating("ada", "s1", 3))
    assert len(read_all(database_url)) == 1
    connection = sqlite3.connect(tmp_path / "ratings.sqlite")
    now = {name: _plain(sql) for name, sql in connection.execute("SELECT name, sql FROM sqlite_master") if sql}
    connection.close()
    old = sqlite3.connect(":memory:")
    old.executescript(Path(FIRST_VERSION).read_text("utf-8"))
    before = {name: _plain(sql) for name, sql in old.execute("SELECT name, sql FROM sqlite_master") if sql}
    old.close()
    assert {name: now.get(name) for name in before} == before


def _plain(sql: str) -> str:
    return re.sub(r"\s+", " ", sql)
