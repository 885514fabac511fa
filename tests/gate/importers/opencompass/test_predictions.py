"""Predictions and details of OpenCompass as items."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers.opencompass.predictions import Prediction, items, read_details, read_predictions
from tests.gate.importers.opencompass.conftest import details, numbered, prediction, predictions

RESULTS = Path("results.json")


def made(rows: list[dict[str, Any]]) -> list[Prediction]:
    return [Prediction(f"p.json: prediction {place}", row) for place, row in enumerate(rows)]


def test_items_are_known_by_prompt_and_gold(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps(dict(reversed(numbered(predictions()).items()))), "utf-8")
    asked, missing = read_predictions([file])
    found = items(asked, read_details({"details": details()}, RESULTS), {})
    assert ([item.score for item in found], missing) == ([1.0, 0.0, 1.0], 0)
    assert (found[1].prompt, found[1].reference, found[1].output) == ("Question 1?", "A", "B")
    other = items(made([prediction(0, "?"), prediction(1, gold="B")]), read_details({}, RESULTS), {})
    assert [a.digest == b.digest for a, b in zip(other, found, strict=False)] == [True, False]
    assert other[0].error == "the log does not say whether the answer is right"


def test_all_questions_are_asked_in_one_run_and_then_in_the_next() -> None:
    said = read_details({"details": [{"is_correct": [True, False]}, {"is_correct": [False, False]}]}, RESULTS)
    first, second = items(made([prediction(n, str(n)) for n in (0, 1, 0, 1)]), said, {})
    assert (first.score, second.score) == (0.5, 0.0)
    assert [one.value for one in first.completions] == [1.0, 0.0]
    with pytest.raises(EvidenceInvalid, match=r"prediction 2: .*not that of question 0 in another run"):
        items(made([prediction(n) for n in (0, 1, 2, 1)]), said, {})


def test_a_missing_prediction_is_unscored_and_an_empty_one_is_an_answer() -> None:
    said = read_details({"details": details()}, RESULTS)
    lost, empty, _ = items(made([prediction(0, None), prediction(1, ""), prediction(2)]), said, {})
    assert (lost.error, empty.error, empty.output) == ("the log has no prediction", None, "")


def test_options_that_were_scored_have_a_prompt_each() -> None:
    row = {"label: A": {"prompt": "pA", "PPL": 1.5}, "label: B": {"prompt": "pB", "PPL": 2.5}, "prediction": "A"}
    [item] = items(made([row]), read_details({"details": {"type": "PPL", "0": {"correct": True}}}, RESULTS), {})
    assert (item.prompts, item.answered_by, item.score, item.reference) == (("pA", "pB"), "likelihood", 1.0, None)


def test_prompts_of_several_turns_and_plain_text() -> None:
    turns = [{"role": "SYSTEM", "prompt": "Be brief."}, {"role": "HUMAN", "prompt": "Hi"}]
    assert made([{"origin_prompt": turns}])[0].prompts() == ["[SYSTEM] Be brief.\n[HUMAN] Hi"]
    assert made([{"origin_prompt": "Hi"}])[0].prompts() == ["Hi"]
    assert made([{}])[0].prompts() == []
    assert made([{"gold": ["a", "b"], "prediction": ["x"]}])[0].gold() == '["a", "b"]'


def test_details_of_unknown_form_say_nothing() -> None:
    for found in (None, [], {}, [1], [{"pred": "A"}], {"type": "GEN", "0": {"pred": "A"}}):
        assert read_details({"details": found}, RESULTS).rows == []
    with pytest.raises(UsageError, match=r"results\.json: correct of question 0 is neither true nor false"):
        items(made([prediction(0)]), read_details({"details": [{"correct": ["yes"]}]}, RESULTS), {})
