"""How far a project is, and how raters meet expected answers."""

from __future__ import annotations

import pytest

from audit.ratings.projects.adjudicating import exclude
from audit.ratings.projects.making import add_items
from audit.ratings.projects.progress import progress
from audit.ratings.projects.rating import skip
from tests.ratings.projects.made import content, made_in


def test_counts_and_scores(any_database: str) -> None:
    made = made_in(any_database, 3)
    add_items(any_database, "p", "Root", [content(50, expected={"rating": 5})], "gold")
    add_items(any_database, "p", "Root", [content(51, expected={"rating": 1})], "calibration")
    made.rate_all("Ann", rating=4)
    first = made.next("Bob")
    assert first is not None
    skip(any_database, "p", "Bob", first, "tired")
    exclude(any_database, "p", "Judge", 3, "odd")
    seen = progress(any_database, "p", "Vera")
    assert (seen.items, seen.complete, seen.wanted, seen.answers, seen.excluded) == (2, 0, 4, 2, 1)
    ann, bob = seen.raters[0], seen.raters[1]
    # 4 where 5 is expected is 3/4 of the way, 4 where 1 is expected 1/4.
    assert (ann.rater, ann.answered, ann.checked, ann.share_met) == ("Ann", 5, 2, 0.5)
    assert (bob.rater, bob.answered, bob.skipped, bob.share_met) == ("Bob", 0, 1, None)


def test_a_rater_cannot_tell_gold_items_by_the_checks(database_url: str) -> None:
    made = made_in(database_url, 2)
    add_items(database_url, "p", "Root", [content(50, expected={"rating": 5})], "gold")
    add_items(database_url, "p", "Root", [content(51, expected={"rating": 1})], "calibration")
    made.rate_all("Ann", rating=4)
    (own,) = progress(database_url, "p", "Ann").raters
    assert (own.answered, own.checked, own.share_met) == (4, 1, 0.25)
    assert progress(database_url, "p", "Root").raters[0].checked == 2


def test_every_answer_moves_the_counts_that_a_rater_sees_alike(database_url: str) -> None:
    made = made_in(database_url, 2, raters=1)
    add_items(database_url, "p", "Root", [content(50, expected={"rating": 5})], "gold")
    counts = []
    while (item := made.next("Ann")) is not None:
        made.answer("Ann", item, rating=4)
        seen = progress(database_url, "p", "Ann")
        counts.append((seen.answers, seen.wanted, seen.raters[0].answered))
    # Two items by one rater each, one gold item by each of four.
    assert counts == [(1, 6, 1), (2, 6, 2), (3, 6, 3)]
    everyone = progress(database_url, "p", "Vera")
    assert (everyone.answers, everyone.wanted) == (2, 2)


@pytest.mark.parametrize(("who", "names"), [("Ann", ["Ann"]), ("Root", ["Ann", "Bob", "Cem", "Dee"])])
def test_raters_see_themselves_alone(database_url: str, who: str, names: list[str]) -> None:
    made_in(database_url, 1)
    assert [one.rater for one in progress(database_url, "p", who).raters] == names
