"""Disagreements wait for an adjudicator; the answers of others are hidden until then."""

from __future__ import annotations

import threading

import pytest

from audit.core.errors import UsageError
from audit.ratings.database import reading
from audit.ratings.projects.adjudicating import adjudicate, exclude, queue, read_case
from audit.ratings.projects.events import read_events
from audit.ratings.projects.rating import flag, next_item
from audit.ratings.projects.roles import NotAllowed, give_role
from tests.ratings.projects.made import Made, made_in


def answer_each(made: Made, who: str, points: dict[int, int]) -> None:
    while (item := made.next(who)) is not None:
        made.answer(who, item, rating=points[item])


@pytest.mark.slow
def test_the_widest_disagreement_comes_first(database_url: str) -> None:
    made = made_in(database_url, 4)
    answer_each(made, "Ann", {1: 1, 2: 3, 3: 3, 4: 2})
    assert queue(database_url, "p", "Judge") == []
    answer_each(made, "Bob", {1: 2, 2: 3, 3: 5, 4: 2})
    found = queue(database_url, "p", "Judge")
    assert [(case.item_id, case.spread, case.disagreements) for case in found] == [
        (3, 0.5, ["rating"]),
        (1, 0.25, ["rating"]),
    ]
    adjudicate(database_url, "p", "Judge", 3, {"rating": 4}, "between the two")
    assert [case.item_id for case in queue(database_url, "p", "Judge")] == [1]
    exclude(database_url, "p", "Judge", 1, "unreadable")
    assert queue(database_url, "p", "Judge") == []


def test_answers_of_others_are_hidden_until_decided(any_database: str) -> None:
    made = made_in(any_database, 1)
    answer_each(made, "Ann", {1: 1})
    for who in ("Judge", "Ann", "Bob"):
        with pytest.raises(NotAllowed, match="hidden until"):
            read_case(any_database, "p", who, 1)
    with pytest.raises(NotAllowed, match="not complete yet"):
        adjudicate(any_database, "p", "Judge", 1, {"rating": 2})
    answer_each(made, "Bob", {1: 5})
    with pytest.raises(NotAllowed, match="hidden until"):
        read_case(any_database, "p", "Ann", 1)
    case = read_case(any_database, "p", "Judge", 1)
    assert case.answers == {"rater 1": {"rating": 1}, "rater 2": {"rating": 5}}
    adjudicate(any_database, "p", "Judge", 1, {"rating": 2})
    assert read_case(any_database, "p", "Ann", 1).decided == {"rating": 2}
    with pytest.raises(NotAllowed):
        read_case(any_database, "p", "Cem", 1)
    with reading(any_database) as connection:
        seen = [event.person for event in read_events(connection, 1, ["answers_seen"])]
    assert seen == ["judge", "ann"]


def test_an_adjudicator_who_has_yet_to_rate_sees_nothing_of_a_flagged_item(database_url: str) -> None:
    made = made_in(database_url, 1, raters=3)
    made.next("Ann")
    flag(database_url, "p", "Ann", 1, "cut off")
    answer_each(made, "Bob", {1: 2})
    (case,) = queue(database_url, "p", "Judge")
    assert (case.flags, case.disagreements) == (1, [])
    assert read_case(database_url, "p", "Judge", 1).flags == ["cut off"]
    give_role(database_url, "p", "Root", "Bob", "adjudicator")
    with pytest.raises(NotAllowed):
        read_case(database_url, "p", "Bob", 1)
    assert made.next("Dee") == 1
    exclude(database_url, "p", "Judge", 1, "cut off indeed")
    assert made.next("Cem") is None
    assert made.next("Dee") is None


@pytest.mark.slow
def test_preferences_are_decided_by_the_side_that_is_shown(database_url: str) -> None:
    made = made_in(database_url, 12, pairs=True)
    for item in made.items:
        for who, wanted in (("Ann", 0), ("Bob", 1)):
            while (seen := next_item(database_url, "p", who)) is not None:
                text = made.items[seen.item_id - 1].outputs[wanted].text
                side = next(side for side, shown in seen.outputs.items() if shown == text)
                made.answer(who, seen.item_id, preference=side)
        case = read_case(database_url, "p", "Judge", item.id)
        first, second = (case.answers[f"rater {n}"]["preference"] for n in (1, 2))
        assert case.item.outputs[first] == item.outputs[0].text
        assert case.item.outputs[second] == item.outputs[1].text
        adjudicate(database_url, "p", "Judge", item.id, {"preference": first})
    with reading(database_url) as connection:
        decided = [event.content["answers"] for event in read_events(connection, 1, ["adjudicated"])]
    assert decided == [{"preference": "first"}] * 12


def test_what_cannot_be_decided(database_url: str) -> None:
    made_in(database_url, 1)
    with pytest.raises(UsageError, match="no item 9"):
        adjudicate(database_url, "p", "Judge", 9, {"rating": 1})
    with pytest.raises(UsageError, match="say why"):
        exclude(database_url, "p", "Judge", 1, "")


def test_who_has_seen_the_answers_of_an_item_rates_it_no_more(any_database: str) -> None:
    made = made_in(any_database, 1, raters=2)
    give_role(any_database, "p", "Root", "Judge", "rater")
    item = made.next("Ann")
    assert item is not None
    flag(any_database, "p", "Ann", item, "odd")
    assert made.next("Judge") == item  # leased before the answers are seen
    read_case(any_database, "p", "Judge", item)
    assert made.next("Judge") is None
    assert made.next("Bob") == item


def test_of_two_who_decide_at_once_one_is_too_late(any_database: str) -> None:
    made = made_in(any_database, 1)
    answer_each(made, "Ann", {1: 1})
    answer_each(made, "Bob", {1: 5})
    give_role(any_database, "p", "Root", "Jury", "adjudicator")
    start, refused = threading.Barrier(2), []

    def decide(who: str, points: int) -> None:
        start.wait()
        try:
            adjudicate(any_database, "p", who, 1, {"rating": points})
        except UsageError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=decide, args=given) for given in (("Judge", 2), ("Jury", 4))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(any_database) as connection:
        assert len(read_events(connection, 1, ["adjudicated"])) == 1
    assert refused == ["item 1 no longer needs a decision: go back to the queue"]
    with pytest.raises(UsageError, match="no longer needs a decision"):
        exclude(any_database, "p", "Judge", 1, "too late")


def test_nobody_decides_what_they_rated_or_what_is_agreed_on(database_url: str) -> None:
    made = made_in(database_url, 2)
    answer_each(made, "Ann", {1: 1, 2: 3})
    answer_each(made, "Bob", {1: 5, 2: 3})
    give_role(database_url, "p", "Root", "Ann", "adjudicator")
    assert queue(database_url, "p", "Ann") == []
    with pytest.raises(NotAllowed, match="hidden until"):
        read_case(database_url, "p", "Ann", 1)
    with pytest.raises(NotAllowed, match="you have rated it"):
        adjudicate(database_url, "p", "Ann", 1, {"rating": 1})
    with pytest.raises(NotAllowed, match="you have rated it"):
        exclude(database_url, "p", "Ann", 1, "mine was right")
    with pytest.raises(UsageError, match="no longer needs a decision"):
        adjudicate(database_url, "p", "Judge", 2, {"rating": 1})
