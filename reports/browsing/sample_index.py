r"""The samples of a run in DuckDB: what is filtered and sorted by in memory, texts where they are, in Parquet files.

Everything that a reader or a file says is bound to a statement as a parameter; the statements themselves are made of
constants. Files that hold lone surrogates escaped (:mod:`audit.core.records.files.samples_file`) are searched in that
form, and ids and slices of theirs stay in it.
"""

from __future__ import annotations

import glob
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from audit.core.errors import RunFolderError
from audit.core.records.files import samples_file
from audit.core.records.files.surrogates import escaped
from audit.reports.browsing import statements
from audit.reports.browsing.selection import Selection
from audit.reports.errors.listed import badness_of
from audit.reports.errors.quantity import ERROR_RATE, MEAN_SCORE, quantity_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from audit.core.records import Metric, Sample
    from audit.core.run_folder import RunFolder

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "512MB",
    "temp_directory": "",
    "threads": 2,
}
"""Nothing is fetched from elsewhere, and nothing is written to disk."""
KEPT_LISTS = 32
"""Lists of samples that are kept: a reader goes back and forth between a few."""
MOST_SLICES = 300
"""Slices that are offered, the most frequent ones."""


@dataclass(frozen=True)
class TaskFile:
    """The samples file of one task."""

    suite: str
    """Its suite."""
    task: str
    """Its name."""
    path: Path
    """The file."""
    is_escaped: bool
    """Whether its texts are escaped."""
    quantity: str = MEAN_SCORE
    """What its samples are compared by (:func:`audit.reports.errors.quantity.quantity_name`)."""

    @property
    def name(self) -> str:
        """``suite/task``."""
        return f"{self.suite}/{self.task}"

    @cached_property
    def pattern(self) -> str:
        """The path as DuckDB reads it, which takes asterisks and brackets for patterns."""
        return glob.escape(str(self.path.absolute()))

    def as_stored(self, text: str) -> str:
        """A text in the form in which the file holds it."""
        return str(escaped(text)) if self.is_escaped else text


@dataclass(frozen=True)
class SampleKey:
    """Where a sample is."""

    file: int
    """Position of its task among :attr:`SampleIndex.files`."""
    row: int
    """Its row in the file, from 0."""

    def __str__(self) -> str:
        """As :meth:`SampleIndex.key_of` reads it."""
        return f"{self.file}:{self.row}"


