"""Which samples a reader wants to see, in which order; and the same as parts of an address."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from audit.core.records import Flag, Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RESULTS = ("wrong", "right", "found", "not found", "scored", "not scored")
"""What a sample came to: an answer, what a probe looks for, a score on a scale, or nothing."""
MARKS = ("flagged", "explained", "unreadable answer")
"""``unreadable answer``: one that is empty or was not in the format that the task asks for."""
UNREADABLE = (Flag.UNPARSED_ANSWER.value, Flag.EMPTY_OUTPUT.value)
WITHOUT_FLAG = "(no flag)"
SORTS = (
    "run", "worst", "task", "result", "score", "confidence", "question", "output", "reference", "texts", "flags",
    "tokens",
)  # fmt: skip
"""``run``: the order of the run's files. ``worst``: the worst of each task in turn."""
SUITES: tuple[str, ...] = get_args(Suite)
SEARCH_HELP = (
    "Case does not matter. Text that is hidden because it may offend is never searched, even after it is shown."
)
"""What search fields say of themselves."""
LONGEST_TEXT = 1_000
"""Characters of a search text, and of any other value from an address."""
MOST = 200
"""Values of one kind from an address at most."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters, order and page. Empty choices let everything through."""

    text: str = ""
    """Occurs in prompt, output, reference, reasoning trace or a sampled text that is not hidden, whatever the case."""
    suites: tuple[str, ...] = ()
    """Any of these."""
    tasks: tuple[str, ...] = ()
    """Any of these, as ``suite/task``."""
    result: str | None = None
    """One of :data:`RESULTS`."""
    marks: tuple[str, ...] = ()
    """All of these, of :data:`MARKS`."""
    flags: tuple[str, ...] = ()
    """Any of these; ``(no flag)`` stands for none."""
    slices: tuple[str, ...] = ()
    """Any of these, as ``name = value``."""
    low: float | None = None
    """Lowest score."""
    high: float | None = None
    """Highest score."""
    sort: str = "run"
    """One of :data:`SORTS`."""
    descending: bool = False
    """Whether the largest come first; missing values come last either way."""
    page: int = 1
    """Counted from 1."""

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves any sample out."""
        return any([self.text, self.suites, self.tasks, self.result, self.marks, self.flags, self.slices]) or (
            self.low is not None or self.high is not None
        )


def to_address(selection: Selection) -> dict[str, list[str]]:
    """The parts of an address that :func:`from_address` reads; what is as usual is left out."""
    low, high = (None if end is None else repr(end) for end in (selection.low, selection.high))
    parts: dict[str, list[str | None]] = {
        "q": [selection.text or None],
        "suite": [*selection.suites],
        "tasks": [*selection.tasks],
        "result": [selection.result],
        "mark": [*selection.marks],
        "flag": [*selection.flags],
        "slice": [*selection.slices],
        "from": [low],
        "to": [high],
        "sort": [("-" if selection.descending else "") + selection.sort if selection.sort != "run" else None],
        "page": [str(selection.page) if selection.page > 1 else None],
    }
    kept = {name: [value for value in values if value is not None] for name, values in parts.items()}
    return {name: values for name, values in kept.items() if values}


NAMES = ("q", "suite", "tasks", "result", "mark", "flag", "slice", "from", "to", "sort", "page")
"""The parts of an address that belong to a selection."""


def from_address(parts: Mapping[str, Sequence[str]]) -> Selection:
    """The selection of an address; parts that say nothing known are left out."""

    def first(name: str, usual: str = "") -> str:
        return next(iter(parts.get(name, ())), usual)[:LONGEST_TEXT]

    def several(name: str, known: Callable[[str], bool] = bool) -> tuple[str, ...]:
        given = dict.fromkeys(value[:LONGEST_TEXT] for value in parts.get(name, ())[:MOST])
        return tuple(value for value in given if known(value))

    sort = first("sort", "run")
    is_known = sort.removeprefix("-") in SORTS
    result = first("result")
    return Selection(
        text=first("q"),
        suites=several("suite", SUITES.__contains__),
        tasks=several("tasks"),
        result=result if result in RESULTS else None,
        marks=several("mark", MARKS.__contains__),
        flags=several("flag"),
        slices=several("slice"),
        low=_number(first("from")),
        high=_number(first("to")),
        sort=sort.removeprefix("-") if is_known else "run",
        descending=is_known and sort.startswith("-"),
        page=_page(first("page", "1")),
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _page(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0 else 1
