"""Engines and rows for the benchmark tasks."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any

import datasets
import pytest

from audit.core import assets
from audit.core.assets import DataSet
from audit.core.errors import AssetMissing
from audit.core.records import AssetRecord
from audit.engine import Completion, Engine, Score, load
from tests.evals.generated.gym_double import install
from tests.evals.lm_eval.own_files import CAPITALS, ENDS, GROUP, SAID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn

    from audit.engine import GenerateRequest, ScoreRequest

QUESTIONS = [
    {"question": f"What is {a} plus {b}?", "choices": [str(a + b + d) for d in (0, 1, 2, 3)], "answer": 0}
    for a, b in ((1, 2), (2, 2), (3, 1), (5, 4), (7, 6), (8, 1), (9, 9), (4, 4))
]
FIVE = [{**row, "choices": [*row["choices"], "none"], "answer": position % 5} for position, row in enumerate(QUESTIONS)]


def exam(subject: str, number: int) -> dict[str, Any]:
    """A question of CMMLU."""
    title = {"agronomy": "农学", "anatomy": "解剖学"}[subject]
    choices = ["一", "二", "三", "四"]
    question = f"{subject} {number}？"
    return {"question": question, "choices": choices, "answer": number % 4, "subject": subject, "title": title}


FUNCTIONS = json.dumps(
    [{"name": "f", "parameters": {"type": "dict", "properties": {"n": {"type": "integer"}}, "required": ["n"]}}],
    indent=4,
)
CALLS = [
    {
        "id": f"{category}_{n}",
        "category": category,
        "system": "Be brief." * (n % 2),
        "question": f"Call f with {n}.",
        "functions": FUNCTIONS,
        "accepted": json.dumps([{"f": {"n": [n]}}]),
    }
    for category in ("simple_python", "multiple")
    for n in range(3)
]
ROWS: dict[str, list[dict[str, Any]]] = {
    "boolq": [
        {"passage": f"Passage {i // 2}.", "title": "t", "question": f"is {i} even", "answer": i % 2 == 0}
        for i in range(8)
    ],
    "openbookqa": QUESTIONS,
    "piqa": [{**row, "choices": row["choices"][:2]} for row in QUESTIONS],
    "mmlu": QUESTIONS,
    "commonsenseqa": FIVE,
    "cmmlu": [exam("anatomy", 7), exam("agronomy", 8), exam("anatomy", 9), exam("agronomy", 6)],
    "cmmlu_dev": [exam(subject, number) for subject in ("agronomy", "anatomy") for number in range(5)],
    "medqa": FIVE,
    "medmcqa": [{**row, "subject": ("Skin", "Dental")[i % 2]} for i, row in enumerate(QUESTIONS)],
    "pubmedqa": [{"passage": f"Passage {i}.", "question": f"is {i} even", "answer": i % 3} for i in range(6)],
    "nq_open": [{"question": f"who wrote book {i}", "answers": [f"Ann {i}", "the author"]} for i in range(8)],
    "xsum": [{"document": f"A dog bit {i} men in a park.", "summary": f"A dog bites {i} men."} for i in range(3)],
    **dict.fromkeys(("bfcl", "bfcl_live", "bfcl_irrelevance", "bfcl_relevance"), CALLS),
    "ifbench": [
        {
            "key": str(n),
            "question": f"Write {n}.",
            "checks": json.dumps(checks),
            "group": "format",
            "instructions": size,
        }
        for n, (checks, size) in enumerate(
            [
                ([{"id": "format:no_whitespace", "arguments": {}}], "1"),
                (
                    [
                        {"id": "format:no_whitespace", "arguments": {}},
                        {"id": "format:list", "arguments": {"sep": "-"}},
                    ],
                    "2",
                ),
                ([{"id": "words:start_verb", "arguments": {}}], "1"),
            ]
        )
    ],
    "ifeval": [
        {
            "key": str(n),
            "question": f"Write {n}.",
            "checks": json.dumps([{"id": name, "arguments": {}}]),
            "group": name.partition(":")[0],
            "instructions": "1",
        }
        for n, name in enumerate(("punctuation:no_comma", "startend:quotation", "language:response_language"))
    ],
    "syllables": [{"word": "a", "syllables": 1}],
    "truthfulqa": [{"question": f"Is {i} a number?", "correct": [f"Yes, {i} is", "It is"]} for i in range(4)],
    "asdiv": [
        {"passage": f"Ann has {i} apples.", "question": "How many?", "answer": f"{i} apples", "number": float(i)}
        for i in range(6)
    ]
    + [{"passage": "Bo won.", "question": "Who won?", "answer": "Bo", "number": None}],
    "gsm8k": [{"question": "How many?", "answer": "One and one.\n#### 2", "number": 2.0}],
    "gsm8k_train": [
        {"question": f"Q{i}?", "answer": f"Take {i}+0 = <<{i}+0={i}>>{i}.\nDone.\n#### {i}", "number": float(i)}
        for i in range(9)
    ],
    "humaneval": [
        {
            "task_id": f"HumanEval/{n}",
            "prompt": f'def plus_{n}(x):\n    """Add {n}."""\n',
            "entry_point": f"plus_{n}",
            "canonical_solution": f"    return x + {n}\n",
            "test": f"def check(candidate):\n    assert candidate(1) == {n + 1}\n",
        }
        for n in range(4)
    ],
    "mgsm_en": [{"question": "How many?", "number": 2.0}],
    "mgsm_de": [{"question": "Wie viele?", "number": 2.0}],
    "mgsm_zh": [{"question": "多少？", "number": 2.0}],
    "bbh": [{"question": "not True is", "answer": "False", "form": "True or False", "subtask": "boolean_expressions"}],
    **{
        f"mmath_{language}": [
            {"question": "How many?", "answer": answer, "source": "MATH500", "language": language}
            for answer in ("2", r"\frac{1}{2}")
        ]
        for language in ("ar", "en", "es", "fr", "ja", "ko", "pt", "th", "vi", "zh")
    },
    **{
        f"gettext_{language}": [
            {"source": "Enter a valid date here.", "target": "Ein gültiges Datum.", "catalogue": "django/conf"},
            {"source": "This field is required now.", "target": "Dieses Feld fehlt.", "catalogue": "wagtail/admin"},
        ]
        for language in ("de", "fr", "es", "zh")
    },
    **{f"ntrex_{code}": [{"source": "He said so.", "target": "Er sagte es."}] for code in ("deu", "fra", "zho")},
}
"""A few rows of every data set, in the registry's columns."""


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """Data sets of a few rows in place of the published ones; delete a name and it is missing."""
    held = dict(ROWS)

    def dataset(name: str) -> DataSet:
        if name not in held:
            msg = "not found"
            raise AssetMissing(msg, name)
        record = AssetRecord(name=name, kind="dataset", source="test", version="1", sha256="0" * 64, licence="none")
        return DataSet(record, tuple(held[name]))

    monkeypatch.setattr(assets, "dataset", dataset)
    monkeypatch.setattr(assets, "pull", dataset)  # of which the record is asked
    return held


