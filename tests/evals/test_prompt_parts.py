"""Named parts of prompts: a span is exact or absent, on tasks with written rows and on published data."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import assets
from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.evals import suite
from audit.evals.catalogue import own_tasks
from audit.evals.prompt_parts import name

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Sample, Span, TaskResult
    from audit.engine import Engine
    from tests.evals.conftest import Scripted

Rows = dict[str, list[dict[str, Any]]]


def run_one(engine: Engine, task: str, limit: int | None = None, **settings: Any) -> TaskResult:
    evals = EvalsConfig(tasks=[TaskConfig(name=task, limit=limit)], bootstrap_resamples=100)
    (result,) = suite.run_tasks(engine, RunConfig(evals=evals, offline=True, **settings))
    assert result.not_run is None, result.not_run
    return result


def texts(sample: Sample, spans: list[Span]) -> list[tuple[str, str]]:
    return [(span.name, sample.prompt[span.start : span.end]) for span in spans]


def options(sample: Sample) -> list[str]:
    assert sample.choice is not None
    return sample.choice.options


def test_fields_are_found_where_the_template_puts_them(scripted: Scripted, rows: Rows) -> None:
    rows["boolq"] = [{"passage": "is 1 even", "title": "is", "question": "is 1 even", "answer": True}]
    result = run_one(scripted, "boolq")
    [sample] = result.samples
    assert sample.prompt == "is 1 even\nQuestion: is 1 even?\nAnswer:"
    spans = sample.spans
    assert texts(sample, spans) == [("passage", "is 1 even"), ("question", "is 1 even")]
    assert [span.start for span in spans] == [0, 20]
    assert options(sample) == [" no", " yes"]


def test_examples_and_options_of_a_few_shot_task(scripted: Scripted, rows: Rows) -> None:
    rows["mmlu"] = [
        {"question": f"Pick {i}.\n\nWhich?", "choices": ["A", "1", "Pick", f"{i}"], "answer": i % 4} for i in range(7)
    ]
    result = run_one(scripted, "mmlu")
    assert len(result.samples) == 2
    for number, sample in enumerate(result.samples, 5):
        found = texts(sample, sample.spans)
        shown = [f"Pick {i}.\n\nWhich?\nA. A\nB. 1\nC. Pick\nD. {i}\nAnswer: {'ABCD'[i % 4]}" for i in range(5)]
        assert found[:5] == [(f"example {i}", text) for i, text in enumerate(shown, 1)]
        assert found[5:] == [
            ("question", f"Pick {number}.\n\nWhich?"),
            ("option A", "A"),
            ("option B", "1"),
            ("option C", "Pick"),
            ("option D", str(number)),
        ]
        assert options(sample) == [" A", " B", " C", " D"]


def test_a_conversation_has_its_examples_too(scripted: Scripted, rows: Rows) -> None:
    result = run_one(scripted, "gsm8k", chat_template="on")
    [sample] = result.samples
    assert sample.prompt.startswith("<|begin|>")
    found = dict(texts(sample, sample.spans))
    assert list(found) == [*(f"example {i}" for i in range(1, 9)), "question"]
    assert found["question"] == "How many?"
    for number in range(8):
        assert found[f"example {number + 1}"].startswith(f"Q: Q{number}?\nA:")
        assert f"The answer is {number}." in found[f"example {number + 1}"]
    assert sample.choice is None


def test_a_question_that_is_the_whole_prompt(scripted: Scripted, rows: Rows) -> None:
    result = run_one(scripted, "openbookqa")
    for sample, row in zip(result.samples, rows["openbookqa"], strict=True):
        assert texts(sample, sample.spans) == [("question", row["question"])]
        assert options(sample) == [f" {choice}" for choice in row["choices"]]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (("question",), "question"),
        (("choices", 0), "option A"),
        (("choices", "text", 3), "option D"),
        (("choices", "label", 1), "option B label"),
        (("options", 26), "option 27"),
        (("facts", 1), "facts 2"),
        (("meta", "subject"), "meta subject"),
    ],
)
def test_names(place: tuple[str | int, ...], expected: str) -> None:
    assert name(place) == expected


FIELDS = {
    "boolq": {"passage", "question"},
    "openbookqa": {"question"},
    "commonsenseqa": {"question", *(f"option {letter}" for letter in "ABCDE")},
    "piqa": {"question"},
    "mmlu": {"question", *(f"option {letter}" for letter in "ABCD"), *(f"example {i}" for i in range(1, 6))},
    "cmmlu": {"question", *(f"option {letter}" for letter in "ABCD"), *(f"example {i}" for i in range(1, 6))},
    "medqa": {"question", *(f"option {letter}" for letter in "ABCDE")},
    "medmcqa": {"question", *(f"option {letter}" for letter in "ABCD")},
    "pubmedqa": {"passage", "question"},
    "nq_open": {"question", *(f"example {i}" for i in range(1, 6))},
    "bfcl": {"question"},
    "bfcl_irrelevance": {"question"},
    "ifbench": {"question"},
    "truthfulqa": {"question"},
    "asdiv": {"passage", "question"},
    "gsm8k": {"question", *(f"example {i}" for i in range(1, 9))},
    "translation_en_de": {"source"},
    "translation_zh_en": {"target"},
    "mgsm_zh": {"question"},
    "mmath_th": {"question"},
    "bbh": {"question", "form"},
}


def shown(row: dict[str, Any], part: str) -> str:
    return row["choices"][ord(part[-1]) - ord("A")] if part.startswith("option") else row[part]


@pytest.mark.slow
@pytest.mark.parametrize("task", FIELDS)
@pytest.mark.parametrize("chat", ["off", "on"])
def test_parts_of_published_items(scripted: Scripted, audit_data: Path, task: str, chat: str) -> None:
    """Every field that the template shows is named, is the row's text, and lies in the item's own part."""
    assets.configure(data_dirs=[audit_data], offline=True)
    scripted.texts = ["An answer."] * 12
    result = run_one(scripted, task, limit=12, chat_template=chat)
    published = assets.dataset(own_tasks()[task].data[0]).rows
    for sample in result.samples:
        spans = sample.spans
        found = texts(sample, spans)
        assert {part for part, _ in found} == FIELDS[task]
        assert len(found) == len(FIELDS[task])
        ordered = sorted(spans, key=lambda span: span.start)
        assert all(before.end <= after.start for before, after in pairwise(ordered))
        row = {part: text for part, text in found if not part.startswith("example")}
        assert any(all(shown(known, part) == text for part, text in row.items()) for known in published)
        fields = [span for span in spans if span.kind == "field"]
        assert all(span.end <= fields[0].start for span in spans if span.kind == "example")
        if sample.choice is not None:
            assert sample.output in options(sample)
            assert sample.reference in options(sample)
