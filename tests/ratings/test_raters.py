"""When two spellings of a name are one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from audit.ratings import (
    add,
    known_raters,
    read_all,
    read_latest,
    summary,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ratings.conftest import MakeRating


def test_spellings_of_a_name_are_one_person(database_url: str, make_rating: MakeRating) -> None:
    for name, points in (
        ("Ada  Lovelace", 1),
        (" ada lovelace", 2),
        ("ADA LOVELACE\u200b", 3),
        ("ada\u00a0lovelace", 4),
    ):
        add(database_url, make_rating(name, "s1", points))
    add(database_url, make_rating("Ada", "s1", 5))
    assert known_raters(database_url) == ["Ada Lovelace", "Ada"]
    assert [(row.rater, row.rating) for row in read_latest(database_url, "run-1")] == [("Ada Lovelace", 4), ("Ada", 5)]
    assert [row.rating for row in read_latest(database_url, "run-1", "ada LOVELACE ")] == [4]


def test_spellings_that_an_earlier_version_stored_are_one_person(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    add(database_url, make_rating("ada", "s1", 2))
    foreign = create_engine(f"sqlite:///{tmp_path / 'ratings.sqlite'}")
    with foreign.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ratings (created, rater, run_id, suite, task, sample_id, output_sha256, rating, comment)"
                " SELECT created, 'Ada ', run_id, suite, task, sample_id, output_sha256, 4, comment FROM ratings"
            )
        )
    foreign.dispose()
    assert [(row.rater, row.rating) for row in read_all(database_url)] == [("ada", 2), ("ada", 4)]
    assert [(row.rater, row.rating) for row in read_latest(database_url, "run-1")] == [("ada", 4)]
    assert [found.n_raters for found in summary(database_url, "run-1")] == [1]


def test_characters_that_are_not_seen_split_no_name(database_url: str, make_rating: MakeRating) -> None:
    for name in ("A\u200bda", "Ada", "\ufeffAda\u202c"):
        add(database_url, make_rating(name, "s1", 3))
    persian = "\u0645\u06cc\u200c\u0634\u0648\u062f"
    add(database_url, make_rating(persian, "s1", 3))
    assert known_raters(database_url) == ["Ada", persian]
