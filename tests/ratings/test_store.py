"""Rows come back as they were written, none changes, none gets lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from audit.core.errors import UsageError
from audit.ratings import (
    NewRating,
    add,
    mean_by_output,
    read_all,
    read_latest,
    summary,
    withdraw,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.whole.processes import Forks
    from tests.ratings.conftest import MakeRating


def test_a_rating_comes_back_as_it_was_written(database_url: str, make_rating: MakeRating) -> None:
    before = datetime.now(UTC)
    given = make_rating("ada", "s1", 4, comment="größer — 二\n<script>alert(1)</script>")
    written = add(database_url, given)
    (read,) = read_all(database_url)
    assert read == written
    assert NewRating(**read.model_dump(exclude={"id", "created", "withdrawn"})) == given
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


def test_the_database_itself_refuses_changes_and_deletions(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    add(database_url, make_rating("ada", "s1", 2))
    foreign = create_engine(f"sqlite:///{tmp_path / 'ratings.sqlite'}")
    row = (
        "INTO ratings (id, created, rater, run_id, suite, task, sample_id, output_sha256, rating, comment)"
        " VALUES (1, '2026-01-01', 'eve', 'run-1', 'evals', 'asdiv', 's1', '0', 5, '')"
    )
    for statement in (
        "UPDATE ratings SET rating = 5",
        "UPDATE OR REPLACE ratings SET rating = 5",
        "DELETE FROM ratings",
        f"INSERT OR REPLACE {row}",
        f"REPLACE {row}",
        f"INSERT {row} ON CONFLICT (id) DO UPDATE SET rating = 5",
        f"INSERT {row}".replace("(1,", "(-1,"),
        f"INSERT {row}".replace("(1,", "(0,"),
    ):
        with foreign.begin() as connection, pytest.raises(DatabaseError, match="append-only"):
            connection.execute(text(statement))
    foreign.dispose()
    assert [row.rating for row in read_all(database_url)] == [2]
    assert add(database_url, make_rating("ada", "s1", 4)).id == 2


def test_a_withdrawn_rating_stays_and_the_one_before_it_counts(database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s1", 2))
    last = add(database_url, make_rating("ada", "s1", 5))
    withdraw(database_url, last.id)
    withdraw(database_url, last.id)  # pressed twice
    assert [(row.rating, row.withdrawn) for row in read_all(database_url)] == [(2, False), (5, True)]
    assert [row.rating for row in read_latest(database_url, "run-1", "ada")] == [2]
    assert [found.mean for found in summary(database_url, "run-1")] == [2.0]
    assert list(mean_by_output(database_url).values()) == [2.0]
    with pytest.raises(UsageError, match="no rating 99 to withdraw"):
        withdraw(database_url, 99)


def test_a_withdrawal_cannot_be_taken_back_by_other_programs(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    withdraw(database_url, add(database_url, make_rating("ada", "s1", 2)).id)
    foreign = create_engine(f"sqlite:///{tmp_path / 'ratings.sqlite'}")
    for statement in (
        "DELETE FROM ratings_withdrawn",
        "UPDATE ratings_withdrawn SET rating_id = 7",
        "REPLACE INTO ratings_withdrawn VALUES (1, '2026-01-01')",
        "INSERT INTO ratings_withdrawn VALUES (99, '2026-01-01')",  # a rating that is yet to come
    ):
        with foreign.begin() as connection, pytest.raises(DatabaseError, match="append-only"):
            connection.execute(text(statement))
    foreign.dispose()


def test_reading_makes_no_database(tmp_path: Path, database_url: str) -> None:
    assert read_all(database_url) == []
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_database_can_be_read(tmp_path: Path, database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s1", 2))
    # `mode=ro` refuses writes for root too, whom file permissions do not stop.
    read_only = f"sqlite:///file:{tmp_path / 'ratings.sqlite'}?mode=ro&uri=true"
    assert [row.rating for row in read_all(read_only)] == [2]


RATE_FORTY = """
import sys
from audit.ratings import NewRating, add
for number in range(40):
    about = {"run_id": "run-1", "suite": "evals", "task": "asdiv", "output_sha256": "0" * 64}
    add(sys.argv[1], NewRating(rater=sys.argv[2], sample_id=f"s{number}", rating=number % 5 + 1, **about))
"""


@pytest.mark.slow
def test_two_people_rating_at_once_lose_nothing(forks: Forks, database_url: str) -> None:
    """Both processes also meet a database that does not exist yet and has to be made once."""
    people = [forks.start([database_url, rater], RATE_FORTY) for rater in ("ada", "bob")]
    assert [person.poll(block=True) for person in people] == [0, 0]
    rows = read_all(database_url)
    assert len({row.id for row in rows}) == 80
    for rater in ("ada", "bob"):
        assert [row.sample_id for row in rows if row.rater == rater] == [f"s{number}" for number in range(40)]
