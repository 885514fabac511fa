"""What raters can do, on both databases: exactly k answers per item, and none lost or doubled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.ratings.database import reading
from audit.ratings.projects.adjudicating import adjudicate
from audit.ratings.projects.answers import collect
from audit.ratings.projects.asking import LikertScale, SpanMarking, of_two_runs
from audit.ratings.projects.events import read_events
from audit.ratings.projects.making import add_items, write_guidelines
from audit.ratings.projects.project import find
from audit.ratings.projects.rating import change, flag, next_item, own_answers, reveal, skip
from audit.ratings.projects.roles import NotAllowed, give_role
from tests.ratings.projects.made import Made, content, made_in


def events(made: Made, *kinds: Any) -> list[tuple[str, str, int | None]]:
    with reading(made.url) as connection:
        found = read_events(connection, find(connection, made.name).id, kinds)
    return [(event.kind, event.person, event.item_id) for event in found]


@pytest.mark.slow
def test_each_item_gets_exactly_k_raters(any_database: str) -> None:
    made = made_in(any_database, 4, raters=2)
    done = {who: made.rate_all(who, rating=3) for who in ("Ann", "Bob", "Cem")}
    times = Counter(item for items in done.values() for item in items)
    assert times == {item.id: 2 for item in made.items}
    assert all(len(items) == len(set(items)) for items in done.values())
    with reading(any_database) as connection:
        assert [len(about.by_rater) for about in collect(connection, 1)] == [2] * 4


@pytest.mark.slow
def test_raters_see_items_in_orders_of_their_own(database_url: str) -> None:
    made = made_in(database_url, 12, raters=3)
    orders = [made.rate_all(who, rating=3) for who in ("Ann", "Bob", "Cem")]
    assert len({tuple(order) for order in orders}) == 3
    assert {tuple(sorted(order)) for order in orders} == {tuple(item.id for item in made.items)}


@pytest.mark.slow
def test_marked_spans_are_stored_by_run_and_seen_by_side(database_url: str) -> None:
    """Only "other answer n", of the second run, has a character 14."""
    questions = [*of_two_runs(), SpanMarking(name="wrong", text="Where?", labels=["wrong"])]
    made = made_in(database_url, 8, raters=1, pairs=True, questions=questions)
    sides = {}
    while (seen := next_item(database_url, "p", "Ann")) is not None:
        (side,) = [side for side, text in seen.outputs.items() if text.startswith("other")]
        sides[seen.item_id] = side
        span = {"start": 9, "end": 14, "label": "wrong", "side": side}
        made.answer("Ann", seen.item_id, preference="tie", wrong=[span])
    assert set(sides.values()) == {"a", "b"}
    with reading(database_url) as connection:
        stored = [about.by_rater["ann"]["wrong"][0]["side"] for about in collect(connection, 1)]
    assert stored == ["b"] * 8
    own = [item.model_dump() for item in own_answers(database_url, "p", "Ann")]
    assert {item["item_id"]: item["answers"]["wrong"][0]["side"] for item in own} == sides


def test_the_same_item_comes_until_it_is_answered(any_database: str) -> None:
    made = made_in(any_database, 3, raters=1)
    first = made.next("Ann")
    assert made.next(" ann ") == first
    assert made.next("Bob") != first
    assert events(made, "shown") == [("shown", "ann", first), ("shown", "bob", made.next("Bob"))]


def test_a_rater_who_disappears_frees_the_slot(any_database: str) -> None:
    made = made_in(any_database, 1, raters=1, lease_seconds=1)
    item = made.next("Ann")
    assert made.next("Bob") is None
    assert item is not None
    expire(made)
    assert made.next("Bob") == item
    with pytest.raises(UsageError, match="lease has ended and it is no longer yours"):
        made.answer("Ann", item, rating=1)
    made.answer("Bob", item, rating=5)
    with reading(any_database) as connection:
        assert [about.by_rater for about in collect(connection, 1)] == [{"bob": {"rating": 5}}]


def expire(made: Made) -> None:
    """Let all leases end."""
    from datetime import UTC, datetime, timedelta

    from sqlalchemy import update

    from audit.ratings.database import writing
    from audit.ratings.tables import SlotRow

    with writing(made.url) as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(SlotRow).where(SlotRow.until.is_not(None)).values(until=past))


def test_a_late_answer_counts_while_nobody_took_the_slot(database_url: str) -> None:
    made = made_in(database_url, 1, raters=1)
    item = made.next("Ann")
    assert item is not None
    expire(made)
    made.answer("Ann", item, rating=2)
    assert made.next("Bob") is None


@pytest.mark.slow
def test_an_answer_that_is_sent_twice_is_stored_once(any_database: str) -> None:
    made = made_in(any_database, 2)
    item = made.next("Ann")
    assert item is not None
    one = made.answer("Ann", item, submission="press-1", rating=4)
    again = made.answer("Ann", item, submission="press-1", rating=4)
    assert one.event.id == again.event.id
    assert len(events(made, "answered")) == 1
    other = made.next("Ann")
    assert other is not None
    with pytest.raises(UsageError, match="already that of another answer"):
        made.answer("Ann", other, submission="press-1", rating=4)
    with pytest.raises(UsageError, match="answered it already"):
        made.answer("Ann", item, rating=1)


def test_every_change_is_kept_and_the_latest_counts(any_database: str) -> None:
    made = made_in(any_database, 1, raters=2)
    item = made.next("Ann")
    assert item is not None
    made.answer("Ann", item, rating=2)
    write_guidelines(any_database, "p", "Root", "Be fairer.")
    change(any_database, "p", "Ann", item, {"rating": 5}, submission="c1", comment="on reflection")
    change(any_database, "p", "Ann", item, {"rating": 5}, submission="c1", comment="on reflection")
    assert events(made, "answered", "changed") == [("answered", "ann", item), ("changed", "ann", item)]
    (mine,) = own_answers(any_database, "p", "Ann")
    assert (mine.answers, mine.comment, mine.guidelines_version) == ({"rating": 5}, "on reflection", 2)
    with pytest.raises(UsageError, match="you have not answered it"):
        change(any_database, "p", "Bob", item, {"rating": 1}, submission="c2")
    made.rate_all("Bob", rating=1)
    adjudicate(any_database, "p", "Judge", item, {"rating": 3})
    with pytest.raises(UsageError, match="it is decided"):
        change(any_database, "p", "Ann", item, {"rating": 1}, submission="c3")


def test_skipped_items_come_last_and_flagged_ones_not_again(database_url: str) -> None:
    made = made_in(database_url, 3, raters=1)
    skipped = made.next("Ann")
    assert skipped is not None
    skip(database_url, "p", "Ann", skipped, "another language")
    flagged = made.next("Ann")
    assert flagged not in {None, skipped}
    assert flagged is not None
    flag(database_url, "p", "Ann", flagged, "not readable")
    last = made.rate_all("Ann", rating=3)
    assert last[-1] == skipped
    assert flagged not in last
    assert made.next("Bob") == flagged
    with pytest.raises(UsageError, match="say why"):
        skip(database_url, "p", "Bob", flagged, "  ")
    with pytest.raises(UsageError, match="no longer yours"):
        flag(database_url, "p", "Cem", flagged, "odd")


@pytest.mark.slow
def test_calibration_comes_first_for_everyone_and_gold_is_not_marked(database_url: str) -> None:
    made = made_in(database_url, 3, raters=1)
    for kind, expected in (("calibration", 4), ("gold", 1)):
        extra = content(100 + expected, expected={"rating": expected})
        add_items(database_url, "p", "Root", [extra], kind)  # type: ignore[arg-type]
    for who in ("Ann", "Bob"):
        first = next_item(database_url, "p", who)
        assert first is not None
        assert first.calibration
        done = made.answer(who, first.item_id, rating=2)
        assert done.expected == {"rating": 4}
        with pytest.raises(UsageError, match="expected answer was shown"):
            change(database_url, "p", who, first.item_id, {"rating": 4}, submission=f"late-{who}")
    seen = [made.rate_all(who, rating=2) for who in ("Ann", "Bob")]
    assert all(5 in items for items in seen)
    assert sorted(item for items in seen for item in items if item != 5) == [item.id for item in made.items]


def test_only_raters_rate_and_only_what_is_theirs(database_url: str) -> None:
    made = made_in(database_url, 2, raters=1)
    for who in ("Root", "Judge", "Vera", "Nobody", ""):
        with pytest.raises(UsageError, match=r"does not have the role rater in|a user's name") as caught:
            made.next(who)
        assert isinstance(caught.value, NotAllowed) or not who
    item = made.next("Ann")
    assert item is not None
    for use in (
        lambda: made.answer("Bob", item, rating=1),
        lambda: reveal(database_url, "p", "Bob", item),
        lambda: reveal(database_url, "p", "Ann", 99),
    ):
        with pytest.raises(UsageError):
            use()
    reveal(database_url, "p", "Ann", item)
    assert events(made, "revealed") == [("revealed", "ann", item)]
    with pytest.raises(NotAllowed, match="Vera does not have the role rater"):
        own_answers(database_url, "p", "Vera")
    give_role(database_url, "p", "Root", "Vera", "rater")
    assert made.next("Vera") not in {None, item}


def test_an_item_of_another_project_is_out_of_reach(database_url: str) -> None:
    from audit.ratings.projects.making import create
    from audit.ratings.projects.project import ProjectPlan

    made = made_in(database_url, 1)
    create(
        database_url,
        "other",
        ProjectPlan(made_by="Eve", questions=[LikertScale(name="x", text="?")]),
        roles={"Eve": ["rater"]},
    )
    made.next("Ann")
    with pytest.raises(UsageError, match="the project has no item 1"):
        Made(database_url, "other", []).answer("Eve", 1, x=1)


@pytest.mark.slow
def test_raters_see_preferences_by_side_alone(database_url: str) -> None:
    """By run, a rater would learn over the items which run is the first one."""
    made = made_in(database_url, 8, pairs=True)
    extra = [content(100 + n, pairs=True, expected={"preference": "second"}) for n in range(8)]
    added = {item.id: item for item in add_items(database_url, "p", "Root", extra, "calibration")}
    for _ in added:
        seen = next_item(database_url, "p", "Ann")
        assert seen is not None
        expected = made.answer("Ann", seen.item_id, preference="a").expected["preference"]
        assert seen.outputs[expected] == added[seen.item_id].outputs[1].text
    made.rate_all("Ann", preference="a")
    assert [one.answers for one in own_answers(database_url, "p", "Ann")] == [{"preference": "a"}] * 16
