"""Tables of scored answers: CSV, TSV or JSON Lines, one row per item, columns named by options.

Without a column named for it, ``id``, ``prompt``, ``output``, ``reference`` and ``score`` are taken from columns of
those names. An item is known by its id, prompt and reference together: other data under the same numbers does not pair.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.errors import did_you_mean
from audit.core.records import digest_of
from audit.core.text import printable
from audit.core.text_file import csv_rows
from audit.gate.importers.contract import ImportedItem, ImportOptions, Log, Stated, Task, bad
from audit.gate.importers.files import number, read_lines, read_text
from audit.stats.definitions import Mean
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

DELIMITERS = {".csv": ",", ".tsv": "\t"}
LINES = frozenset({".jsonl", ".ndjson"})
COLUMNS = ("id", "prompt", "output", "reference")
"""What a column can be, apart from a score; each has an option."""
WORDS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class ImportedRow:
    """One row."""

    file: Path
    """The table."""
    line: str
    """``row 3``."""
    cells: dict[str, Any]
    """By column."""

    @property
    def place(self) -> str:
        """``FILE: row 3``."""
        return f"{self.file}: {self.line}"


class ImportedTable:
    """The reader of tables."""

    NAME = "table"
    ABOUT = "CSV, TSV or JSON Lines with a column of scores"

    def recognises(self, files: Sequence[Path]) -> bool:
        """Whether the files end as tables do."""
        return all(file.suffix.lower() in {*DELIMITERS, *LINES} for file in files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        """Read each file as a task. Errors as of :class:`Reader`."""
        if options.task and len(files) > 1:
            raise bad(files[1], "--task names one task: import the files separately")
        tasks = [_task(file, options) for file in files]
        warnings = [
            f"{task.name}: items have ids alone, no prompt or reference: other data under the same ids would pair up"
            for task in tasks
            if all(item.prompt is None and item.reference is None for item in task.items)
        ]
        name = options.model or "unknown"
        return Log(tool="table", model=name, identity={"name": name}, tasks=tasks, files=files, warnings=warnings)


READER = ImportedTable()


def _task(file: Path, options: ImportOptions) -> Task:
    """One file."""
    rows = list(_rows(file))
    if not rows:
        raise bad(file, "no rows")
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    chosen = {what: _column(file, what, options.columns.get(what), columns) for what in COLUMNS}
    scores = [_score_column(file, name, columns) for name in options.scores or ("score",)]
    if chosen["id"] is None and chosen["prompt"] is None:
        raise bad(file, f"no column that identifies the items: name one with --id or --prompt. {_known(columns)}")
    items = [_item(row, chosen, scores) for row in rows]
    _check_ids(rows, chosen["id"])
    return Task(
        name=options.task or file.stem,
        data=options.task or file.stem,
        items=items,
        file=file,
        stated=[_stated(name, items, options, primary=place < 2) for place, name in enumerate(scores)],
    )


def _rows(file: Path) -> Iterator[ImportedRow]:
    """The rows of a file."""
    suffix = file.suffix.lower()
    if suffix in LINES:
        yield from (ImportedRow(file, f"line {place}", row) for place, row in read_lines(file))
    elif suffix in DELIMITERS:
        yield from _delimited(file, DELIMITERS[suffix])
    else:
        raise bad(file, "not a table: give a file that ends in .csv, .tsv or .jsonl")


def _delimited(file: Path, delimiter: str) -> Iterator[ImportedRow]:
    """Rows of CSV or TSV, numbered as in a spreadsheet: the header is row 1."""
    reader = csv_rows(read_text(file), delimiter)
    header: list[str] | None = None
    try:
        for place, cells in enumerate(reader, 1):
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(file, cells)
                continue
            if len(cells) != len(header):
                raise bad(file, f"row {place}: {len(cells)} cells, the header has {len(header)}: check its quotes")
            yield ImportedRow(file, f"row {place}", dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise bad(file, f"line {reader.line_num}: not valid CSV: {error}: check the quotes around its cells") from error


def _header(file: Path, cells: Sequence[str]) -> list[str]:
    """The names of the columns."""
    names = [cell.strip() for cell in cells]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise bad(file, f"row 1: two columns are called {printable(repr(twice), 60)}: rename one")
    if len(names) == 1 and ";" in names[0]:
        raise bad(file, "row 1: its cells are separated by semicolons: save it with commas")
    return names


def _column(file: Path, what: str, named: str | None, columns: Sequence[str]) -> str | None:
    """The column for something: the one named by the user, or the one that is called so; None if there is none."""
    if named is None:
        return what if what in columns else None
    if named not in columns:
        raise bad(file, f"--{what} {named}: no such column.{did_you_mean(named, columns)} {_known(columns)}")
    return named


def _score_column(file: Path, name: str, columns: Sequence[str]) -> str:
    if name not in columns:
        hint = did_you_mean(name, columns)
        raise bad(file, f"no column {name!r}: name another with 'audit import --score'.{hint} {_known(columns)}")
    return name


def _known(columns: Sequence[str]) -> str:
    return f"Its columns: {printable(', '.join(columns), 300)}"


def _item(row: ImportedRow, chosen: dict[str, str | None], scores: Sequence[str]) -> ImportedItem:
    """One item."""
    texts = {what: _cell(row, column) for what, column in chosen.items()}
    if texts["id"] is None and texts["prompt"] is None:
        raise bad(row.place, "neither an id nor a prompt identifies this item")
    values = {name: _score(row, name) for name in scores}
    return ImportedItem(
        place=row.place,
        digest=digest_of(texts["id"], texts["prompt"], texts["reference"]),
        fields={name: value for name, value in row.cells.items() if value is not None and value != ""},
        prompt=texts["prompt"],
        reference=texts["reference"],
        output=texts["output"],
        score=values[scores[0]],
        scores=values,
        error=_no_score(values),
    )


def _no_score(values: Mapping[str, float | None]) -> str | None:
    """Why an item has no score; None if it has one."""
    if any(value is not None for value in values.values()):
        return None
    names = ", ".join(values)
    return f"the column {names} is empty" if len(values) == 1 else f"the columns {names} are empty"


def _cell(row: ImportedRow, column: str | None) -> str | None:
    """A cell as text; None if it is empty."""
    value = row.cells.get(column) if column is not None else None
    if value is None or value == "":
        return None
    if not isinstance(value, str | int | float):
        raise bad(row.place, f"{column} is a list or an object: give text")
    return str(value)


def _score(row: ImportedRow, column: str) -> float | None:
    """A score; None if the cell is empty.

    Raises:
        UsageError: It is no finite number.
    """
    value = row.cells.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = number(value)
    if isinstance(value, str):
        word = value.strip().lower()
        try:
            found = WORDS[word] if word in WORDS else number(float(word)) if "_" not in word else None
        except ValueError:
            found = None
    if found is None:
        what = printable(repr(value), 60)
        raise bad(row.place, f"{column} is {what}, not a finite number: leave it empty if the item was not scored")
    return found


def _check_ids(rows: Sequence[ImportedRow], column: str | None) -> None:
    """Refuse an id that occurs twice.

    Raises:
        UsageError: One does.
    """
    seen: dict[str, str] = {}
    for row in rows:
        identity = _cell(row, column)
        if identity is None:
            continue
        if identity in seen:
            what = f"id {printable(identity, 60)} is also on {seen[identity]}"
            raise bad(row.place, f"{what}: give each item once")
        seen[identity] = row.line


def _stated(name: str, items: Sequence[ImportedItem], options: ImportOptions, *, primary: bool) -> Stated:
    """The mean of a column."""
    values = {value for item in items if (value := item.scores[name]) is not None}
    unit = options.unit or ("share" if values <= {0.0, 1.0} else "score")
    definition = Mean(of=f"{SCORES}{name}")
    better = not options.lower_is_better
    return Stated(metric=name, definition=definition, unit=unit, higher_is_better=better, primary=primary)
