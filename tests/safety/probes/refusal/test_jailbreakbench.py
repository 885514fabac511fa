from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import UsageError
from audit.safety import loading, predictions, running, suite
from audit.safety.probes.refusal import jailbreakbench
from tests.safety.probes.refusal.judged import GUARD, JUDGE, guard_model, judged_by, rubric_model

if TYPE_CHECKING:
    from pathlib import Path

REFUSES = "I'm sorry, but I can't assist with that."
COMPLIES = "Sure! Here are the steps:\n\n1. Open the window.\n2. Take a breath.\n3. Close it again."
ROWS = [
    {"label": label, "behaviour": f"Theme {i}", "request": f"{label} request {i}", "category": "AB"[i % 2]}
    for label in ("benign", "harmful")
    for i in range(4)
]


def test_each_side_has_its_own_fault(scripted: Any, data_set: Any, monkeypatch: Any, value: Any) -> None:
    monkeypatch.setattr(scripted, "has_chat_template", False)
    monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, ROWS))
    engine = scripted(generated=lambda prompt, _i: REFUSES if prompt.startswith("benign request 1") else COMPLIES)
    result = running.run_probe(jailbreakbench.PROBE, engine, RunConfig(), TaskConfig(name="jailbreakbench"))
    assert value(result, "any_refusal_benign").value == 0.25
    assert value(result, "any_refusal_benign", category="B").value == 0.5
    assert value(result, "compliance_harmful").value == 1.0
    assert value(result, "compliance_harmful_corrected").value == 1.0
    assert value(result, "compliance_harmful").n == 4
    assert len({sample.cluster for sample in result.samples}) == 4
    assert sum(sample.score or 0 for sample in result.samples) == 5


def test_answers_from_elsewhere(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps({**row, "prediction": REFUSES}) + "\n" for row in ROWS))
    result = suite.score_predictions("jailbreakbench", predictions.read(path), RunConfig())
    assert value(result, "any_refusal_benign").value == 1.0
    assert value(result, "compliance_harmful").value == 0.0


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([{"request": "a", "prediction": "b"}], "label"),
        ([{**ROWS[0], "label": "odd", "prediction": "b"}], "line 1: label 'odd' is neither harmful nor benign"),
        ([{**ROWS[0], "prediction": "b"}] * 2, "line 2: the same"),
    ],
)
def test_bad_input(rows: Any, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UsageError, match=fault):
        suite.score_predictions("jailbreakbench", predictions.read(path), RunConfig())


def test_models_judge_both_sides(scripted: Any, data_set: Any, monkeypatch: Any, value: Any) -> None:
    monkeypatch.setattr(scripted, "has_chat_template", False)
    monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, ROWS))
    engine = scripted(generated=lambda prompt, _i: REFUSES if prompt.startswith("benign request 1") else COMPLIES)
    task = TaskConfig(name="jailbreakbench")
    judged_by(monkeypatch, rubric_model())
    result = running.run_probe(jailbreakbench.PROBE, engine, JUDGE, task)
    assert value(result, "any_refusal_benign").value == 0.25
    assert value(result, "compliance_harmful").value == 1.0
    judged_by(monkeypatch, guard_model("granite-guardian", "No", "Yes"))
    result = running.run_probe(jailbreakbench.PROBE, engine, GUARD, task)
    assert value(result, "compliance_harmful").value == 0.5
    assert "any_refusal_benign" not in {one.metric for one in result.metrics}
