"""What people give to perturb with: other wordings of questions and instructions, and words that mean the same."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError
from audit.core.records import AssetRecord
from audit.evals.own_data.table import read

if TYPE_CHECKING:
    from pathlib import Path

    from audit.evals.own_data.table import Cell, DataTable

INSTEAD = "paraphrase"
"""Column with what is asked instead."""
KINDS = ("sample_id", "question", "instruction", "word")
"""Columns that say what it replaces; a row fills in one of them."""
LICENCE = "LicenseRef-yours"
NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Wordings:
    """The rows of a file by what they replace."""

    record: AssetRecord | None = None
    """The file, as named in the manifest; None if none is given."""
    by_sample: dict[str, str] = field(default_factory=dict)
    """Other wording of a question, by the ``sample_id`` of its item."""
    by_question: dict[str, str] = field(default_factory=dict)
    """The same by the question itself."""
    instructions: dict[str, str] = field(default_factory=dict)
    """Other wording of an instruction, by the instruction."""
    words: dict[str, str] = field(default_factory=dict)
    """Words that mean the same, by the word in small letters."""

    def question(self, sample_id: str, question: str) -> str | None:
        """The other wording of a question; None if none is given."""
        return self.by_sample.get(sample_id) or self.by_question.get(question.strip())


def read_given(file: Path | None) -> Wordings:
    """Read a file of other wordings: CSV, TSV, JSON Lines or Parquet.

    Raises:
        ConfigError: It cannot be read, lacks a column, or has rows that fill in none or several of :data:`KINDS`, lack
            the other wording, or say something twice.
    """
    if file is None:
        return Wordings()
    table = read(file)
    known = [kind for kind in KINDS if kind in table.columns]
    if INSTEAD not in table.columns or not known:
        msg = f"{file}: needs the column {INSTEAD} and at least one of {', '.join(KINDS)}"
        raise ConfigError(msg)
    rows = [(number, *_row(table, number, row, known)) for number, row in zip(table.numbers, table.rows, strict=True)]
    _refuse_twice(table, rows)
    by_kind = {kind: {what: instead for _, found, what, instead in rows if found == kind} for kind in KINDS}
    return Wordings(
        record=AssetRecord(
            name=file.name,
            kind="dataset",
            source=f"file {file.resolve()}",
            version=table.sha256[:12],
            sha256=table.sha256,
            licence=LICENCE,
        ),
        by_sample=by_kind["sample_id"],
        by_question=by_kind["question"],
        instructions=by_kind["instruction"],
        words={word.lower(): instead for word, instead in by_kind["word"].items()},
    )


def _row(table: DataTable, number: int, row: dict[str, Cell], known: list[str]) -> tuple[str, str, str]:
    """What a row replaces, by its kind, and by what.

    Raises:
        ConfigError: It does not say one of them, or says it by a list.
    """
    instead, filled = row[INSTEAD], [kind for kind in known if row[kind]]
    if len(filled) != 1:
        said = f"{' and '.join(filled)} are filled in" if filled else f"none of {', '.join(known)} is filled in"
        raise table.fault([number], f"{said}: fill in one of them")
    what = row[filled[0]]
    if not isinstance(instead, str) or not instead.strip() or not isinstance(what, str) or not what.strip():
        raise table.fault([number], f"{INSTEAD} and {filled[0]} must be texts that are not empty")
    return filled[0], what.strip(), instead.strip()


def _refuse_twice(table: DataTable, rows: list[tuple[int, str, str, str]]) -> None:
    """Refuse several wordings of the same thing: which of them was asked would depend on their order.

    Raises:
        ConfigError: There are.
    """
    keys = [(kind, what.lower() if kind == "word" else what) for _, kind, what, _ in rows]
    counts = Counter(keys)
    twice = [number for (number, *_), key in zip(rows, keys, strict=True) if counts[key] > 1]
    if twice:
        raise table.fault(twice, "they replace the same thing: keep one of them")


def same_numbers(one: str, other: str) -> bool:
    """Whether two texts hold the same numbers in digits, in any order: otherwise they ask different things."""
    return Counter(NUMBERS.findall(one)) == Counter(NUMBERS.findall(other))
