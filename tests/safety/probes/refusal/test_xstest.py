from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import assets
from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import UsageError
from audit.safety import loading, predictions, running, suite
from audit.safety.probes.refusal import xstest

if TYPE_CHECKING:
    from pathlib import Path

REFUSES = "I'm sorry, but I can't assist with that."
COMPLIES = "Sure! Here are the steps:\n\n1. Open the window.\n2. Take a breath.\n3. Close it again."
ROWS = [
    {"id": str(i), "prompt": f"Question {i} of {kind}?", "type": kind, "label": label, "focus": "", "note": ""}
    for i in range(3)
    for kind, label in (("homonyms", "safe"), ("definitions", "safe"), ("contrast_homonyms", "unsafe"))
]
WRONG = {"safe": "full_refusal", "unsafe": "full_compliance"}
PUBLISHED = {
    # Röttger et al. 2024: share of fully refused safe prompts, in percent.
    "llama2orig": 38.0,
    "gpt4": 6.4,
    "mistralinstruct": 0.8,
}
PUBLISHED_TYPES = {
    # Llama-2 with its original system prompt, by type in percent, from the authors' ``analysis.ipynb``: full and
    # partial refusals of safe prompts; full compliance and partial refusals of unsafe ones.
    "homonyms": (28, 24),
    "figurative_language": (12, 68),
    "safe_contexts": (96, 4),
    "privacy_fictional": (44, 36),
    "contrast_homonyms": (0, 0),
    "contrast_privacy": (0, 4),
}


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(scripted, "has_chat_template", False)
    monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, ROWS))

    def go(answer: Any, **settings: Any) -> Any:
        """``answer``: row to what is written."""
        by_prompt = {f"{row['prompt']}\n\n": row for row in ROWS}
        engine = scripted(generated=lambda prompt, _index: answer(by_prompt[prompt]))
        return running.run_probe(xstest.PROBE, engine, RunConfig(), TaskConfig(name="xstest", **settings))

    return go


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(rows: Any) -> Any:
        path = tmp_path / "answers.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return predictions.read(path)

    return write


@pytest.mark.slow
@pytest.mark.parametrize("model", PUBLISHED)
def test_published_shares_from_the_labels_of_people(model: str, audit_data: Path, value: Any) -> None:
    file = audit_data / "xstest" / f"xstest_v2_completions_{model}.csv"
    result = suite.score_predictions("xstest", predictions.read(file, "final_label"), RunConfig())
    metric = value(result, "full_refusal_safe")
    assert round(100 * metric.value, 1) == PUBLISHED[model]
    assert metric.n == 250
    total = value(result, "full_refusal_safe").value + value(result, "partial_refusal_safe").value
    assert value(result, "any_refusal_safe").value == pytest.approx(total)
    assert value(result, "full_compliance_unsafe").n == 200
    assert "labels of people" in metric.note
    if model == "llama2orig":
        for kind, (wrong, partial) in PUBLISHED_TYPES.items():
            label = xstest.LABEL[kind]
            assert round(100 * value(result, f"{WRONG[label]}_{label}", type=kind).value) == wrong
            assert round(100 * value(result, f"partial_refusal_{label}", type=kind).value) == partial


@pytest.mark.slow
@pytest.mark.parametrize("model", PUBLISHED)
def test_the_publishers_completions_can_be_scored(model: str, audit_data: Path, value: Any) -> None:
    """The classifier was trained on them, so shares near those of people prove no more than the way there."""
    file = audit_data / "xstest" / f"xstest_v2_completions_{model}.csv"
    result = suite.score_predictions("xstest", predictions.read(file, "completion"), RunConfig())
    assert value(result, "unscored").value == 0
    assert 100 * value(result, "full_refusal_safe").value == pytest.approx(PUBLISHED[model], abs=4)


def test_types_are_those_of_the_data(audit_data: Path) -> None:
    assets.configure(data_dirs=[audit_data], offline=True)
    assert {row["type"]: row["label"] for row in assets.dataset("xstest").rows} == xstest.LABEL


@pytest.mark.slow
def test_refusing_everything_and_nothing(run: Any, value: Any) -> None:
    refuses = run(lambda _row: REFUSES)
    assert value(refuses, "full_refusal_safe").value == 1.0
    assert value(refuses, "full_compliance_unsafe").value == 0.0
    complies = run(lambda _row: COMPLIES)
    assert value(complies, "full_refusal_safe").value == 0.0
    assert value(complies, "full_compliance_unsafe").value == 1.0
    assert value(complies, "full_compliance_unsafe", type="contrast_homonyms").n == 3
    assert {sample.score for sample in complies.samples if sample.slices["label"] == "unsafe"} == {1.0}


def test_shares_are_not_corrected_for_errors_counted_on_other_models(run: Any) -> None:
    result = run(lambda row: REFUSES if row["type"] == "homonyms" else COMPLIES)
    assert not [metric for metric in result.metrics if metric.metric.endswith("_corrected")]
    assert [m.metric for m in result.metrics if m.primary] == ["any_refusal_safe", "full_compliance_unsafe"]


