"""A judge's answers: stored once, resumed, apart from people's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.ratings.database import reading
from audit.ratings.judging import storing
from audit.ratings.judging.storing import JudgeReply, RatingJudge, check, store, waiting
from audit.ratings.projects.answers import collect
from audit.ratings.projects.asking import FreeText
from audit.ratings.projects.events import read_events
from audit.ratings.projects.making import write_guidelines
from audit.ratings.projects.roles import NotAllowed, take_role
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.ratings.judging.asking_judges import JudgePrompt

JUDGE = RatingJudge(name="judge one", checkpoint="abc", by="likelihood")


def _store(url: str, requests: Sequence[JudgePrompt], replies: Sequence[JudgeReply], user: str = "Root") -> None:
    store(url, "p", user, JUDGE, list(zip(requests, replies, strict=True)), 1)


def _stored(url: str) -> list[dict[str, Any]]:
    with reading(url) as connection:
        return [event.content for event in read_events(connection, 1, ["judged"])]


def test_what_was_judged_does_not_wait(database_url: str) -> None:
    made = made_in(database_url, 3)
    left = waiting(database_url, "p", "Root", JUDGE)
    assert [one.item_id for (one,) in left.items] == [1, 2, 3]
    assert left.guidelines == 1
    _store(database_url, left.items[0], [JudgeReply(value=4)])
    assert [one.item_id for (one,) in waiting(database_url, "p", "Root", JUDGE).items] == [2, 3]
    other = JUDGE.model_copy(update={"checkpoint": "def"})
    assert len(waiting(database_url, "p", "Root", other).items) == 3
    assert _stored(database_url)[0]["answers"] == {"rating": 4}
    write_guidelines(database_url, "p", "Root", "Be strict.")
    assert len(waiting(database_url, "p", "Root", JUDGE).items) == 3
    with reading(database_url) as connection:
        assert collect(connection, 1)[0].by_rater == {}  # no person's answer
    assert made.next("Ann") is not None


@pytest.mark.parametrize(
    ("first", "second", "answer", "orders"),
    [
        ("a", "a", "a", ["a", "a"]),
        ("a", "b", "tie", ["a", "b"]),
        ("tie", "tie", "tie", ["tie", "tie"]),
        ("a", None, None, ["a", None]),
    ],
)
def test_generated_replies_in_both_orders(
    database_url: str, first: str, second: str | None, answer: str | None, orders: list[str | None]
) -> None:
    item = made_in(database_url, 1, pairs=True).items[0]
    (requests,) = waiting(database_url, "p", "Root", JUDGE).items
    _store(database_url, requests, [JudgeReply(value=one, why_none="" if one else "cut") for one in (first, second)])
    (found,) = _stored(database_url)
    sides = {side: ("first" if output.run_id == "run-1" else "second") for side, output in item.sides(1234).items()}
    assert found["answers"] == ({"preference": sides.get(answer, answer)} if answer else {})
    assert found["orders"]["preference"] == [one and sides.get(one, one) for one in orders]
    assert found["why_none"] == ({} if answer else {"preference": "cut"})


def test_likelihoods_of_both_orders_are_averaged(database_url: str) -> None:
    item = made_in(database_url, 1, pairs=True).items[0]
    (requests,) = waiting(database_url, "p", "Root", JUDGE).items
    # In the first order A by 0.5 to 0.4, in the second B by 0.6 to 0.3: B on average.
    shares = [{"a": 0.5, "b": 0.4, "tie": 0.1, "both_bad": 0.0}, {"a": 0.3, "b": 0.6, "tie": 0.1, "both_bad": 0.0}]
    replies = [JudgeReply(value=value, probabilities=one) for value, one in zip("ab", shares, strict=True)]
    _store(database_url, requests, replies)
    of_b = "first" if item.sides(1234)["b"].run_id == "run-1" else "second"
    assert _stored(database_url)[0]["answers"] == {"preference": of_b}


@pytest.mark.parametrize(
    ("shares", "answer"),
    [
        # Whatever stands first is likelier by as much in both orders: neither output is preferred.
        (({"a": 0.7, "b": 0.2, "tie": 0.1}, {"a": 0.2, "b": 0.7, "tie": 0.1}), "tie"),
        (({"a": 0.4, "b": 0.2, "tie": 0.4}, {"a": 0.4, "b": 0.2, "tie": 0.4}), None),
        # Undecided in one order alone: the other one decides.
        (({"a": 0.4, "b": 0.4, "tie": 0.2}, {"a": 0.5, "b": 0.3, "tie": 0.2}), "a"),
    ],
)
def test_what_is_equally_likely_is_no_preference(
    database_url: str, shares: tuple[dict[str, float], dict[str, float]], answer: str | None
) -> None:
    item = made_in(database_url, 1, pairs=True).items[0]
    (requests,) = waiting(database_url, "p", "Root", JUDGE).items
    replies = []
    for one in shares:
        likeliest = [value for value, share in one.items() if share == max(one.values())]
        replies.append(JudgeReply(value=likeliest[0] if len(likeliest) == 1 else None, probabilities=one))
    _store(database_url, requests, replies)
    (found,) = _stored(database_url)
    assert found["answers"] == ({"preference": item.by_run(answer, 1234)} if answer else {})
    assert found["why_none"] == ({} if answer else {"preference": "several answers are equally likely"})


def test_a_person_who_has_left_is_no_judge(database_url: str) -> None:
    made_in(database_url, 1)
    take_role(database_url, "p", "Root", "Ann", "rater")
    with pytest.raises(UsageError, match="Ann is a person of the project"):
        waiting(database_url, "p", "Root", JUDGE.model_copy(update={"name": "Ann"}))


def test_what_was_asked_in_other_words_waits(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made_in(database_url, 1)
    left = waiting(database_url, "p", "Root", JUDGE)
    _store(database_url, left.items[0], [JudgeReply(value=4)])
    assert waiting(database_url, "p", "Root", JUDGE).items == []
    monkeypatch.setattr(storing, "VERSION", storing.VERSION + 1)
    assert len(waiting(database_url, "p", "Root", JUDGE).items) == 1


def test_who_and_what_is_refused(database_url: str) -> None:
    made_in(database_url, 1)
    with pytest.raises(NotAllowed):
        waiting(database_url, "p", "Ann", JUDGE)
    with pytest.raises(NotAllowed):
        check(database_url, "p", "Vera")
    left = waiting(database_url, "p", "Root", JUDGE)
    with pytest.raises(NotAllowed):
        _store(database_url, left.items[0], [JudgeReply(value=1)], user="Bob")
    with pytest.raises(UsageError, match="ann is a person of the project"):
        waiting(database_url, "p", "Root", JUDGE.model_copy(update={"name": "ann"}))
    texts = database_url.replace("ratings", "texts")
    made_in(texts, 0, questions=[FreeText(name="why", text="Why?")])
    with pytest.raises(UsageError, match="asks nothing that a judge can answer"):
        check(texts, "p", "Root")
