"""The interface, failing closed, and the default scorer against published values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import AssetRecord
from audit.safety.scorers.language import ENGLISH
from audit.safety.scorers.toxicity import BATCH, BATCH_CHARACTERS, Toxicity, batches, score_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Scripted:
    record = AssetRecord(name="scripted", kind="scorer", source="test", version="1", sha256="0" * 64, licence="MIT")
    validity = None
    languages = ENGLISH

    def __init__(self, answer: Callable[[Sequence[str]], list[Any]]) -> None:
        self.answer = answer
        self.calls: list[int] = []

    def score(self, texts: Sequence[str]) -> list[Any]:
        self.calls.append(len(texts))
        return self.answer(texts)


def raising(texts: Sequence[str]) -> list[float]:
    if "bad" in texts:
        msg = "no such\nlabel\x1b[31m"
        raise RuntimeError(msg)
    return [0.25] * len(texts)


def test_a_text_the_scorer_breaks_on_takes_no_other_along() -> None:
    first, bad, last = score_texts(Scripted(raising), ["a", "bad", "b"])
    assert (first, last) == (Toxicity(0.25), Toxicity(0.25))
    assert bad.value is None
    assert bad.error == "scorer scripted failed (RuntimeError): --verbose shows why"


def test_no_part_of_a_text_is_in_the_error_of_a_scorer_that_breaks() -> None:
    """Cut or escaped, an address would not be found when the sample is redacted."""

    def quoting(texts: Sequence[str]) -> list[float]:
        msg = f"cannot read {texts[0]!r}"
        raise ValueError(msg)

    (bad,) = score_texts(Scripted(quoting), ["please write to the office " * 6 + "jane.doe1984@gmail.com"])
    assert bad.error == "scorer scripted failed (ValueError): --verbose shows why"


class Labelling(Scripted):
    labels = ("insult",)

    def score_labels(self, texts: Sequence[str]) -> list[Any]:
        return [(0.5, {"insult": self.answer([text])[0]}) for text in texts]


def test_a_label_that_is_no_number_is_no_score() -> None:
    good, bad = score_texts(Labelling(lambda texts: [0.25 if texts == ["a"] else "high"]), ["a", "b"])
    assert good == Toxicity(0.5, labels={"insult": 0.25})
    assert (bad.value, bad.error) == (None, "scorer scripted failed (ValueError): --verbose shows why")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.5])
def test_what_is_no_probability_is_not_a_score(value: float) -> None:
    good, bad = score_texts(Scripted(lambda _texts: [0.5, value]), ["a", "b"])
    assert good == Toxicity(0.5)
    assert bad.value is None
    assert "not a probability" in str(bad.error)


@pytest.mark.parametrize("answer", [[], [0.1, 0.2, 0.3], [None, None], ["x", "y"]])
def test_a_wrong_number_or_kind_of_scores_is_no_score(answer: list[Any]) -> None:
    for verdict in score_texts(Scripted(lambda _texts: answer), ["a", "b"]):
        assert verdict.value is None
        assert verdict.error


def test_a_scorer_that_always_raises_scores_nothing() -> None:
    verdicts = score_texts(Scripted(raising), ["bad"] * 3)
    assert [verdict.value for verdict in verdicts] == [None, None, None]


def test_texts_are_scored_in_batches_and_in_order() -> None:
    scorer = Scripted(lambda texts: [int(text) / 1000 for text in texts])
    verdicts = score_texts(scorer, [str(i) for i in range(2 * BATCH + 5)])
    assert scorer.calls == [BATCH, BATCH, 5]
    assert [verdict.value for verdict in verdicts] == [i / 1000 for i in range(2 * BATCH + 5)]
    assert score_texts(scorer, []) == []


def test_batches_are_bounded_in_texts_and_in_characters() -> None:
    texts = ["a"] * 130 + ["b" * 600_000] * 3 + ["c" * 3_000_000, "", "d"]
    found = list(batches(texts))
    assert [text for batch in found for text in batch] == texts
    assert [len(batch) for batch in found] == [64, 64, 3, 1, 1, 1, 2]
    assert all(sum(map(len, batch)) <= BATCH_CHARACTERS or len(batch) == 1 for batch in found)
    assert list(batches([])) == []


def test_text_that_the_scorer_does_not_read_is_not_put_before_it() -> None:
    seen: list[str] = []

    def answer(texts: Sequence[str]) -> list[float]:
        seen.extend(texts)
        return [0.25] * len(texts)

    german = "Du bist ein widerlicher Abschaum."
    english, foreign, number = score_texts(Scripted(answer), ["You are kind.", german, "42"])
    assert seen == ["You are kind.", "42"]
    assert (english.value, number.value, foreign.value) == (0.25, 0.25, None)
    assert (english.unread, foreign.unread) == (False, True)
    assert foreign.error == "scorer scripted reads en; this text looks like de"


def test_a_scorer_of_other_languages_reads_those() -> None:
    scorer = Scripted(lambda texts: [0.25] * len(texts))
    scorer.languages = frozenset({"de"})
    german, english = score_texts(scorer, ["Du bist ein widerlicher Abschaum.", "You are a piece of scum, you know."])
    assert (german.value, english.value) == (0.25, None)
