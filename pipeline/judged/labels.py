"""Texts that people labelled on the scale of a rubric: of a data set, or of a file, such as an export of ratings."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core import assets
from audit.core.errors import UsageError, did_you_mean
from audit.core.records import digest_of
from audit.core.text import named, plain_text
from audit.safety.judges.asking import JudgedText
from audit.safety.predictions import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from audit.core.records import AssetRecord
    from audit.safety.judges.rubric import Rubric

OUTPUTS = ("output", "completion", "prediction")
"""Columns in which the judged text is looked for, in this order."""
BOTH_BAD = "both_bad"
"""A preference of the app that a comparison without that answer cannot be measured on."""


@dataclass(frozen=True)
class LabelledText:
    """One text with what people said about it."""

    judged: JudgedText
    """What was labelled."""
    ratings: tuple[float, ...]
    """Numbers of the scale, one per person."""

    @property
    def middle(self) -> float:
        """The lower median of the ratings, which is one of them."""
        return sorted(self.ratings)[(len(self.ratings) - 1) // 2]


@dataclass(frozen=True)
class Labels:
    """Labelled texts, and where they are from."""

    name: str
    """Of the data set or file."""
    texts: list[LabelledText]
    """In the order of the source."""
    left_out: int = 0
    """Rows without a label, or of ratings that do not count."""
    record: AssetRecord | None = None
    """Of the data set; None for a file."""

    @property
    def digest(self) -> str:
        """SHA-256 over the texts and their labels."""
        parts = [(one.judged.prompt, one.judged.output, one.judged.other, one.ratings) for one in self.texts]
        return digest_of("labels", parts)


def of_data_set(rubric: Rubric, name: str) -> Labels:
    """The labelled texts of a data set with ``prompt``, ``completion`` and ``ratings`` or ``refused``.

    Raises:
        UsageError: It has no labels, or they are not on the scale of the rubric.
        AssetMissing: It is not at hand.
    """
    data = assets.dataset(name)
    if not {"ratings", "refused"} & {*data.rows[0]}:
        msg = f"{name}: a data set without people's ratings: give a file with --labels FILE"
        raise UsageError(msg)
    texts = []
    for row in data.rows:
        ratings = row["ratings"] if "ratings" in row else [float(row["refused"])]
        numbers = [_number(rubric, value, "rating", name) for value in ratings]
        texts.append(LabelledText(JudgedText(row["prompt"], row["completion"]), tuple(numbers)))
    return Labels(name, texts, record=data.record)


def of_file(rubric: Rubric, file: Path, column: str = "label") -> Labels:
    """The labelled texts of JSON Lines, CSV or TSV: one row per text and person.

    Rows with the same texts are labels of several people. Columns are ``prompt``, ``output`` (or ``completion``,
    ``prediction``), of a comparison ``output_b``, and the label: a level by name or number, of a comparison ``first``,
    ``tie`` or ``second``. The CSV of ``audit ratings export`` is such a file; rows of items that were taken out, or
    were for practice, are left out, and so are preferences for neither output.

    Args:
        rubric: Its scale.
        file: The file.
        column: Column of the label.

    Raises:
        UsageError: It cannot be read, lacks a column, or a label is not on the scale.
    """
    field = _output_column(file)
    rows = _rows(file, field, ("prompt", *(("output_b",) if rubric.pairs else ())), column)
    found: defaultdict[JudgedText, list[float]] = defaultdict(list)
    left_out = 0
    for place, row in enumerate(rows):
        label = row[column]
        if label in (None, "") or not _counts(row) or (rubric.pairs and label == BOTH_BAD):
            left_out += 1
            continue
        where = f"{file}, row {place + 1}"
        other = str(row["output_b"]) if rubric.pairs else None
        key = JudgedText(str(row["prompt"]), str(row[field]), other)
        found[key].append(_number(rubric, label, column, where))
    if not found:
        msg = f"{file}: no row has a label in the column {column!r}: name it with --label-column"
        raise UsageError(msg)
    return Labels(file.name, [LabelledText(key, tuple(numbers)) for key, numbers in found.items()], left_out)


def labels_of_outputs(
    rubric: Rubric, file: Path, column: str = "label", outputs: Mapping[str, str | None] | None = None
) -> dict[str, list[float]]:
    """People's numbers for outputs of a run, by ``sample_id``: a file with that column and the label.

    Args:
        rubric: Its scale.
        file: The file.
        column: Column of the label.
        outputs: What the run answered, by sample. The same item has the same ``sample_id`` in every run.

    Raises:
        UsageError: As :func:`of_file`, or the output in a row is another one than that of the run.
    """
    rows = _rows(file, "sample_id", (), column)
    known = {name: text for name, text in (outputs or {}).items() if text is not None}
    answers = {name: {_plain(text), _plain(plain_text(text))} for name, text in known.items()}
    found: defaultdict[str, list[float]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row[column] in (None, "") or not _counts(row):
            continue
        name, shown = row["sample_id"], row.get("output")
        if isinstance(shown, str) and name in answers and _plain(shown) not in answers[name]:
            msg = f"{file}, row {place + 1}: the output is not that of the run: give labels of this run's own outputs"
            raise UsageError(msg)
        found[name].append(_number(rubric, row[column], column, f"{file}, row {place + 1}"))
    if not found:
        msg = f"{file}: no row has a label in the column {column!r}: fill it in, or name another with --label-column"
        raise UsageError(msg)
    if outputs is not None and not found.keys() & outputs.keys():
        msg = f"{file}: none of its sample_ids is in the task: give labels of outputs of this task"
        raise UsageError(msg)
    return dict(found)


def _rows(file: Path, field: str, columns: Sequence[str], label: str) -> list[dict[str, Any]]:
    """The rows of a file with people's labels.

    Raises:
        UsageError: It cannot be read, or lacks a column.
    """
    found = read(file, field, "--labels", "write it as a column")
    for place, row in zip(found.places, found.rows, strict=True):
        lacking = next((name for name in (label, *columns) if name not in row), None)
        if lacking is not None:
            todo = "name it with --label-column" if lacking == label else "write it as a column"
            msg = f"{place}: no column {named(lacking)!r} (found: {', '.join(map(str, row))}): {todo}"
            raise UsageError(msg)
    return found.rows


def _plain(text: str) -> str:
    """A text as a table has it, without regard to white space."""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


def _output_column(file: Path) -> str:
    """The column of the judged text, as the head of the file has it; the first name where none is there."""
    try:
        with file.open(encoding="utf-8-sig") as opened:
            head = opened.readline()
    except (OSError, UnicodeDecodeError):
        return OUTPUTS[0]  # whoever reads the file says what is wrong
    names = _keys(head)
    return next((name for name in OUTPUTS if name in names), OUTPUTS[0])


def _keys(head: str) -> Iterable[str]:
    try:
        first = json.loads(head)
    except (ValueError, RecursionError):
        return [part.strip().strip('"') for part in head.replace("\t", ",").split(",")]
    return first if isinstance(first, dict) else []


def _counts(row: dict[str, Any]) -> bool:
    """Whether a row of an export of ratings counts: items taken out, and those for practice, do not."""
    return str(row.get("excluded", "false")).lower() != "true" and row.get("kind", "regular") == "regular"


def _number(rubric: Rubric, label: object, column: str, where: str) -> float:
    number = rubric.number_of(label)
    if number is None or rubric.nearest(number) != number:
        known = [f"{level.label} ({level.number:g})" for level in rubric.scale]
        hint = did_you_mean(str(label), [level.label for level in rubric.scale])
        msg = f"{where}: {column} {named(str(label))!r} is no level of {rubric.name}: {', '.join(known)}.{hint}"
        raise UsageError(msg)
    return number
