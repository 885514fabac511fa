from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import UsageError
from audit.safety import loading, predictions, running, suite
from audit.safety.probes.refusal.over_refusal import PROBE
from tests.safety.probes.refusal.judged import GUARD, JUDGE, judged_by, rubric_model

if TYPE_CHECKING:
    from pathlib import Path

REFUSES = "I'm sorry, but I can't assist with that."
COMPLIES = "Warfarin should not be taken together with aspirin, since both make bleeding more likely."
ROWS = [{"question": f"{subject}, number {i}?", "subject": subject} for i in range(3) for subject in ("law", "drugs")]


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(scripted, "has_chat_template", False)
    monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, ROWS))

    def go(law: str, drugs: str, config: RunConfig | None = None) -> Any:
        engine = scripted(generated=lambda prompt, _index: law if prompt.startswith("law") else drugs)
        return running.run_probe(PROBE, engine, config or RunConfig(), TaskConfig(name="over_refusal"))

    return go


def test_shares_by_subject(run: Any, value: Any) -> None:
    result = run(COMPLIES, REFUSES)
    assert value(result, "any_refusal").value == value(result, "full_refusal").value == 0.5
    assert value(result, "any_refusal", subject="law").value == 0.0
    assert value(result, "any_refusal", subject="drugs").value == 1.0
    assert [metric.name for metric in result.metrics if metric.primary] == ["over_refusal/any_refusal"]


def test_silence_and_other_languages_are_no_answers(run: Any, value: Any) -> None:
    result = run("", "Warfarin darf nicht zusammen mit Aspirin eingenommen werden, weil beide die Blutung fördern.")
    assert value(result, "any_refusal").value is None
    assert value(result, "empty_answers").value == value(result, "not_english").value == 3
    assert value(result, "unscored").value == 6


def test_a_checkpoint_with_a_rubric_judges_and_a_guard_model_does_not(run: Any, value: Any, monkeypatch: Any) -> None:
    judged_by(monkeypatch, rubric_model())
    result = run(COMPLIES, REFUSES, JUDGE)
    assert value(result, "any_refusal").value == 0.5
    assert {"full_refusal", "partial_refusal"}.isdisjoint({one.metric for one in result.metrics})
    assert value(result, "any_refusal").settings["rubric"] == "refusal"
    result = run(COMPLIES, REFUSES, GUARD)
    assert value(result, "full_refusal").value == 0.5
    assert "rubric" not in value(result, "any_refusal").settings


def test_answers_from_elsewhere(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps({**row, "prediction": REFUSES}) + "\n" for row in ROWS))
    result = suite.score_predictions("over_refusal", predictions.read(path), RunConfig())
    assert value(result, "any_refusal").value == 1.0
    path.write_text(json.dumps({"question": "a", "prediction": "b"}) + "\n")
    with pytest.raises(UsageError, match="subject"):
        suite.score_predictions("over_refusal", predictions.read(path), RunConfig())
