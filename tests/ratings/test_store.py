"""Rows come back as they were written, none changes, none gets lost."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from audit.core.errors import UsageError
from audit.ratings import NewRating, add, json_lines, read_all, read_latest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ratings.conftest import MakeRating


def test_a_rating_comes_back_as_it_was_written(database_url: str, make_rating: MakeRating) -> None:
    before = datetime.now(UTC)
    given = make_rating("ada", "s1", 4, comment="größer — 二\n<script>alert(1)</script>")
    written = add(database_url, given)
    (read,) = read_all(database_url)
    assert read == written
    assert NewRating(**read.model_dump(exclude={"id", "created"})) == given
    assert before <= read.created <= datetime.now(UTC)
    assert read.created.utcoffset() == timedelta(0)


def test_a_second_rating_is_a_new_row_and_the_latest_counts(database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s1", 2))
    add(database_url, make_rating("bob", "s1", 3))
    add(database_url, make_rating("ada", "s1", 5))
    add(database_url, make_rating("ada", "s1", 1, run_id="run-2"))
    assert [row.rating for row in read_all(database_url, "run-1")] == [2, 3, 5]
    assert [(row.rater, row.rating) for row in read_latest(database_url, "run-1")] == [("bob", 3), ("ada", 5)]
    assert [row.rating for row in read_latest(database_url, "run-1", "ada")] == [5]
    assert [row.rating for row in read_latest(database_url, "run-2")] == [1]


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_ratings_off_the_scale_are_refused_by_the_record_and_by_the_database(
    rating: int, database_url: str, make_rating: MakeRating
) -> None:
    with pytest.raises(ValidationError):
        make_rating("ada", "s1", rating)
    unchecked = make_rating("ada", "s1", 3).model_copy(update={"rating": rating})
    with pytest.raises(UsageError, match="CHECK"):
        add(database_url, unchecked)
    assert read_all(database_url) == []


def test_the_database_itself_refuses_changes_and_deletions(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    add(database_url, make_rating("ada", "s1", 2))
    foreign = create_engine(f"sqlite:///{tmp_path / 'ratings.sqlite'}")
    for statement in ("UPDATE ratings SET rating = 5", "DELETE FROM ratings"):
        with foreign.begin() as connection, pytest.raises(DatabaseError, match="append-only"):
            connection.execute(text(statement))
    foreign.dispose()
    assert [row.rating for row in read_all(database_url)] == [2]


def test_reading_makes_no_database(tmp_path: Path, database_url: str) -> None:
    assert read_all(database_url) == []
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_database_can_be_read(tmp_path: Path, database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s1", 2))
    # `mode=ro` refuses writes for root too, whom file permissions do not stop.
    read_only = f"sqlite:///file:{tmp_path / 'ratings.sqlite'}?mode=ro&uri=true"
    assert [row.rating for row in read_all(read_only)] == [2]


def test_export_has_all_rows_one_object_a_line(database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s1", 2, comment="two\nlines"))
    add(database_url, make_rating("ada", "s1", 4))
    add(database_url, make_rating("ada", "s9", 3, run_id="run-2"))
    lines = list(json_lines(database_url))
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines)
    assert [json.loads(line)["rating"] for line in lines] == [2, 4, 3]
    assert json.loads(lines[0])["comment"] == "two\nlines"
    assert [json.loads(line)["sample_id"] for line in json_lines(database_url, "run-2")] == ["s9"]


RATE_FORTY = """
import sys
from audit.ratings import NewRating, add
for number in range(40):
    about = {"run_id": "run-1", "suite": "evals", "task": "asdiv", "output_sha256": "0" * 64}
    add(sys.argv[1], NewRating(rater=sys.argv[2], sample_id=f"s{number}", rating=number % 5 + 1, **about))
"""


@pytest.mark.slow
def test_two_people_rating_at_once_lose_nothing(database_url: str) -> None:
    """Both processes also meet a database that does not exist yet and has to be made once."""
    people = [subprocess.Popen([sys.executable, "-c", RATE_FORTY, database_url, rater]) for rater in ("ada", "bob")]
    assert [person.wait(timeout=300) for person in people] == [0, 0]
    rows = read_all(database_url)
    assert len({row.id for row in rows}) == 80
    for rater in ("ada", "bob"):
        assert [row.sample_id for row in rows if row.rater == rater] == [f"s{number}" for number in range(40)]
