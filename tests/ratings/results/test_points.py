"""Answers given in projects are ratings as well: in summaries, and for gate rules by output."""

from __future__ import annotations

import pytest

from audit.ratings import add, by_output, summary
from audit.ratings.projects.adjudicating import adjudicate, exclude
from audit.ratings.projects.making import add_items
from audit.ratings.queues import output_digest
from audit.ratings.records import NewRating
from audit.ratings.results.points import points
from tests.ratings.projects.made import content, made_in


@pytest.mark.slow
def test_answers_of_a_project_are_ratings(any_database: str) -> None:
    made = made_in(any_database, 4)
    add_items(any_database, "p", "Root", [content(90, expected={"rating": 1})], "gold")
    made.rate_all("Ann", rating=2)
    made.rate_all("Bob", rating=5)
    adjudicate(any_database, "p", "Judge", 1, {"rating": 4})
    exclude(any_database, "p", "Judge", 2, "odd")
    found = points(any_database)
    assert sorted((one.sample_id, one.rater, one.rating) for one in found) == [
        ("s0", "adjudicated", 4),
        ("s2", "ann", 2),
        ("s2", "bob", 5),
        ("s3", "ann", 2),
        ("s3", "bob", 5),
    ]
    assert points(any_database, "run-2") == []
    said = {key[2]: value for key, value in by_output(any_database).items()}
    assert said == {"s0": [4], "s2": [2, 5], "s3": [2, 5]}
    (whole,) = summary(any_database, "run-1")
    # One item of 4, two of 2 and 5: (4 + 2 + 5 + 2 + 5) / 5.
    assert (whole.n_ratings, whole.n_samples, whole.mean) == (5, 3, 3.6)


def test_the_latest_rating_counts_whether_in_a_project_or_outside(database_url: str) -> None:
    made = made_in(database_url, 1, raters=1)
    digest = output_digest("answer 0")
    outside = {"rater": "ann", "run_id": "run-1", "suite": "evals", "task": "asdiv", "sample_id": "s0"}
    add(database_url, NewRating.model_validate({**outside, "output_sha256": digest, "rating": 1}))
    made.rate_all("Ann", rating=5)
    assert list(by_output(database_url).values()) == [[5]]
    assert [one.mean for one in summary(database_url, "run-1")] == [5.0]
    add(database_url, NewRating.model_validate({**outside, "output_sha256": digest, "rating": 2}))
    assert list(by_output(database_url).values()) == [[2]]


def test_preferences_are_no_points(database_url: str) -> None:
    made = made_in(database_url, 2, pairs=True)
    made.rate_all("Ann", preference="a")
    assert points(database_url) == []
