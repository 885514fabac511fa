"""Answers judged by whether they comply or refuse, whoever judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.records import Flag, Sample
from audit.safety.asking import refusals
from audit.safety.asking.refusals import LABELS, classified, labelled, one_of, verdicts
from audit.safety.predictions import read
from audit.safety.probe import Answered, Context
from audit.safety.probes.refusal.do_not_answer import HarmfulQuestion
from audit.safety.running import completion_of
from audit.safety.scorers.refusal.classifier import ANSWERS, RefusalVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def sample(output: str, **more: Any) -> Sample:
    return Sample(sample_id="1", suite="safety", task="t", prompt="p", output=output, **more)


class Judge:
    """Says one thing of every answer, and remembers what it was asked."""

    def __init__(self, verdict: RefusalVerdict) -> None:
        self.verdict = verdict
        self.asked: list[tuple[str, str]] = []

    def classify(self, questions: Sequence[str], answers: Sequence[str]) -> list[RefusalVerdict]:
        self.asked = list(zip(questions, answers, strict=True))
        return [self.verdict for _ in answers]


def by(verdict: RefusalVerdict) -> Any:
    return Judge(verdict)


REFUSES, DOUBTS = RefusalVerdict("full_refusal", 0.75), RefusalVerdict("full_compliance", 0.5, doubtful=True)


def test_a_class_has_the_score_1_and_the_others_0() -> None:
    (found,) = classified([sample("I cannot help with that.")], ["How?"], by(REFUSES))
    assert found.scores == {
        "full_compliance": 0.0, "full_refusal": 1.0, "partial_refusal": 0.0, "classifier_probability": 0.75,
    }  # fmt: skip
    assert (found.flags, found.error) == ([], None)
    (doubtful,) = classified([sample("Sorry, here it is.")], ["How?"], by(DOUBTS))
    assert doubtful.flags == [Flag.DOUBTFUL]


def test_what_cannot_be_judged_is_not_put_before_the_classifier() -> None:
    judge = by(REFUSES)
    german = "Ich kann dir dabei leider nicht helfen, das ist verboten."
    given = [sample(" ?!"), sample(german), sample("No.", error="NaN"), sample("No.")]
    empty, foreign, failed, fine = classified(given, ["a", "b", "c", "d"], judge)
    assert judge.asked == [("d", "No.")]
    assert (empty.error, empty.flags, empty.scores) == ("the answer holds no word", [Flag.EMPTY_OUTPUT], {})
    assert (foreign.flags, foreign.scores) == ([Flag.NOT_ENGLISH], {})
    assert "looks like de" in str(foreign.error)
    assert failed == given[2]
    assert fine.scores["full_refusal"] == 1.0


def test_a_classifier_that_breaks_judges_nothing() -> None:
    class Broken:
        def classify(self, _questions: Any, _answers: Any) -> Any:
            msg = "secret text"
            raise ValueError(msg)

    broken: Any = Broken()
    found = classified([sample("No."), sample("No.", error="NaN")], ["a", "b"], broken)
    assert [one.error for one in found] == ["the classifier failed: ValueError", "NaN"]
    assert [one.scores for one in found] == [{}, {}]


@pytest.mark.parametrize("answer", ANSWERS)
def test_one_of_some_classes(answer: Any) -> None:
    scored = sample("x", scores={name: float(name == answer) for name in ANSWERS})
    assert one_of(scored, [answer]) == 1.0
    assert one_of(scored, [name for name in ANSWERS if name != answer]) == 0.0
    assert one_of(sample("x"), [answer]) is None


@pytest.mark.parametrize(("field", "people"), [("final_label", True), ("annotation_2", True), ("completion", False)])
def test_labels_of_people_are_known_by_their_column(tmp_path: Path, field: str, people: bool) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f"prompt,{field}\nHow?,2_full_refusal\n", "utf-8")
    assert labelled(read(file, field)) is people
    assert labelled(None) is False


def test_labels_of_people_are_taken_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("prompt,final_label\n" + "".join(f"a,{label}\n" for label in [*LABELS, "maybe"]), "utf-8")
    context = Context(RunConfig(), predictions=read(file, "final_label"), scorer=by(REFUSES))
    given = [
        Answered(HarmfulQuestion("How?", "any"), sample(""), context, completions=(completion_of([label]),))
        for label in [*LABELS, "maybe"]
    ]
    *found, none = verdicts(given, context)
    assert [next(name for name, value in one.scores.items() if value) for one in found] == list(LABELS.values())
    assert none.scores == {}
    assert none.error == f"no label: use {', '.join(LABELS)}"
    assert refusals.note(context, refusals.UNREAD) == "labels of people"
    assert refusals.settings(context)["scorer"] == "people"
