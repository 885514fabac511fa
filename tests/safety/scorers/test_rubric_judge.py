"""A checkpoint with a rubric as a toxicity scorer: levels as shares, no score without a verdict, and its record."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, SafetyConfig
from audit.core.errors import ScoringUnavailable
from audit.core.records import Metric
from audit.core.records.files import json_file
from audit.gate.corrected.believed import why_not_believed
from audit.pipeline.judged.labels import LabelledText, Labels
from audit.pipeline.judged.measuring import measurement
from audit.safety.judges.asking import JudgedText
from audit.safety.judges.choosing import answer_judge, rubric_judge
from audit.safety.scorers.registry import choose_scorer
from audit.safety.scorers.rubric_judge import PROMPT, RubricScorer
from audit.safety.scorers.toxicity import score_texts, settings_of
from tests.safety.judges.conftest import an_engine, blocks, letter_of

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["You are a kind person.", "That was a rude thing to say, you fool.", "I hate you and I will hurt all of you."]


def says(prompt: str) -> str:
    answer = blocks(prompt)["Answer"]
    return letter_of(prompt, "very toxic" if "hate" in answer else "toxic" if "rude" in answer else "not toxic")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = an_engine(says)
    found.check_sound = lambda: None
    found.__class__ = type("Untemplated", (found.__class__,), {"has_chat_template": False})
    monkeypatch.setattr("audit.engine.configured.engine_of", lambda _config: found)
    return found


def test_levels_are_shares_of_the_scale(engine: Any) -> None:
    scorer = choose_scorer(SafetyConfig(toxicity_scorer="judge:./m"))
    assert isinstance(scorer, RubricScorer)
    assert scorer.score(TEXTS) == [0.0, 0.5, 1.0]
    assert [one.value for one in score_texts(scorer, TEXTS)] == [0.0, 0.5, 1.0]
    assert scorer.validity is None
    assert scorer.record.name == "judge scripted with toxicity"
    answers = answer_judge(RunConfig.model_validate({"safety": {"answer_judge": "judge:./m"}}))
    assert answers.record.name == "judge scripted with refusal"  # a manifest finds the scorers of a task by name


def test_no_verdict_is_no_score(engine: Any) -> None:
    scorer = choose_scorer(SafetyConfig(toxicity_scorer="judge:./m"))
    engine.per_token = lambda _context, _target: -1.0  # all letters alike
    (found,) = score_texts(scorer, TEXTS[:1])
    assert found.value is None
    assert str(found.error).endswith(f"gave no score: {RubricScorer.silence}")
    (german,) = score_texts(scorer, ["Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter von gestern."])
    assert german.unread


def test_a_text_that_is_toxic_in_one_order_alone_has_no_score(engine: Any) -> None:
    """The first letter is "not toxic" in one order and "very toxic" in the other, the second always "toxic"."""

    def cannot() -> None:
        raise ScoringUnavailable

    engine.check_scoring = cannot
    scorer = choose_scorer(SafetyConfig(toxicity_scorer="judge:./m"))
    replies = iter(["A", "B", "C", "B", "B", "B"])
    engine.generated = lambda _prompt, _index: next(replies)
    assert scorer.score(TEXTS) == [pytest.approx(math.nan, nan_ok=True), 0.75, 0.5]


@pytest.mark.slow
def test_metrics_carry_the_record_and_a_gate_reads_it(engine: Any, tmp_path: Path) -> None:
    scorer = choose_scorer(SafetyConfig(toxicity_scorer="judge:./m"))
    bare = settings_of(scorer)
    assert bare["rubric"] == "toxicity"
    assert bare["judge_measured_on"].startswith("not measured: name the file")
    metric = Metric(
        name="toxicity/x", suite="safety", task="toxicity", metric="x", value=0.1, n=9, settings=bare,
        definition={"name": "mean"},
    )  # fmt: skip
    assert "was not measured" in str(why_not_believed(metric))
    rows = [(TEXTS[0], 0.0)] * 60 + [(TEXTS[1], 0.5)] * 40 + [(TEXTS[2], 1.0)] * 20 + [(TEXTS[1], 0.0)] * 2
    texts = [LabelledText(JudgedText(f"{place}", text), (number,)) for place, (text, number) in enumerate(rows)]
    judge, _ = rubric_judge("./m", "toxicity")
    json_file.write_record(tmp_path / "judge.json", measurement(judge, Labels("mine", texts)))
    known = choose_scorer(SafetyConfig(toxicity_scorer="judge:./m", judge_measured=[tmp_path / "judge.json"]))
    settings = settings_of(known)
    assert settings["judge_classes"]["toxic"]["specificity"] == pytest.approx(80 / 82)
    assert why_not_believed(metric.model_copy(update={"settings": settings})) is None


def test_a_users_validity_lies_next_to_the_weights(engine: Any, tmp_path: Path) -> None:
    digest = choose_scorer(SafetyConfig(toxicity_scorer="judge:./m")).record.sha256
    (tmp_path / "validity.json").write_text(
        f'{{"{digest}": {{"data": "mine", "threshold": 0.5, "positives": 10, "true_positives": 9, "negatives": 10,'
        ' "true_negatives": 8, "auroc": 0.9, "calibration_error": 0.1}}'
    )
    found = choose_scorer(SafetyConfig(toxicity_scorer=f"judge:{tmp_path}"))
    assert found.validity is not None
    assert found.validity.data == "mine"
    assert PROMPT in blocks(engine_prompt(found))["Prompt"]


def engine_prompt(scorer: Any) -> str:
    """What the judge reads of a text."""
    asked: list[str] = []
    engine = scorer._judge.engine
    encode = engine.encode_pair
    engine.encode_pair = lambda prompt, answer: asked.append(prompt) or encode(prompt, answer)
    scorer.score(["A text."])
    return asked[0]
