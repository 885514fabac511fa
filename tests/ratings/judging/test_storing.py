"""A judge's answers: stored once, resumed, apart from people's."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.ratings import database
from audit.ratings.database import reading
from audit.ratings.judging import storing
from audit.ratings.judging.storing import JudgeReply, RatingJudge, check, still_waiting, store, waiting
from audit.ratings.projects.answers import collect
from audit.ratings.projects.asking import FreeText, LabelChoice
from audit.ratings.projects.events import read_events
from audit.ratings.projects.making import write_guidelines
from audit.ratings.projects.roles import NotAllowed, take_role
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.ratings.judging.asking_judges import JudgePrompt

JUDGE = RatingJudge(name="judge one", checkpoint="abc", by="likelihood", settings={"dtype": "float32"})


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
    other = JUDGE.model_copy(update={"name": "judge two", "checkpoint": "def"})
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


def test_labels_called_as_preferences_are_no_preference(database_url: str) -> None:
    made_in(database_url, 1, questions=[LabelChoice(name="kind", text="Which?", labels=["a", "b", "tie"])])
    (requests,) = waiting(database_url, "p", "Root", JUDGE).items
    _store(database_url, requests, [JudgeReply(value=None, probabilities={"a": 0.4, "b": 0.4, "tie": 0.2})])
    (found,) = _stored(database_url)
    assert (found["answers"], found["why_none"]) == ({}, {"kind": "several answers are equally likely"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"checkpoint": "def"}, r"another checkpoint \(digest abc, now def\)"),
        ({"settings": {"dtype": "float16"}}, r"other settings \(dtype float32, now float16\)"),
        ({"settings": {}}, r"other settings \(dtype float32, now not set\)"),
    ],
)
def test_a_name_stands_for_one_judge(database_url: str, change: dict[str, Any], words: str) -> None:
    made_in(database_url, 2)
    first, second = waiting(database_url, "p", "Root", JUDGE).items
    _store(database_url, first, [JudgeReply(value=4)])
    other = JUDGE.model_copy(update=change)
    refused = f"judge one has answered in the project p with {words}: give this judge another --name"
    with pytest.raises(UsageError, match=refused):
        waiting(database_url, "p", "Root", other)
    with pytest.raises(UsageError, match=refused):  # both had begun before either had answered
        store(database_url, "p", "Root", other, [(second[0], JudgeReply(value=1))], 1)
    assert len(_stored(database_url)) == 1
    assert len(waiting(database_url, "p", "Root", other.model_copy(update={"by": "generation"})).items) == 2


def test_answers_without_settings_are_of_an_unknown_judge(database_url: str) -> None:
    made_in(database_url, 1)
    before = JUDGE.model_copy(update={"settings": {}})
    (requests,) = waiting(database_url, "p", "Root", before).items
    store(database_url, "p", "Root", before, [(requests[0], JudgeReply(value=1))], 1)
    with pytest.raises(UsageError, match="with settings that were not recorded then: give this judge another --name"):
        waiting(database_url, "p", "Root", JUDGE)


def test_one_judge_at_work_twice_answers_once(any_database: str) -> None:
    made_in(any_database, 3)
    left = waiting(any_database, "p", "Root", JUDGE)
    again = waiting(any_database, "p", "Root", JUDGE)
    one, two, three = left.items
    _store(any_database, one, [JudgeReply(value=4)])
    assert still_waiting(any_database, "p", JUDGE, again, again.items) == [two, three]

    def at_once(value: int) -> set[int]:
        replies = [(requests[0], JudgeReply(value=value)) for requests in left.items]
        return store(any_database, "p", "Root", JUDGE, replies, 1)

    with ThreadPoolExecutor(2) as pool:
        written = sorted(map(sorted, pool.map(at_once, [1, 2])))
    assert written == [[], [2, 3]]
    assert len(_stored(any_database)) == 3
    assert _stored(any_database)[0]["answers"] == {"rating": 4}


def test_a_database_that_cannot_be_written_is_refused_first(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a checkpoint is loaded; root may write anywhere, so that the answer of the system is given here."""
    made_in(database_url, 1)
    check(database_url, "p", "Root")
    database.open_engine(database_url).dispose()
    database._migrated_engine.cache_clear()
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))
    with pytest.raises(UsageError, match="readonly database: make the file and its folder writable"):
        check(database_url, "p", "Root")


def test_a_deleted_database_is_not_made_again(database_url: str, tmp_path: Path) -> None:
    made_in(database_url, 1)
    left = waiting(database_url, "p", "Root", JUDGE)
    for file in tmp_path.glob("ratings.sqlite*"):
        file.unlink()
    for act in (
        lambda: _store(database_url, left.items[0], [JudgeReply(value=1)]),
        lambda: still_waiting(database_url, "p", JUDGE, left, left.items),
        lambda: waiting(database_url, "p", "Root", JUDGE),
    ):
        with pytest.raises(UsageError, match="no such ratings database"):
            act()
    assert not list(tmp_path.iterdir())


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
