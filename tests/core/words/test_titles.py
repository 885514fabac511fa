"""Declared words where a run has them, else names."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import Metric, RunManifest, TaskWords
from audit.core.words import direction_text, full_title, metric_title, reference_text, task_question, task_title


def metric(**more: Any) -> Metric:
    fields = {"name": "boolq/macro_f1", "suite": "evals", "task": "boolq", "metric": "macro_f1", "n": 100}
    return Metric(**{**fields, "value": 0.5, "ci_low": 0.35, "ci_high": 0.65, "unit": "share", **more})


def test_titles_are_those_that_the_run_has() -> None:
    words = TaskWords(title="Yes/no questions (BoolQ)", question="Does it answer yes or no correctly?")
    manifest = RunManifest.model_construct(words={"boolq": words})
    assert (task_title(manifest, "boolq"), task_title(manifest, "my_task")) == ("Yes/no questions (BoolQ)", "my_task")
    assert task_question(manifest, "boolq") == "Does it answer yes or no correctly?"
    assert task_question(manifest, "my_task") == ""
    assert metric_title(metric(words={"title": "F1, macro"})) == "F1, macro"
    assert metric_title(metric(slice={"kind": "a"})) == "macro f1 [kind=a]"


@pytest.mark.parametrize(
    ("fields", "reference", "direction"),
    [
        ({"higher_is_better": True, "chance": 0.25}, "guessing 25 %", "higher is better"),
        (
            {"higher_is_better": True, "chance": 0.5, "majority": 0.62, "majority_answer": "yes"},
            "guessing 50 %, always “yes” 62 %",
            "higher is better",
        ),
        ({"ideal": 0.5, "chance": 0.5}, "ideal 50 %", ""),
        ({"ideal": 0, "higher_is_better": False}, "ideal 0 %", "lower is better"),
        ({"chance": 0, "words": {"title": "t", "guess": "a random order"}}, "a random order 0 %", ""),
        ({}, "", ""),
    ],
)
def test_references_and_directions(fields: dict[str, Any], reference: str, direction: str) -> None:
    assert (reference_text(metric(**fields)), direction_text(metric(**fields))) == (reference, direction)


def test_titles_in_one_line_keep_abbreviations_and_bear_a_metric_without_a_name() -> None:
    manifest = RunManifest.model_construct(words={})
    for title, expected in (
        ("Right answers", "boolq: right answers"),
        ("F1, macro", "boolq: F1, macro"),
        ("", "boolq: "),
    ):
        assert full_title(manifest, metric(words={"title": title})) == expected
