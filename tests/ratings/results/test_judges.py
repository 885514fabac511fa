"""Judges against people, equal to scikit-learn, SciPy and arithmetic by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.ratings.judging import storing
from audit.ratings.judging.storing import JudgeReply, RatingJudge, store, waiting
from audit.ratings.projects.asking import PreferenceChoice
from audit.ratings.results.judges import validity
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Sequence

JUDGE = RatingJudge(name="judge one", checkpoint="abc", by="generation")


def _judge(url: str, values: Sequence[Sequence[int | str | None]]) -> None:
    left = waiting(url, "p", "Root", JUDGE)
    for requests, replies in zip(left.items, values, strict=True):
        found = [JudgeReply(value=one, why_none="" if one else "cut") for one in replies]
        store(url, "p", "Root", JUDGE, list(zip(requests, found, strict=True)), left.guidelines)


@pytest.mark.slow
def test_on_a_scale(database_url: str) -> None:
    from scipy.stats import spearmanr
    from sklearn.metrics import cohen_kappa_score

    made = made_in(database_url, 13)
    people = {"Ann": [1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 3, 4, 2], "Bob": [1, 3, 3, 5, 5, 4, 4, 2, 2, 2, 3, 5, 2]}
    for who, points in people.items():
        while (item := made.next(who)) is not None:
            made.answer(who, item, rating=points[item - 1])
    judged = [2, 2, 4, 4, 5, 5, 3, 3, 1, 2, 3, 4, None]
    _judge(database_url, [[one] for one in judged])
    (found,) = validity(database_url, "p", "Vera")
    assert (found.judge, found.question, found.judged, found.unanswered) == ("judge one", "rating", 12, 1)
    both = [(own, *pair) for own, pair in zip(judged, zip(*people.values(), strict=True), strict=True) if own]
    own = [one for one, _, _ in both]
    low = [min(pair) for _, *pair in both]  # the lower of two points is their low median
    kappa = cohen_kappa_score(own, low, weights="quadratic", labels=[1, 2, 3, 4, 5])
    assert found.agreement.value == pytest.approx(kappa, abs=1e-9)
    assert found.agreement.interval is not None
    means = [sum(pair) / 2 for _, *pair in both]
    assert found.correlation is not None
    assert found.correlation.value == pytest.approx(float(spearmanr(own, means).statistic), abs=1e-9)
    assert found.bias is not None
    assert found.bias.bias == pytest.approx(sum(own) / 12 - sum(means) / 12)
    assert found.side is None


@pytest.mark.slow
def test_of_preferences(database_url: str) -> None:
    made = made_in(database_url, 6, raters=2, pairs=True)
    sides = [{output.run_id: side for side, output in item.sides(1234).items()} for item in made.items]
    for who in ("Ann", "Bob"):  # both prefer run 1; of the last item each another run
        while (item := made.next(who)) is not None:
            run = "run-2" if item == 6 and who == "Bob" else "run-1"
            made.answer(who, item, preference=sides[item - 1][run])
    # A judge that always takes what stands first: A in the first order, B in the second.
    _judge(database_url, [["a", "b"]] * 6)
    (found,) = validity(database_url, "p", "Vera")
    assert (found.judged, found.undecided) == (6, 1)
    assert found.same_in_both_orders == 0
    assert found.side is not None
    assert (found.side.share, found.side.preferences) == (1, 6)
    assert found.agreement.items == 5  # ties against run 1: no agreement beyond chance
    assert found.agreement.value in (None, 0)


def test_items_with_a_reply_in_both_orders_are_counted(database_url: str) -> None:
    questions = [PreferenceChoice(name="better", text="Which one?", ties=False)]
    made_in(database_url, 6, pairs=True, questions=questions)
    # Replies that differ with the order are no answer where ties are not allowed; of the last item one is missing.
    _judge(database_url, [*[["a", "b"]] * 4, ["a", "a"], ["a", None]])
    (found,) = validity(database_url, "p", "Vera")
    assert (found.judged, found.unanswered, found.in_both_orders) == (1, 5, 5)
    assert found.same_in_both_orders == 1 / 5


def test_what_was_stored_with_other_settings_is_another_judge(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_in(database_url, 2)
    _judge(database_url, [[1], [2]])
    monkeypatch.setattr(storing, "_difference", lambda _before, _now: "")  # as versions before settings were written
    for change in ({"checkpoint": "def"}, {"settings": {"dtype": "float16"}}):
        other = JUDGE.model_copy(update=change)
        left = waiting(database_url, "p", "Root", other)
        store(database_url, "p", "Root", other, [(left.items[0][0], JudgeReply(value=5))], left.guidelines)
    found = [(one.checkpoint, one.settings, one.judged) for one in validity(database_url, "p", "Vera")]
    assert found == [("abc", {}, 2), ("def", {}, 1), ("abc", {"dtype": "float16"}, 1)]


def test_without_a_judge_there_is_nothing(database_url: str) -> None:
    made_in(database_url, 1)
    assert validity(database_url, "p", "Vera") == []
