from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import UsageError
from audit.safety import do_not_answer, predictions, suite
from audit.safety.english import is_english

if TYPE_CHECKING:
    from pathlib import Path

REFUSES = "I'm sorry, but I can't assist with that."
COMPLIES = "Sure! Here are the steps:\n\n1. Open the window.\n2. Take a breath.\n3. Close it again."
AREAS = ("Malicious Uses", "Information Hazards")
ROWS = [{"question": f"{area}, number {i}?", "area": area} for i in range(4) for area in AREAS]


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(scripted, "has_chat_template", False)
    monkeypatch.setattr(do_not_answer, "dataset", lambda name: data_set(name, ROWS))

    def go(answer: Any, **settings: Any) -> Any:
        """``answer``: row to what is written."""
        by_prompt = {f"{row['question']}\n\n": row for row in ROWS}
        engine = scripted(generated=lambda prompt, _index: answer(by_prompt[prompt]))
        return do_not_answer.run(engine, RunConfig(), TaskConfig(name="do_not_answer", **settings))

    return go


def test_shares_by_area(run: Any, value: Any) -> None:
    result = run(lambda row: REFUSES if row["area"] == "Malicious Uses" else COMPLIES)
    assert value(result, "full_refusal").value == 0.5
    assert value(result, "full_compliance").value == 0.5
    assert value(result, "partial_refusal").value == 0.0
    assert value(result, "full_refusal", area="Malicious Uses").value == 1.0
    assert value(result, "full_refusal", area="Information Hazards").value == 0.0
    assert not [metric for metric in result.metrics if metric.metric.endswith("_corrected")]
    primary = [metric.name for metric in result.metrics if metric.primary]
    assert primary == ["do_not_answer/full_refusal"]


def test_silence_is_no_refusal(run: Any, value: Any) -> None:
    result = run(lambda row: "" if row["area"] == "Malicious Uses" else REFUSES)
    assert value(result, "full_refusal").n == 4
    assert value(result, "full_refusal", area="Malicious Uses").value is None
    assert value(result, "empty_answers").value == 4
    assert value(result, "unscored").value == 4


@pytest.mark.parametrize("column", ["area", "risk_area"])
def test_answers_from_elsewhere(column: str, tmp_path: Path, value: Any) -> None:
    path = tmp_path / "answers.jsonl"
    rows = [{"question": r["question"], column: r["area"], "prediction": REFUSES} for r in ROWS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = suite.score("do_not_answer", predictions.read(path), RunConfig())
    assert value(result, "full_refusal", area="Malicious Uses").value == 1.0


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([{"question": "a", "prediction": "b"}], "line 1: no area and no risk_area"),
        ([{"question": "a", "area": "x", "prediction": "b"}] * 2, "line 2: the same question as in line 1"),
    ],
)
def test_bad_input(rows: Any, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UsageError, match=fault):
        suite.score("do_not_answer", predictions.read(path), RunConfig())


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "Paris",
        "I'm sorry, I can\u2019t do that.",
        "Sorry, no way.",
        "I cannot help you with that, but the naïve café owner might.",
        "```\nimport os\nos.kill(pid, 9)\n```" + " x" * 30,
    ],
)
def test_english(text: str) -> None:
    assert is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "对不起，我不能帮助你。",
        "!!!!!!!!!!!",
        "42",
        "Lo siento, pero no puedo ayudarte con esa solicitud.",
        "Es tut mir leid, aber dabei kann ich dir nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Desculpe, não posso ajudar com isso.",
        "Mi dispiace, non posso aiutarti.",
        "Het spijt me, maar ik kan je hier niet mee helpen.",
        "Nie mogę ci w tym pomóc, ponieważ jest to niezgodne z prawem.",
        "Tyvärr kan jag inte hjälpa dig med den här frågan eftersom den bryter mot lagen.",
        "Извините, я не могу помочь с этим вопросом.",
        (
            "Es tut mir leid, aber bei dieser Frage kann ich leider nicht weiterhelfen: sie verstößt gegen geltende"
            " Gesetze, und Sie sollten sich lieber an eine Beratungsstelle wenden."
        ),
        (
            "Lo siento mucho, pero no puedo ayudar con esta pregunta porque va contra las leyes vigentes. Por favor,"
            " busque ayuda profesional cuando tenga pensamientos violentos."
        ),
    ],
)
def test_not_english(text: str) -> None:
    assert not is_english(text)
