"""Predictions and details of OpenCompass as items: the runs of a question are completions of one item."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audit.core.records import SampledText, digest_of
from audit.gate.importers.contract import ImportedItem, bad, contradicts
from audit.gate.importers.files import number, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RIGHT = ("correct", "is_correct", "cascade_correct")
"""Names of what is true where an answer is right; evaluators differ."""
NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
"""Key of a prediction."""
OPTION = "label: "
"""What the name of an option begins with where options were scored."""
CORRECT = "correct"
"""Name of an item's score here."""


@dataclass(frozen=True)
class Prediction:
    """One prediction: a question in one run."""

    place: str
    """Where it is, for messages."""
    row: dict[str, Any]
    """All of it."""

    def prompts(self) -> list[str]:
        """What the model saw: one prompt, or one for each option."""
        options = [value for name, value in self.row.items() if name.startswith(OPTION)]
        if options:
            return [str(one.get("prompt", "")) for one in options if isinstance(one, dict)]
        asked = self.row.get("origin_prompt")
        if isinstance(asked, list):
            turns = [turn for turn in asked if isinstance(turn, dict)]
            if len(turns) == 1:
                return [str(turns[0].get("prompt", ""))]
            return ["\n".join(f"[{turn.get('role')}] {turn.get('prompt')}" for turn in turns)]
        return [] if asked is None else [str(asked)]

    @property
    def is_choice(self) -> bool:
        """Whether options were scored."""
        return any(name.startswith(OPTION) for name in self.row)

    def gold(self) -> str | None:
        """The right answer."""
        found = self.row.get("gold")
        return found if isinstance(found, str) or found is None else json.dumps(found, ensure_ascii=False)

    def answer(self) -> str | None:
        """What came back; None if nothing did."""
        found = self.row.get("prediction")
        return found if isinstance(found, str) or found is None else json.dumps(found, ensure_ascii=False)


@dataclass
class Details:
    """What the results say of each question."""

    place: object
    """The file of the results, for messages."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """By question; empty if the log has none."""
    is_nearest: bool = False
    """Whether no evaluator said what is right: it is what equals the reference."""

    def right(self, question: int) -> list[float | None]:
        """Whether the answers to a question are right, by run.

        Raises:
            UsageError: One is neither true nor false.
        """
        if question >= len(self.rows):
            return []
        row = self.rows[question]
        if self.is_nearest:
            return [float(str(row["predictions"]) == str(row["references"]))]
        name = next((name for name in RIGHT if name in row), None)
        found = row.get(name) if name else None
        values = found if isinstance(found, list) else [found]
        for value in values:
            if value is not None and number(value) not in {0.0, 1.0}:
                raise bad(self.place, f"{name} of question {question} is neither true nor false")
        return [None if value is None else float(value) for value in values]

    @property
    def runs(self) -> int:
        """How often each question was asked."""
        return max((len(self.right(question)) for question in range(len(self.rows))), default=1) or 1

    def names(self) -> list[str]:
        """Names of further numbers of each question, such as ``G-Pass@2_0.5``."""
        if not self.rows or self.is_nearest:
            return []
        return [name for name, value in self.rows[0].items() if isinstance(value, float) and name not in RIGHT]

    def value(self, question: int, name: str) -> float | None:
        """One of them."""
        return number(self.rows[question].get(name)) if question < len(self.rows) else None


def read_details(results: dict[str, Any], place: object) -> Details:
    """What the results say of each question: nothing unless the tool ran with ``--dump-eval-details``."""
    found = results.get("details")
    if isinstance(found, dict):
        found = [found[str(place)] for place in range(len(found)) if str(place) in found]
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    if rows and all(any(name in row for name in RIGHT) for row in rows):
        return Details(place, rows)
    if rows and all("predictions" in row and "references" in row for row in rows):
        return Details(place, rows, is_nearest=True)
    return Details(place)


def read_predictions(files: Sequence[Path]) -> tuple[list[Prediction], int]:
    """The predictions of a data set, in their order, and how many are missing between them.

    Args:
        files: One, or its parts in order.

    Raises:
        UsageError: One cannot be read.
    """
    found, missing = [], 0
    for file in files:
        rows = read_json(file)
        numbers = [int(name) for name in rows if NUMBER.fullmatch(name)]
        if len(numbers) < len(rows) or any(not isinstance(row, dict) for row in rows.values()):
            raise bad(file, 'not predictions of OpenCompass: its keys are not "0", "1", …')
        found += [Prediction(f"{file}: prediction {place}", rows[str(place)]) for place in sorted(numbers)]
        missing += max(numbers, default=-1) + 1 - len(numbers)
    return found, missing


def items(predictions: Sequence[Prediction], details: Details, labels: Mapping[str, str]) -> list[ImportedItem]:
    """The items of a data set. All questions are asked in one run, then again in the next.

    Args:
        predictions: All of them.
        details: What the results say of each question.
        labels: Name of a further number of each question by its name here.

    Raises:
        EvidenceInvalid: Runs of a question differ in prompt or answer, or details are about another prediction.
    """
    runs = details.runs
    size = len(predictions) // runs
    asked = [predictions[question::size] for question in range(size)]
    found = []
    for question, repeats in enumerate(asked):
        right = details.right(question)
        scores = {CORRECT: _mean(right), **{label: details.value(question, name) for label, name in labels.items()}}
        _check(question, repeats, details)
        found.append(_item(question, repeats, right, scores))
    return found


def _check(question: int, repeats: Sequence[Prediction], details: Details) -> None:
    first = repeats[0]
    for other in repeats[1:]:
        if (other.prompts(), other.gold()) != (first.prompts(), first.gold()):
            raise contradicts(other.place, f"its prompt or gold is not that of question {question} in another run")
    row = details.rows[question] if question < len(details.rows) else {}
    said = row.get("origin_prediction")
    if isinstance(said, str) and said != first.row.get("prediction"):
        raise contradicts(first.place, "its prediction is not the origin_prediction in the results: one was edited")


def _item(
    question: int, repeats: Sequence[Prediction], right: Sequence[float | None], scores: Mapping[str, float | None]
) -> ImportedItem:
    """One item from its runs."""
    first = repeats[0]
    prompts, gold = first.prompts(), first.gold()
    lost = all(one.row.get("prediction") is None for one in repeats)
    unscored = "the log has no prediction" if lost else "the log does not say whether the answer is right"
    is_scored = not lost and any(value is not None for value in scores.values())
    return ImportedItem(
        place=first.place,
        digest=digest_of(prompts, gold),
        fields={"index": question},
        prompt=prompts[0] if prompts else None,
        prompts=tuple(prompts),
        reference=gold,
        output=first.answer(),
        completions=[
            SampledText(text=one.answer(), value=right[run] if run < len(right) else None)
            for run, one in enumerate(repeats)
        ]
        if len(repeats) > 1
        else [],
        answered_by="likelihood" if first.is_choice else "generation",
        score=scores[CORRECT],
        scores=scores,
        error=None if is_scored else unscored,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
