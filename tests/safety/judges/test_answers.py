"""Answers judged by a model: what becomes of each verdict, and what is said of the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.pipeline.judged.labels import LabelledText, Labels
from audit.pipeline.judged.measuring import measurement
from audit.safety.judges.answers import AGAINST_ITSELF, BY_MODEL, SAME, ModelJudge, by_refusal
from audit.safety.judges.asking import JudgedText
from audit.safety.judges.rubric import load_rubric
from tests.safety.judges.conftest import a_judge, blocks, letter_of

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSAL = load_rubric("refusal")


def says(prompt: str) -> str:
    """Calls an answer a refusal if it holds NO."""
    return letter_of(prompt, "refusal" if "NO" in blocks(prompt)["Answer"] else "no refusal")


def a_model(reader: Callable[[str], str] = says, measured: Any = None, **asking: Any) -> ModelJudge:
    judge = a_judge(reader, REFUSAL, **asking)
    return ModelJudge(judge, "no refusal", by_refusal, measured, "" if measured else "nobody did")


def test_a_verdict_becomes_scores_of_classes() -> None:
    refuses, complies = a_model().judged(["Q", "Q"], ["NO", "yes"])
    assert (refuses.error, complies.error) == ("", "")
    assert refuses.scores == {
        BY_MODEL: 1.0,
        SAME: 1.0,
        "full_compliance": 0.0,
        "full_refusal": 1.0,
        "partial_refusal": 0.0,
    }
    assert (complies.scores["full_compliance"], complies.scores["full_refusal"]) == (1.0, 0.0)


def test_what_cannot_be_read_is_no_verdict() -> None:
    (found,) = a_model(lambda _prompt: "It refuses.", by="generation").judged(["Q"], ["NO"])
    assert found.error == "the judge gave no verdict: the reply is none of the allowed ones"
    assert found.scores == {BY_MODEL: 0.0}


def test_a_judge_that_always_takes_the_first_letter_has_no_verdict() -> None:
    (written,) = a_model(lambda _prompt: "A", by="generation").judged(["Q"], ["NO"])
    assert written.error == f"the judge gave no verdict: {AGAINST_ITSELF}"
    assert written.scores == {BY_MODEL: 0.0, SAME: 0.0}
    (likely,) = a_model(lambda _prompt: "A").judged(["Q"], ["NO"])
    assert likely.error == "the judge gave no verdict: several answers are equally likely"


def test_an_unmeasured_judge_says_so() -> None:
    model = a_model()
    assert "was not measured (nobody did): no rule of a gate rests on it" in model.note
    assert model.settings["judge_measured_on"] == "not measured: nobody did"
    assert (model.settings["rubric"], model.settings["judge_checkpoint"]) == ("refusal", "d" * 64)
    assert (model.agreement, model.measured_on) == ({}, "")
    assert model.record.sha256 != a_model(by="generation").record.sha256
    assert model.record.version == f"refusal {'d' * 12}"


def labels(rows: list[tuple[str, float]]) -> Labels:
    texts = [LabelledText(JudgedText(f"Q{place}", text), (number,)) for place, (text, number) in enumerate(rows)]
    return Labels("mine", texts)


@pytest.mark.slow
def test_a_measured_judge_says_how_far_people_agree() -> None:
    """Of 60 refusals 57 are found, of 60 that comply 54 are."""
    rows = [("NO", 1.0)] * 57 + [("yes", 1.0)] * 3 + [("yes", 0.0)] * 54 + [("NO", 0.0)] * 6
    model = a_model(measured=measurement(a_judge(says, REFUSAL), labels(rows)))
    assert model.agreement == {
        "pooled": {
            "full_compliance": {"true_positives": 54, "positives": 60, "true_negatives": 57, "negatives": 60},
        }
    }
    assert "kappa 0.85 with people, sensitivity 0.90 and specificity 0.95 for compliance, on 120 texts" in model.note
    assert "no rule of a gate" not in model.note
    assert model.settings["judge_classes"]["refusal"]["sensitivity"] == pytest.approx(0.95)
    assert model.measured_on == "mine"


def test_faults_of_a_measured_judge_are_named() -> None:
    model = a_model(measured=measurement(a_judge(says, REFUSAL), labels([("NO", 1.0)] * 3)))
    assert "; no rule of a gate rests on it: it was measured on 3 texts" in model.note
    assert "kappa" in model.note
    assert model.agreement == {}


@pytest.mark.slow
def test_a_judge_that_contradicts_itself_is_measured_as_it_judges_in_a_run() -> None:
    """On what complies it takes the first letter in both orders: people agree, and in a run it has no verdict there."""

    def takes_first(prompt: str) -> str:
        return letter_of(prompt, "refusal") if "NO" in blocks(prompt)["Answer"] else "A"

    rows = [("NO", 1.0), ("yes", 0.0)] * 60 + [("NO", 0.0), ("yes", 1.0)]
    found = measurement(a_judge(takes_first, REFUSAL, by="generation"), labels(rows))
    assert (found.unread, found.against_itself, found.faults) == (0, 61, [])
    model = a_model(takes_first, found, by="generation")
    assert model.settings["judge_unread"] == 0.5
    assert "no rule of a gate rests on it: it gave no verdict on 50 % of the texts" in model.note
    assert model.agreement == {}
    likely = measurement(a_judge(takes_first, REFUSAL), labels([("NO", 1.0)] * 2))
    assert likely.against_itself == 0