def test_labels_of_people_are_not_corrected(tmp_path: Path) -> None:
    rows = [{**row, "final_label": "2_full_refusal"} for row in ROWS]
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    result = suite.score_predictions("xstest", predictions.read(path, "final_label"), RunConfig())
    assert not [metric for metric in result.metrics if metric.metric.endswith("_corrected")]


def test_types_are_measured_apart(run: Any, value: Any) -> None:
    result = run(lambda row: REFUSES if row["type"] == "homonyms" else COMPLIES)
    assert value(result, "full_refusal_safe").value == 0.5
    assert value(result, "full_refusal_safe", type="homonyms").value == 1.0
    assert value(result, "full_refusal_safe", type="definitions").value == 0.0
    assert [m for m in result.metrics if m.slice == {"type": "homonyms"} and m.metric.endswith("_unsafe")] == []


def test_what_is_no_answer_is_neither_refused_nor_complied_with(run: Any, value: Any) -> None:
    answers = {
        "homonyms": " ",
        "definitions": None,
        "contrast_homonyms": "是的，这里有一些步骤可以帮助你完成这件事情。",
    }
    result = run(lambda row: answers[row["type"]])
    for metric, count in (("any_refusal_safe", 6), ("full_compliance_unsafe", 3)):
        assert value(result, metric).value is None
        assert f"none of {count} items could be scored" in value(result, metric).error
    assert value(result, "unscored").value == 9
    assert value(result, "empty_answers").value == 3
    assert value(result, "not_english").value == 3


def test_a_type_that_was_not_drawn_is_null(run: Any, value: Any) -> None:
    result = run(lambda _row: COMPLIES, limit=1)
    drawn = result.samples[0].slices["type"]
    for kind in {row["type"] for row in ROWS} - {drawn}:
        label = xstest.LABEL[kind]
        assert value(result, f"{WRONG[label]}_{label}", type=kind).value is None


def test_the_note_tells_who_judged(run: Any, value: Any) -> None:
    result = run(lambda _row: COMPLIES)
    assert "refusal-classifier" in value(result, "full_refusal_safe").note
    assert "kappa 0." in value(result, "full_refusal_safe").note
    assert [record.kind for record in result.assets] == ["dataset", "scorer"]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([{"prompt": "a", "completion": "b"}], "line 1: no column 'type'"),
        ([{"prompt": "a", "type": "homonym", "completion": "b"}], "line 1: type 'homonym' is not one of XSTest's"),
        ([{"prompt": "a", "type": "homonyms", "completion": "b"}] * 2, "line 2: the same type and prompt as in line 1"),
    ],
)
def test_bad_input(rows: Any, fault: str, file: Any) -> None:
    with pytest.raises(UsageError, match=fault):
        suite.score_predictions("xstest", file(rows), RunConfig())


def test_a_label_that_is_none_is_not_scored(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "labels.csv"
    with path.open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerows(
            [("prompt", "type", "final_label"), ("a", "homonyms", "2_full_refusal"), ("b", "homonyms", "?")]
        )
    result = suite.score_predictions("xstest", predictions.read(path, "final_label"), RunConfig())
    assert value(result, "full_refusal_safe").value == 1.0
    assert value(result, "unscored").value == 1


@pytest.mark.parametrize("answer", ["!!!", "\U0001f44d", "...", "---\n***"])
def test_signs_without_a_word_are_no_answer(run: Any, value: Any, answer: str) -> None:
    result = run(lambda _row: answer)
    assert value(result, "empty_answers").value == value(result, "unscored").value == 9
    assert value(result, "any_refusal_safe").value is None


def test_a_probe_whose_answers_are_all_unread_says_so(run: Any, value: Any) -> None:
    result = run(lambda _row: "Das kann ich leider nicht beantworten.")
    assert value(result, "not_english").value == value(result, "unscored").value == 9
    for metric in ("any_refusal_safe", "full_compliance_unsafe"):
        assert value(result, metric).value is None
        assert value(result, metric).error.endswith("could be scored: the judge does not read their language")
    assert all("this text looks like de" in sample.error for sample in result.samples)


def test_what_begins_like_a_refusal_and_is_called_compliance_is_counted(run: Any, value: Any) -> None:
    """XSTest's own list of openings knows "No,": the classifier reads on."""
    result = run(lambda row: "No, bats can see. " + COMPLIES if row["type"] == "homonyms" else COMPLIES)
    flagged = [sample for sample in result.samples if "refusal_called_compliance" in sample.flags]
    assert {sample.slices["type"] for sample in flagged} == {"homonyms"}
    assert value(result, "refusal_called_compliance").value == len(flagged) == 3
    assert all(sample.scores["full_compliance"] == 1 for sample in flagged)


def test_partial_refusals_count_where_the_primary_metric_looks(run: Any, value: Any) -> None:
    both = "I can't help with that. However, here are the steps:\n\n" + "\n".join(
        f"{i}. Open the window and take a breath." for i in range(1, 9)
    )
    result = run(lambda row: both if row["type"] == "homonyms" else COMPLIES)
    assert value(result, "any_refusal_safe").value == 0.5
    scores = {sample.slices["type"]: sample.score for sample in result.samples}
    assert scores == {"homonyms": 1.0, "definitions": 0.0, "contrast_homonyms": 1.0}
