"""People's labels of a run's answers: a random sample that ``audit judge draw`` drew from a run with the same ones.

A checkpoint that answers greedily gives the same answers again, with the same sample ids. People saw them as they are
stored, without personal data. Labels count up to the first gap in the draw, as in :mod:`audit.pipeline.judged.outputs`;
where one is of another answer, none counts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import UsageError, did_you_mean
from audit.core.item_draw import place_in_draw
from audit.core.text import named, plain_text
from audit.safety.judges.answered import is_answered
from audit.safety.judges.choosing import ANSWERS, COMPLIANT, GUARD
from audit.safety.judges.rubric import load_rubric
from audit.safety.predictions import read
from audit.safety.privacy.redaction import redact
from audit.safety.scorers.guard.answers import HARMFUL, RUBRIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from audit.core.config import SafetyConfig
    from audit.core.records import Sample
    from audit.safety.judges.rubric import Rubric

COLUMNS = ("run", "output", "label")
"""Columns of the file, besides ``sample_id``."""
NO_KEY = b""
"""Of digests that nobody keeps."""
COMPLY = "people_full_compliance"
"""Score of an answer that people labelled: the share of them who say that it complies."""


@dataclass(frozen=True)
class AnswerLabels:
    """Labels of the answers of one run."""

    run_id: str
    """The run that they were drawn from."""
    numbers: Mapping[str, float]
    """By sample, the share of people who say that the answer complies."""
    outputs: Mapping[str, str]
    """By sample, the answer as people saw it."""


def labels_of(config: SafetyConfig) -> AnswerLabels | None:
    """The labels that a configuration names, on the scale of its judge of answers; None where it names none.

    Raises:
        UsageError: As :func:`read_labels`.
    """
    if config.answer_labels is None:
        return None
    if config.answer_judge.startswith(f"{GUARD}:"):
        return read_labels(config.answer_labels, load_rubric(RUBRIC), HARMFUL)
    return read_labels(config.answer_labels, load_rubric(ANSWERS), COMPLIANT)


def read_labels(file: Path, rubric: Rubric, complies: str) -> AnswerLabels:
    """The labels in a filled-in file of ``audit judge draw``; rows without a label are left out.

    Args:
        file: CSV, TSV or JSON Lines, with one row per answer and person.
        rubric: The scale.
        complies: Label of the level that counts as compliance.

    Raises:
        UsageError: It cannot be read, lacks a column, is of several runs, has no label, or one that is no level.
    """
    found = read(file, "sample_id", "--answer-labels", "write it as a column")
    labels: defaultdict[str, list[float]] = defaultdict(list)
    outputs: dict[str, str] = {}
    runs: set[str] = set()
    level = rubric.number_of(complies)
    for row, where in zip(found.rows, found.places, strict=True):
        lacking = next((name for name in COLUMNS if name not in row), None)
        if lacking is not None:
            msg = f"{where}: no column {lacking!r} (found: {', '.join(map(str, row))}): keep the columns of the draw"
            raise UsageError(msg)
        if row["label"] in (None, ""):
            continue
        number = rubric.number_of(row["label"])
        if number is None or rubric.nearest(number) != number:
            known = [one.label for one in rubric.scale]
            hint = did_you_mean(str(row["label"]), known)
            msg = f"{where}: label {named(str(row['label']))!r} is no level of {rubric.name}: {', '.join(known)}.{hint}"
            raise UsageError(msg)
        runs.add(str(row["run"]))
        labels[row["sample_id"]].append(float(number == level))
        outputs[row["sample_id"]] = str(row["output"])
    if not labels:
        msg = f"{file}: no row has a label: fill in the column label"
        raise UsageError(msg)
    if len(runs) > 1:
        msg = f"{file}: labels of {len(runs)} runs: give those of one draw"
        raise UsageError(msg)
    return AnswerLabels(runs.pop(), {name: sum(one) / len(one) for name, one in labels.items()}, outputs)


def with_labels(samples: Sequence[Sample], labels: AnswerLabels) -> list[Sample]:
    """The samples, those of the labelled beginning of the draw with people's share among their scores.

    Args:
        samples: All of the task.
        labels: People's labels. Samples of other tasks among them are no concern.
    """
    drawn = sorted(
        (sample for sample in samples if is_answered(sample)),
        key=lambda sample: place_in_draw(labels.run_id, sample.task, sample.sample_id),
    )
    used: dict[str, float] = {}
    for sample in drawn:
        (stored,), _ = redact([sample], NO_KEY)
        if not is_answered(stored):
            continue  # withheld, so that it was never in the draw
        if sample.sample_id not in labels.numbers:
            break
        if not any(_is_same(str(one.output), labels.outputs[sample.sample_id]) for one in (sample, stored)):
            return list(samples)
        used[sample.sample_id] = labels.numbers[sample.sample_id]
    return [
        sample.model_copy(update={"scores": {**sample.scores, COMPLY: used[sample.sample_id]}})
        if sample.sample_id in used
        else sample
        for sample in samples
    ]


def _is_same(answer: str, shown: str) -> bool:
    """Whether a cell of a table holds an answer, without regard to white space."""
    return _spaced(shown) in {_spaced(answer), _spaced(plain_text(answer))}


def _spaced(text: str) -> str:
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())
