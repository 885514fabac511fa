"""An lm-eval task from a user's questions, and how a generated answer is compared."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, get_args

from audit.core.records import TaskWords
from audit.evals.answer_scores import UNPARSED
from audit.evals.catalogue import GOOD, OwnTask
from audit.evals.numbers.reader import last_number, same_number
from audit.evals.own_data.columns import READ_ANSWERS, READ_OPTIONS, READ_RIGHT
from audit.evals.own_data.questions import QuestionFile, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from lm_eval.api.task import Task

    from audit.evals.numbers.grouped_digits import Language

DATA = "own_data"
"""Name of the data set in ``sample_id``: a file that is moved or renamed keeps its items' ids."""
TEXT_TOKENS, NUMBER_TOKENS = 48, 256
"""Maximum tokens of a generated answer: a short text, or a calculation that ends in a number."""
VERSION = 1
"""Version of prompts and comparison: raised if the same file would give other values."""


def description(file: QuestionFile) -> OwnTask:
    """What the audit needs to know about the task, in addition to what lm-eval reads."""
    columns = file.columns
    primary: tuple[str, ...] = ("exact_match",)
    if columns.is_choice:
        primary = ("accuracy",) if columns.classes else ("accuracy", "normalised_accuracy")
    return OwnTask(
        name=file.task.name,
        description=f"{len(file.questions)} questions of {file.table.file.name}.",
        data=(),
        primary=primary,
        classes=bool(columns.classes),
        cluster=columns.cluster,
        slices=columns.slices,
        question=columns.question,
        words=TaskWords(
            title=f"{file.task.name} ({file.table.file.name})",
            question="Does it answer the questions of this file right?",
            good=GOOD,
        ),
    )


def make(file: QuestionFile) -> Task:
    """The task, as lm-eval runs it."""
    import datasets  # noqa: PLC0415 - seconds to import
    from lm_eval.api.task import ConfigurableTask  # noqa: PLC0415 - see above

    rows = [
        {
            **question.row,
            READ_OPTIONS: list(question.options),
            READ_RIGHT: question.right,
            READ_ANSWERS: list(question.answers),
        }
        for question in file.questions
    ]
    render = template(file.task, file.columns)
    fields: dict[str, Any] = {
        "task": file.task.name,
        "dataset_path": DATA,
        "custom_dataset": lambda **_: datasets.DatasetDict({"test": datasets.Dataset.from_list(rows)}),
        "test_split": "test",
        "num_fewshot": 0,
        "doc_to_text": lambda doc: render({name: doc[name] for name in file.questions[0].row}, doc[READ_OPTIONS]),
        "metadata": {"version": VERSION},
    }
    kind = _choice(file) if file.columns.is_choice else _generation(file)
    return ConfigurableTask(config={**fields, **kind})


def _choice(file: QuestionFile) -> dict[str, Any]:
    """Options compared by likelihood; also by length, unless all questions have the same ones."""
    metrics = ["acc"] if file.columns.classes else ["acc", "acc_norm"]
    return {
        "output_type": "multiple_choice",
        "doc_to_choice": lambda doc: doc[READ_OPTIONS],
        "doc_to_target": lambda doc: doc[READ_RIGHT],
        "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in metrics],
    }


def _generation(file: QuestionFile) -> dict[str, Any]:
    """A generated answer to be compared."""
    match = file.task.match or "exact"
    is_text = match == "exact"
    metrics = {"exact_match": True} if is_text else {"exact_match": True, UNPARSED: False}
    return {
        "output_type": "generate_until",
        "doc_to_target": lambda doc: doc[READ_ANSWERS] if len(doc[READ_ANSWERS]) > 1 else doc[READ_ANSWERS][0],
        "process_results": text_score if is_text else number_score(match),
        "generation_kwargs": {
            "until": ["\n"] if is_text else ["\n\n", "Question:"],
            "do_sample": False,
            "max_gen_toks": TEXT_TOKENS if is_text else NUMBER_TOKENS,
        },
        "metric_list": [
            {"metric": name, "aggregation": "mean", "higher_is_better": better} for name, better in metrics.items()
        ],
    }


def text_score(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Whether an answer equals one of the right ones, by :func:`plain`."""
    return {"exact_match": float(plain(results[0]) in {plain(answer) for answer in doc[READ_ANSWERS]})}


def plain(text: str) -> str:
    """A text without irrelevant differences: case, repeated white space, form of accents, one full stop at the end."""
    words = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return words[:-1].rstrip() or words if words.endswith(".") else words


def number_score(match: str) -> Callable[[dict[str, Any], list[str]], dict[str, float]]:
    """A function that compares the last number of an answer, read by the conventions of a language.

    Args:
        match: ``number`` for English, or ``number_de``, ``number_fr``, ``number_zh``.
    """
    from audit.evals.numbers.grouped_digits import Language  # noqa: PLC0415 - its values are read here

    language: Language = next((one for one in get_args(Language) if match == f"number_{one}"), "en")

    def scores(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
        answer = last_number(results[0], language)
        right = any(same_number(answer, float(reference)) for reference in doc[READ_ANSWERS])
        return {"exact_match": float(right), UNPARSED: float(answer is None)}

    return scores