@dataclass(frozen=True)
class SampleList:
    """The samples that a selection finds, in order."""

    files: NDArray[np.int64]
    """Position of each one's task."""
    rows: NDArray[np.int64]
    """Row of each one."""

    def __len__(self) -> int:
        """Samples in it."""
        return len(self.rows)

    def __getitem__(self, place: int) -> SampleKey:
        """The sample at a place, from 0."""
        return SampleKey(int(self.files[place]), int(self.rows[place]))

    def page(self, number: int, size: int) -> list[SampleKey]:
        """The samples of one page; the last page where there are fewer.

        Args:
            number: Counted from 1.
            size: Samples on a page.
        """
        start = size * (min(number, self.pages(size)) - 1)
        return [self[place] for place in range(start, min(start + size, len(self)))]

    def pages(self, size: int) -> int:
        """Number of pages, at least one."""
        return max(1, -(-len(self) // size))

    def place(self, key: SampleKey) -> int | None:
        """Where a sample is in the list, from 0; None where it is not there."""
        found = np.flatnonzero((self.files == key.file) & (self.rows == key.row))
        return int(found[0]) if len(found) else None


class SampleIndex:
    """The samples of one run, ready to be looked through. Make one with :meth:`read`; any thread may ask it.

    Attributes:
        files: Its samples files, in the order of suites and tasks.
        faults: Why files were left out, by ``suite/task``.
    """

    def __init__(self, files: Sequence[TaskFile], faults: Mapping[str, str], database: Any) -> None:  # noqa: ANN401 - DuckDB's connection
        self.files = files
        self.faults = faults
        self._database = database
        self._lists: OrderedDict[Selection, SampleList] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def read(cls, run: RunFolder, metrics: Sequence[Metric], explained: Collection[tuple[str, str]]) -> SampleIndex:
        """Read what samples are filtered and sorted by; a file that is broken is left out, with its fault.

        Args:
            run: The folder.
            metrics: Its metrics: the primary one of a task says which scores are bad.
            explained: Task and id of every sample that has an attribution.
        """
        database = duckdb.connect(":memory:", config=SETTINGS)
        database.execute(statements.CREATE)
        files: list[TaskFile] = []
        faults: dict[str, str] = {}
        for suite, task in run.tasks():
            path = run.samples_path(suite, task)
            try:
                file = TaskFile(suite, task, path, samples_file.is_escaped(path))
                files.append(_read_file(database, len(files), file, metrics, explained))
            except (RunFolderError, duckdb.Error) as error:
                database.execute("DELETE FROM samples WHERE file = ?", [len(files)])
                faults[f"{suite}/{task}"] = str(error if isinstance(error, RunFolderError) else _broken(path, error))
        return cls(files, faults, database)

    def find(self, selection: Selection) -> SampleList:
        """The samples that a selection wants, in its order.

        Raises:
            RunFolderError: A file that is searched for a text cannot be read.
        """
        kept = Selection(**{name: getattr(selection, name) for name in Selection.__slots__ if name != "page"})
        with self._lock:
            if kept in self._lists:
                self._lists.move_to_end(kept)
                return self._lists[kept]
        where, given = self._where(kept)
        order = statements.order(kept.sort, descending=kept.descending)
        columns = self._ask(f"SELECT file, row FROM samples WHERE {where} ORDER BY {order}", given).fetchnumpy()  # noqa: S608 - constants
        found = SampleList(*(np.asarray(columns[name], dtype=np.int64) for name in ("file", "row")))
        with self._lock:
            self._lists[kept] = found
            while len(self._lists) > KEPT_LISTS:
                self._lists.popitem(last=False)
        return found

    def results(self, selection: Selection) -> dict[str, int]:
        """Samples of each result among those that fit the other filters."""
        others = Selection(**{name: getattr(selection, name) for name in Selection.__slots__ if name != "result"})
        where, given = self._where(others)
        rows = self._ask(f"SELECT result, count(*) FROM samples WHERE {where} GROUP BY result", given).fetchall()  # noqa: S608 - constants
        return dict(rows)

    def flags(self, selection: Selection) -> list[str]:
        """Flags of the samples of the chosen tasks, sorted."""
        where, given = self._where(_of_tasks(selection))
        rows = self._ask(f"SELECT DISTINCT unnest(flags) AS flag FROM samples WHERE {where} ORDER BY flag", given)  # noqa: S608 - constants
        return [flag for (flag,) in rows.fetchall()]

    def slices(self, selection: Selection) -> tuple[list[str], int]:
        """The most frequent slices of the chosen tasks, sorted, and how many there are in all."""
        where, given = self._where(_of_tasks(selection))
        rows = self._ask(statements.SLICES.format(where=where), [*given, MOST_SLICES]).fetchall()
        return sorted(name for name, _ in rows), max((every for _, every in rows), default=0)

    def score_range(self, selection: Selection) -> tuple[float, float] | None:
        """Lowest and highest score of the chosen tasks; None where nothing is scored."""
        where, given = self._where(_of_tasks(selection))
        asked = f"SELECT min(score), max(score) FROM samples WHERE scored AND {where}"  # noqa: S608 - constants
        low, high = self._ask(asked, given).fetchone() or (None, None)
        return None if low is None or high is None else (low, high)

    def total(self) -> int:
        """Number of samples."""
        (number,) = self._ask("SELECT count(*) FROM samples", []).fetchone() or (0,)
        return int(number)

    def key(self, task: str | None, sample_id: str) -> SampleKey | None:
        """The first sample of that id; None where there is none.

        Args:
            task: ``suite/task``; None searches all tasks.
            sample_id: As :meth:`facts` has it.
        """
        numbers = [number for number, file in enumerate(self.files) if task in (None, file.name)]
        row = self._ask(statements.KEY, [numbers, sample_id]).fetchone()
        return SampleKey(*row) if row else None

    @staticmethod
    def key_of(text: str) -> SampleKey:
        """The key that is written so."""
        file, row = text.split(":")
        return SampleKey(int(file), int(row))

    def facts(self, keys: Sequence[SampleKey]) -> list[tuple[str, str, bool]]:
        """Id, result and whether it is explained, of each sample."""
        rows = self._ask(statements.FACTS, [[key.file for key in keys], [key.row for key in keys]]).fetchall()
        known = {
            SampleKey(file, row): (sample_id, result, explained) for file, row, sample_id, result, explained in rows
        }
        return [known[key] for key in keys if key in known]

    def samples(self, keys: Sequence[SampleKey]) -> list[Sample]:
        """The samples themselves.

        Raises:
            RunFolderError: A file cannot be read or holds a wrong value.
        """
        found: dict[SampleKey, Sample] = {}
        for number in {key.file for key in keys}:
            rows = [key.row for key in keys if key.file == number]
            for row, sample in read_rows(self._database, self.files[number], rows).items():
                found[SampleKey(number, row)] = sample
        return [found[key] for key in keys]

    def _where(self, selection: Selection) -> tuple[str, list[object]]:
        """The condition of a statement, and what is bound to it."""
        parts, given = statements.conditions(selection)
        if selection.text:
            searched = [(n, f) for n, f in enumerate(self.files) if _is_wanted(f, selection)]
            if not searched:
                return "false", []
            parts.append(f"(file, row) IN ({' UNION ALL '.join([statements.SEARCH] * len(searched))})")
            given += [value for n, f in searched for value in (f.as_stored(selection.text), n, f.pattern)]
        return " AND ".join(parts) or "true", given

    def _ask(self, statement: str, given: Sequence[object]) -> Any:  # noqa: ANN401 - DuckDB's result
        return ask(self._database, statement, given)


def ask(database: Any, statement: str, given: Sequence[object]) -> Any:  # noqa: ANN401 - DuckDB's connection and result
    """The result of a statement.

    Args:
        database: The connection; any thread may use it.
        statement: A constant.
        given: What is bound to it.

    Raises:
        RunFolderError: A file that it reads is broken.
    """
    try:
        return database.cursor().execute(statement, given)
    except duckdb.Error as error:
        msg = f"the samples cannot be searched: {str(error).splitlines()[0]}"
        raise RunFolderError(msg) from error


def read_rows(database: Any, file: TaskFile, rows: Collection[int]) -> dict[int, Sample]:  # noqa: ANN401 - as above
    """Samples of a file by their rows.

    Args:
        database: The connection.
        file: The file.
        rows: Counted from 0.

    Raises:
        RunFolderError: The file cannot be read or holds a wrong value.
    """
    wanted = sorted({*rows})
    try:
        table = database.cursor().sql(statements.ROWS, params=[file.pattern, wanted]).to_arrow_table()
    except duckdb.Error as error:
        raise _broken(file.path, error) from error
    return dict(zip(wanted, samples_file.records(file.path, table, is_escaped=file.is_escaped), strict=True))


def _read_file(
    database: Any,  # noqa: ANN401 - as above
    number: int,
    file: TaskFile,
    metrics: Sequence[Metric],
    explained: Collection[tuple[str, str]],
) -> TaskFile:
    """Take one file into the table, and find out what its samples came to."""
    known = sorted(file.as_stored(sample_id) for task, sample_id in explained if task == file.task)
    database.execute(statements.INSERT, [number, file.suite, file.task, known, file.pattern])
    mine = (one for one in metrics if (one.suite, one.task) == (file.suite, file.task))
    primary = next((one for one in mine if one.primary and one.slice is None), None)
    (is_binary,) = database.execute(statements.IS_BINARY, [number]).fetchone()
    quantity = quantity_name(file.suite, primary, is_binary=is_binary is not False)
    badness = badness_of(file.suite, primary)
    sign = badness.of(1.0) if quantity == MEAN_SCORE else -1.0 if quantity == ERROR_RATE else 1.0
    given = [quantity, quantity == MEAN_SCORE and badness.two_sided, sign, number]
    database.execute(statements.JUDGE, given)
    return TaskFile(file.suite, file.task, file.path, file.is_escaped, quantity)


def _is_wanted(file: TaskFile, selection: Selection) -> bool:
    return (not selection.suites or file.suite in selection.suites) and (
        not selection.tasks or file.name in selection.tasks
    )


def _of_tasks(selection: Selection) -> Selection:
    return Selection(suites=selection.suites, tasks=selection.tasks)


def _broken(path: Path, error: Exception) -> RunFolderError:
    reason = str(error).split("\n", 1)[0]
    return RunFolderError(f"broken samples file: {reason}: copy the run folder again or run the audit again", path)


def neighbours(found: SampleList, place: int) -> Iterator[SampleKey | None]:
    """The sample before and the one after a place in a list; None at its ends."""
    for other in (place - 1, place + 1):
        yield found[other] if 0 <= other < len(found) else None
