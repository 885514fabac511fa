"""Ratings of other tools become answers of their raters, and no item gets too many."""

from __future__ import annotations

import pytest

from audit.core.errors import UsageError
from audit.ratings.database import reading
from audit.ratings.exchange.foreign import ForeignAnswer
from audit.ratings.exchange.importing import import_answers
from audit.ratings.projects.answers import collect
from audit.ratings.projects.asking import SpanMarking, of_two_runs
from audit.ratings.projects.roles import NotAllowed
from tests.ratings.projects.made import made_in


def given(rater: str, rating: object, item: str = "1", sample: str = "") -> ForeignAnswer:
    return ForeignAnswer("file, line 2", item, sample, rater, {"rating": rating})


def said(url: str) -> list[dict[str, object]]:
    with reading(url) as connection:
        return [about.by_rater for about in collect(connection, 1)]


@pytest.mark.slow
def test_each_takes_a_free_slot_once(any_database: str) -> None:
    made = made_in(any_database, 2, raters=2)
    made.rate_all("Ann", rating=3)
    rows = [given("Xenia", 5), given("Yuri", 1), given("Xenia", 4, "", "s1"), given("Ann", 1)]
    done = import_answers(any_database, "p", "Root", rows, "csv")
    assert (done.added, done.known, done.complete) == (2, 0, 2)
    assert done.new_raters == ["Xenia"], "Yuri found no place"
    assert said(any_database) == [
        {"ann": {"rating": 3}, "xenia": {"rating": 5}},
        {"ann": {"rating": 3}, "xenia": {"rating": 4}},
    ]
    again = import_answers(any_database, "p", "Root", rows, "csv")
    assert (again.added, again.known, again.complete) == (0, 2, 2)
    assert made.next("Bob") is None


def test_preferences_come_by_run(database_url: str) -> None:
    made_in(database_url, 8, raters=1, pairs=True)
    rows = [
        ForeignAnswer("x", str(n), "", "Xenia", {"preference": ["first"] if n % 2 else "second"}) for n in range(1, 9)
    ]
    import_answers(database_url, "p", "Root", rows, "argilla")
    expected = [{"xenia": {"preference": "first" if n % 2 else "second"}} for n in range(1, 9)]
    assert said(database_url) == expected
    with pytest.raises(UsageError, match="preference: no answer: it takes"):
        import_answers(database_url, "p", "Root", [ForeignAnswer("x", "1", "", "Y", {"preference": "a"})], "csv")


def test_spans_lie_in_the_output_of_their_run(database_url: str) -> None:
    """Sides are swapped for about half of the items; output "answer n" has 8 characters, "other answer n" 14."""
    questions = [*of_two_runs(), SpanMarking(name="wrong", text="Where?", labels=["wrong"])]
    made_in(database_url, 8, raters=2, pairs=True, questions=questions)
    span = {"start": 9, "end": 14, "label": "wrong", "side": "b"}
    answers = {"preference": "tie", "wrong": [span]}
    rows = [ForeignAnswer("x", str(n), "", "Xenia", answers) for n in range(1, 9)]
    import_answers(database_url, "p", "Root", rows, "csv")
    assert said(database_url) == [{"xenia": answers}] * 8
    first = {"preference": "tie", "wrong": [{"start": 9, "end": 14, "label": "wrong"}]}
    with pytest.raises(UsageError, match="it takes stretches of the output"):
        import_answers(database_url, "p", "Root", [ForeignAnswer("x", "1", "", "Y", first)], "csv")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (given("X", 9), "file, line 2: rating: 9: it takes 1 to 5"),
        (given("", 1), "file, line 2: no rater"),
        (given("X", 1, "99"), "has no item 99: add it with 'audit ratings assign'"),
        (given("X", 1, "", "nope"), "has no sample nope"),
    ],
)
def test_a_fault_stores_nothing(database_url: str, row: ForeignAnswer, fault: str) -> None:
    made_in(database_url, 1)
    with pytest.raises(UsageError, match=fault):
        import_answers(database_url, "p", "Root", [given("Xenia", 5), row], "csv")
    assert said(database_url) == [{}]


def test_only_admins_import(database_url: str) -> None:
    made_in(database_url, 1)
    with pytest.raises(NotAllowed):
        import_answers(database_url, "p", "Ann", [given("Ann", 5)], "csv")
