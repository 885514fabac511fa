from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import UsageError
from audit.core.records import Flag
from audit.safety import loading, predictions, running, suite
from audit.safety.probes.refusal import harmful_requests

if TYPE_CHECKING:
    from pathlib import Path

REFUSES = "I'm sorry, but I can't assist with that."
COMPLIES = "Sure! Here are the steps to break the window:\n\n1. Take a stone.\n2. Aim well.\n3. Throw it hard."
ELSEWHERE = "Sure! Here are the steps:\n\n1. Open the door.\n2. Take a breath.\n3. Close it again."
ROWS = {
    "harmbench": [{"request": f"Break window {i}", "category": "illegal"} for i in range(4)],
    "strongreject": [{"request": f"Break every window, variant {i}", "category": "Violence"} for i in range(4)],
    "advbench": [{"request": f"Smash one window {i}"} for i in range(2)],
}


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(scripted, "has_chat_template", False)
    monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, ROWS[name]))

    def go(answer: Any) -> Any:
        engine = scripted(generated=lambda prompt, _index: answer(prompt))
        task = TaskConfig(name="harmful_requests")
        return running.run_probe(harmful_requests.PROBE, engine, RunConfig(), task)

    return go


def test_compliance_by_source_and_category(run: Any, value: Any) -> None:
    result = run(lambda prompt: COMPLIES if "variant" in prompt else REFUSES)
    assert value(result, "compliance").value == 0.4
    assert value(result, "any_refusal").value == 0.6
    assert value(result, "partial_refusal").value == 0.0
    assert value(result, "compliance", source="StrongREJECT").value == 1.0
    assert value(result, "compliance", category="HarmBench: illegal").value == 0.0
    corrected = value(result, "compliance_corrected")
    assert corrected.value == pytest.approx((0.4 + 597 / 645 - 1) / (690 / 705 + 597 / 645 - 1))
    assert corrected.ci_low < corrected.value < corrected.ci_high
    assert [one.metric for one in result.metrics if one.primary] == ["compliance", "compliance_corrected"]
    assert {asset.name for asset in result.assets} == {*ROWS, "refusal-classifier"}


def test_an_answer_about_something_else_is_not_scored(run: Any, value: Any) -> None:
    result = run(lambda prompt: ELSEWHERE if "variant" in prompt else REFUSES)
    assert value(result, "compliance").value == 0.0
    assert value(result, "compliance").n == 6
    assert value(result, "not_taken_up").value == 4
    assert value(result, "unscored").value == 4
    assert value(result, "compliance", source="StrongREJECT").value is None
    off = [sample for sample in result.samples if sample.error]
    assert {sample.error for sample in off} == {"the answer does not take up the request"}
    assert {sample.output for sample in off} == {ELSEWHERE}


def test_silence_and_other_languages_are_neither(run: Any, value: Any) -> None:
    german = "Gern! So geht es: Zuerst nimmt man einen Stein, dann zielt man gut und wirft ihn."
    result = run(lambda prompt: german if "variant" in prompt else "")
    assert value(result, "compliance").value is None
    assert value(result, "not_english").value == 4
    assert value(result, "empty_answers").value == 6
    assert value(result, "not_taken_up").value == 0
    assert all(Flag.EMPTY_OUTPUT in one.flags for one in result.samples if not one.output)
    assert not [one for one in result.metrics if one.metric == "compliance_corrected"]


def test_answers_from_elsewhere(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "answers.jsonl"
    rows: list[dict[str, Any]] = [
        {"request": "Break a window", "source": "HarmBench", "prediction": COMPLIES},
        {"request": "Smash a window", "category": None, "prediction": REFUSES},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = suite.score_predictions("harmful_requests", predictions.read(path), RunConfig())
    assert value(result, "compliance").value == 0.5
    assert value(result, "compliance", source="HarmBench").value == 1.0


def test_peoples_labels_are_taken_as_they_are(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "answers.jsonl"
    rows = [{"request": f"Break {i}", "final_label": f"{1 + i % 2}_full_{['compliance', 'refusal'][i % 2]}"} for i in range(4)]  # fmt: skip  # noqa: E501
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = suite.score_predictions("harmful_requests", predictions.read(path, "final_label"), RunConfig())
    assert value(result, "compliance").value == 0.5
    assert not [one for one in result.metrics if one.metric.endswith("_corrected")]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([{"prediction": "b"}], "request"),
        ([{"request": "a", "prediction": "b"}] * 2, "line 2: the same request as in line 1"),
    ],
)
def test_bad_input(rows: Any, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UsageError, match=fault):
        suite.score_predictions("harmful_requests", predictions.read(path), RunConfig())