@pytest.fixture
def gym_double(monkeypatch: pytest.MonkeyPatch) -> None:
    """A double of the package reasoning-gym."""
    install(monkeypatch)


@pytest.fixture(scope="session")
def tiny(tiny_model: Path) -> Engine:
    """A two-layer random Llama with a context of 256 tokens."""
    return load(str(tiny_model), device="cpu")


class Scripted(Engine):
    """An engine whose answers are written down, with the tokens of a real one."""

    def __init__(self, real: Engine) -> None:
        super().__init__()
        self.record = real.record
        self.tokenizer = real.tokenizer
        self.texts: list[str] = []
        self.scores: list[Score] = []
        self.asked: list[Any] = []

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """The next written scores; where there are none, every token is equally likely."""
        self.asked += requests
        written = [self.scores.pop(0) for _ in requests[: len(self.scores)]]
        uniform = -math.log(len(self.tokenizer))
        rest = requests[len(written) :]
        return written + [
            Score((uniform,) * len(request.target_ids), (False,) * len(request.target_ids)) for request in rest
        ]

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """The next written texts; where there are none, an error."""
        from audit.engine import Generation

        self.asked += requests
        written = [self.texts.pop(0) for _ in requests[: len(self.texts)]]
        answers = [Completion((Generation(text, 3, "stop"),), 7) for text in written]
        return answers + [Completion(error="logits are NaN") for _ in requests[len(written) :]]

    @property
    def model(self) -> nn.Module:
        """There is none."""
        raise NotImplementedError


@pytest.fixture
def scripted(tiny: Engine) -> Scripted:
    """An engine whose answers a test writes down."""
    return Scripted(tiny)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three tasks on two files, and two groups, nowhere near the working folder."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    place = tmp_path / "own"
    place.mkdir()
    for name, count in (("questions.csv", 17), ("few.csv", 6)):
        with (place / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["question", "a", "b", "answer"])
            writer.writerows([f"Capital {n} is", f"Paris{n}", f"Rome{n}", (n // 2) % 2] for n in range(count))
    for name, text in (("capitals", CAPITALS), ("ends", ENDS), ("said", SAID)):
        (place / f"{name}.yaml").write_text(text)
    for name, weighted in (("heavy", "true"), ("light", "false")):
        (place / f"{name}.yaml").write_text(GROUP.format(name=name, weighted=weighted))
    return place
