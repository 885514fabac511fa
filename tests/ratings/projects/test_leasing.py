"""Slots: the last one goes to one rater, whoever asks at the same time."""

from __future__ import annotations

import threading

from audit.core.errors import UsageError
from audit.ratings.database import reading, writing
from audit.ratings.projects.adjudicating import exclude
from audit.ratings.projects.leasing import candidates, current, fill, has_filled, lease, release
from audit.ratings.projects.making import add_items
from audit.ratings.projects.project import find
from audit.ratings.projects.rating import flag
from tests.ratings.projects.made import content, made_in


def test_a_slot_is_leased_filled_and_given_back(any_database: str) -> None:
    made_in(any_database, 1, raters=1)
    with writing(any_database) as connection:
        project = find(connection, "p")
        assert lease(connection, project, "ann", 1, "regular") is not None
        assert lease(connection, project, "bob", 1, "regular") is None
        assert current(connection, 1, "ann") == 1
        assert release(connection, 1, "ann")
        assert not release(connection, 1, "ann")
        assert lease(connection, project, "bob", 1, "regular") is not None
        assert not fill(connection, 1, "ann")
        assert fill(connection, 1, "bob")
        assert not fill(connection, 1, "bob")
        assert has_filled(connection, 1, "bob")
        assert list(candidates(connection, project, "ann")) == []


def test_more_items_leave_the_order_as_it_is(database_url: str) -> None:
    made_in(database_url, 10)
    with reading(database_url) as connection:
        project = find(connection, "p")
        before = list(candidates(connection, project, "ann"))
    add_items(database_url, "p", "Root", [content(number) for number in range(10, 20)])
    with reading(database_url) as connection:
        after = list(candidates(connection, project, "ann"))
    assert [item for item in after if item in before] == before
    assert sorted(after) == list(range(1, 21))


def test_threads_that_want_the_last_slot(any_database: str) -> None:
    made = made_in(any_database, 1, raters=1)
    got: list[int | None] = []
    start = threading.Barrier(4)

    def ask(who: str) -> None:
        start.wait()
        got.append(made.next(who))

    threads = [threading.Thread(target=ask, args=(who,)) for who in ("Ann", "Bob", "Cem", "Dee")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=str) == [1, None, None, None]


def test_an_item_that_was_answered_in_another_window_is_not_leased_again(any_database: str) -> None:
    made = made_in(any_database, 1, raters=2)
    made.answer("Ann", made.next("Ann") or 0, rating=3)
    with writing(any_database) as connection:
        assert lease(connection, find(connection, "p"), "ann", 1, "regular") is None


def test_what_was_flagged_or_excluded_after_it_was_looked_for_is_not_leased(database_url: str) -> None:
    """In another window, between the look for an item and the lease of it."""
    made = made_in(database_url, 2, raters=2)
    item = made.next("Ann") or 0
    flag(database_url, "p", "Ann", item, "cut off")
    exclude(database_url, "p", "Judge", 3 - item, "twice in the list")
    with writing(database_url) as connection:
        project = find(connection, "p")
        assert [lease(connection, project, "ann", number, "regular") for number in (1, 2)] == [None, None]
        assert lease(connection, project, "bob", item, "regular") is not None


def test_raters_who_begin_at_once_all_get_the_calibration_item(any_database: str) -> None:
    """Two who look for the next slot at once find the same one: the second waits until the first has taken it."""
    made = made_in(any_database, 0)
    (item,) = add_items(any_database, "p", "Root", [content(1, expected={"rating": 1})], "calibration")
    taken = threading.Event()
    found: list[object] = []

    def second() -> None:
        taken.wait()
        try:
            found.append(made.next("Bob"))
        except UsageError as error:
            found.append(error)

    thread = threading.Thread(target=second)
    thread.start()
    with writing(any_database) as connection:
        assert lease(connection, find(connection, "p"), "ann", item.id, "calibration") is not None
        taken.set()
        thread.join(0.1)
    thread.join()
    assert found == [item.id]
