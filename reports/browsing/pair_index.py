"""The items of two runs side by side in DuckDB: what became of each, in memory; texts stay in the Parquet files.

As :mod:`audit.reports.browsing.sample_index`, which looks through one run: values are bound to statements, and the
statements are constants.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from audit.core.errors import RunFolderError
from audit.core.records.files import samples_file
from audit.reports.browsing import pair_statements as statements
from audit.reports.browsing.sample_index import (
    KEPT_LISTS,
    MOST_SLICES,
    SETTINGS,
    SampleKey,
    SampleList,
    TaskFile,
    ask,
    read_rows,
)
from audit.reports.browsing.statements import SEARCH
from audit.reports.errors.quantity import ERROR_RATE, quantity_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Metric, Sample
    from audit.core.run_folder import RunFolder

CHANGES = ("broken", "worse", "moved", "fixed", "better", "other prompt", "other answer", "one scored", "same")
"""What became of an item from the earlier to the later run.

``broken``, ``fixed``: right before and wrong after, or the opposite. ``worse``, ``better``, ``moved``: another score on
a scale, or another finding of a probe; ``moved`` where neither end is good. ``other answer``: wrong in both runs, with
another output. ``other prompt``: the runs asked different things, so that the results say nothing about each other.
``one scored``: only one run has a score. ``same``: nothing of all this.
"""


@dataclass(frozen=True, slots=True)
class PairSelection:
    """Filters of items that both runs have. Empty ones let everything through."""

    text: str = ""
    """Occurs in a text of either run that is not hidden, whatever the case."""
    task: str | None = None
    """As ``suite/task``."""
    change: str | None = None
    """One of :data:`CHANGES`; null keeps what is not the same."""
    slice: str | None = None
    """As ``name = value``."""


@dataclass(frozen=True)
class PairedFiles:
    """The samples files of one task."""

    earlier: TaskFile
    """Of the earlier run."""
    later: TaskFile
    """Of the later run."""

    @property
    def name(self) -> str:
        """``suite/task``."""
        return self.later.name


@dataclass(frozen=True)
class PairFacts:
    """What became of an item."""

    sample_id: str
    """Its id."""
    change: str
    """One of :data:`CHANGES`."""
    moved: float | None
    """Later minus earlier score; null where a run has none."""


@dataclass(frozen=True)
class SliceShift:
    """The items of one slice that both runs scored."""

    name: str
    """``subject = law``."""
    n: int
    """Items."""
    higher: int
    """Of these, items with a higher score in the later run."""
    lower: int
    """Items with a lower score."""
    moved: float
    """Mean of later minus earlier score."""


class PairIndex:
    """The items that two runs have in common. Make one with :meth:`read`; any thread may ask it.

    An item is found by the place of its sample in the later run.

    Attributes:
        files: The tasks that both runs have, in the order of suites and tasks.
        faults: Why tasks were left out, by ``suite/task``.
    """

    def __init__(self, files: Sequence[PairedFiles], faults: Mapping[str, str], database: Any) -> None:  # noqa: ANN401 - DuckDB's connection
        self.files = files
        self.faults = faults
        self._database = database
        self._lists: OrderedDict[PairSelection, SampleList] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def read(cls, earlier: RunFolder, later: RunFolder, metrics: Sequence[Metric]) -> PairIndex:
        """Pair the items of two runs by their ids, task by task; a broken file is left out, with its fault.

        Args:
            earlier: One run, e.g. the baseline.
            later: The other.
            metrics: Of the later run: the primary one of a task says which scores are good.
        """
        database = duckdb.connect(":memory:", config=SETTINGS)
        database.execute(statements.CREATE)
        files: list[PairedFiles] = []
        faults: dict[str, str] = {}
        for suite, task in sorted({*earlier.tasks()} & {*later.tasks()}):
            paths = [run.samples_path(suite, task) for run in (earlier, later)]
            try:
                pair = PairedFiles(*(TaskFile(suite, task, path, samples_file.is_escaped(path)) for path in paths))
                _take(database, len(files), pair, metrics)
                files.append(pair)
            except RunFolderError as error:
                faults[f"{suite}/{task}"] = str(error)
            except duckdb.Error as error:  # which names the file
                faults[f"{suite}/{task}"] = f"its samples cannot be paired: {str(error).splitlines()[0]}"
        return cls(files, faults, database)

    def find(self, selection: PairSelection) -> SampleList:
        """The items that a selection wants: losses first, the largest in front, then other changes, then gains.

        Raises:
            RunFolderError: A file that is searched for a text cannot be read.
        """
        with self._lock:
            if selection in self._lists:
                self._lists.move_to_end(selection)
                return self._lists[selection]
        where, given = self._where(selection)
        columns = ask(self._database, statements.FOUND.format(where=where), given).fetchnumpy()
        found = SampleList(*(np.asarray(columns[name], dtype=np.int64) for name in ("file", "row")))
        with self._lock:
            self._lists[selection] = found
            while len(self._lists) > KEPT_LISTS:
                self._lists.popitem(last=False)
        return found

    def changes(self, selection: PairSelection) -> dict[str, int]:
        """Items of each kind of change among those that fit the other filters."""
        where, given = self._where(selection, every_change=True)
        return dict(ask(self._database, statements.COUNTS.format(where=where), given).fetchall())

    def by_slice(self, task: str) -> list[SliceShift]:
        """What became of the items of each slice of a task; the most frequent slices first.

        Args:
            task: ``suite/task``.
        """
        number = next((number for number, file in enumerate(self.files) if file.name == task), -1)
        rows = ask(self._database, statements.SLICES, [number, MOST_SLICES]).fetchall()
        return [SliceShift(*row) for row in rows]

    def key(self, task: str | None, sample_id: str) -> SampleKey | None:
        """The first item of that id; None where the runs do not both have one.

        Args:
            task: ``suite/task``; None searches all tasks.
            sample_id: As :meth:`facts` has it.
        """
        numbers = [number for number, file in enumerate(self.files) if task in (None, file.name)]
        row = ask(self._database, statements.KEY, [numbers, sample_id]).fetchone()
        return SampleKey(*row) if row else None

    def facts(self, keys: Sequence[SampleKey]) -> list[PairFacts]:
        """What became of each item; those that are not there are left out."""
        return [facts for _, facts in self._known(keys)]

    def pairs(self, keys: Sequence[SampleKey]) -> list[tuple[Sample, Sample]]:
        """The samples of each item, that of the earlier run first.

        Raises:
            RunFolderError: A file cannot be read or holds a wrong value.
        """
        known = self._known(keys)
        found: dict[SampleKey, tuple[Sample, Sample]] = {}
        for number in {key.file for key in keys}:
            mine = [(earlier, key.row) for key, (earlier, _) in zip(keys, known, strict=True) if key.file == number]
            pair = self.files[number]
            before = read_rows(self._database, pair.earlier, [earlier for earlier, _ in mine])
            after = read_rows(self._database, pair.later, [later for _, later in mine])
            for earlier, later in mine:
                found[SampleKey(number, later)] = before[earlier], after[later]
        return [found[key] for key in keys]

    def _known(self, keys: Sequence[SampleKey]) -> list[tuple[int, PairFacts]]:
        """Row in the earlier run, and facts, of each item."""
        rows = ask(self._database, statements.FACTS, [[key.file for key in keys], [key.row for key in keys]]).fetchall()
        known = {SampleKey(file, later): (earlier, PairFacts(*facts)) for file, later, earlier, *facts in rows}
        return [known[key] for key in keys if key in known]

    def _where(self, selection: PairSelection, *, every_change: bool = False) -> tuple[str, list[object]]:
        """The condition of a statement, and what is bound to it."""
        chosen = [n for n, file in enumerate(self.files) if selection.task in (None, file.name)]
        parts, given = ["list_contains(?::INTEGER[], file)"], list[object]([chosen])
        if selection.slice is not None:
            parts.append("list_contains(slices, ?)")
            given.append(selection.slice)
        if not every_change:
            parts.append("change <> 'same'" if selection.change is None else "change = ?")
            given += [] if selection.change is None else [selection.change]
        if selection.text and chosen:
            either = []
            for side in ("earlier", "later"):
                files = [(n, getattr(self.files[n], side)) for n in chosen]
                either.append(f"(file, {side}) IN ({' UNION ALL '.join([SEARCH] * len(files))})")
                given += [value for n, file in files for value in (file.as_stored(selection.text), n, file.pattern)]
            parts.append(f"({' OR '.join(either)})")
        return " AND ".join(parts), given


def _take(database: Any, number: int, pair: PairedFiles, metrics: Sequence[Metric]) -> None:  # noqa: ANN401 - as above
    """Take the items of one task into the table, with what became of each."""
    earlier, later = pair.earlier, pair.later
    mine = (one for one in metrics if (one.suite, one.task) == (later.suite, later.task))
    primary = next((one for one in mine if one.primary and one.slice is None), None)
    binary = [database.execute(statements.IS_BINARY, [side.pattern]).fetchone()[0] for side in (earlier, later)]
    answers = quantity_name(later.suite, primary, is_binary=False not in binary) == ERROR_RATE
    upwards = primary.higher_is_better if primary else True if later.suite == "evals" else None
    sides = [
        earlier.pattern, later.is_escaped and not earlier.is_escaped,
        later.pattern, earlier.is_escaped and not later.is_escaped,
    ]  # fmt: skip
    database.execute(statements.INSERT, [*sides, number, answers, upwards])
