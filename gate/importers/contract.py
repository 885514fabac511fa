"""What a reader makes of a log: tasks with items, the metrics that the tool computed, and what it says of the model.

Everything else is the same for every format and is done once, in :mod:`audit.gate.importers.building`: ids, clusters,
digests, counts, intervals, the manifest. A reader of another package is an entry point of the group
``audit.importers`` whose object is a :class:`Reader`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from audit.core.errors import EvidenceInvalid, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from audit.core.records import Choice, Flag, SampledText
    from audit.stats.definitions import Definition


@dataclass(frozen=True)
class ImportOptions:
    """What the user says about a log."""

    model: str | None = None
    """Name of the model; None takes that of the log."""
    task: str | None = None
    """Name of the task of a table; None takes the file's name."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Columns of a table: ``id``, ``prompt``, ``output`` and ``reference`` to the column's name."""
    scores: tuple[str, ...] = ()
    """Columns of a table with scores, the primary one first."""
    cluster: str | None = None
    """Field of an item whose equal values make a cluster."""
    slices: tuple[str, ...] = ()
    """Fields of an item to report by."""
    unit: str | None = None
    """Unit of a table's scores; None: ``share`` where all are 0 or 1, else ``score``."""
    lower_is_better: bool = False
    """Whether a lower score is better; only for tables."""
    seed: int = 0
    """Seed of the bootstrap."""


@dataclass(frozen=True, kw_only=True)
class ImportedItem:
    """One item of a task, as the log has it."""

    place: str
    """Where it is, for messages: ``FILE: line 3``."""
    digest: str
    """Identifies the item by its content, whatever the model answered."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What is known of the item by name; clusters and slices are chosen from it."""
    prompt: str | None = None
    """What the model saw; None if the log does not have it."""
    prompts: tuple[str, ...] = ()
    """If each option has its own prompt: all of them."""
    reference: str | None = None
    """The right answer."""
    output: str | None = None
    """What came back."""
    thinking: str | None = None
    """Reasoning trace before it."""
    completions: list[SampledText] = field(default_factory=list)
    """All answers, if several were sampled."""
    choice: Choice | None = None
    """The options, if the item is a choice by likelihood."""
    answered_by: Literal["likelihood", "generation"] | None = None
    """Whether the answer is the likeliest option or was generated."""
    score: float | None = None
    """The primary score; None if the item does not have it, and then the item counts as unscored."""
    scores: Mapping[str, float | None] = field(default_factory=dict)
    """All scores by name; None where the item lacks one."""
    flags: tuple[Flag, ...] = ()
    """Remarks."""
    error: str | None = None
    """Why the item has no score at all; it then counts in no metric. An item that lacks some of its scores has no
    error: it counts in the metrics of the others."""
    tokens_in: int = 0
    """Prompt tokens."""
    tokens_out: int = 0
    """Generated tokens."""


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A metric of the log."""

    metric: str
    """Name in the run, without the task."""
    definition: Definition | None
    """The function of the samples that gives it; None if there is none."""
    value: float | None = None
    """What the log says; None if it says nothing."""
    rounding: float = 0.0
    """How far it may be from the exact value because the tool rounds what it writes."""
    unit: str = "score"
    """Unit of the value."""
    higher_is_better: bool | None = None
    """Direction."""
    primary: bool = False
    """Whether the summary shows it."""
    certain: bool = True
    """Whether the log says that this definition gave the value. Then another value is a contradiction; else the
    definition was not the tool's, and the metric is null."""
    reason: str | None = None
    """Why there is no definition."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a log, or a group of tasks."""

    name: str
    """Its name."""
    data: str
    """Name of its data set."""
    items: Sequence[ImportedItem] = ()
    """Its items, in a fixed order."""
    file: Path | None = None
    """Where they are, for messages; None names the task instead."""
    stated: Sequence[Stated] = ()
    """Its metrics."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """How it was asked."""
    incomplete: str | None = None
    """Why items are missing; its metrics are then null, because the log's values are about others."""
    not_run: str | None = None
    """Why it left no items; everything else is then empty."""
    available: int | None = None
    """Items in the data set."""
    members: tuple[str, ...] = ()
    """Tasks of a group."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """What a reader makes of its files."""

    tool: str
    """The tool that wrote the log, with its version: ``lm_eval 0.4.13``."""
    model: str
    """Name of the model."""
    identity: Mapping[str, Any]
    """Everything that the log says about which model it was; its digest stands for the model's."""
    tasks: Sequence[Task]
    """In the order of the log."""
    files: Sequence[Path]
    """Every file that was read."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions that the log records."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Fields of :class:`audit.core.records.ModelRecord` that the log knows."""
    started: datetime | None = None
    """When the tool started."""
    finished: datetime | None = None
    """When it ended."""
    ended_early: str | None = None
    """Why the tool did not finish; None if it did."""
    warnings: Sequence[str] = ()
    """What is odd about the log and changes no number."""


class Reader(Protocol):
    """One format."""

    NAME: str
    """As in ``--from``."""
    ABOUT: str
    """One line for help and messages."""

    def recognises(self, files: Sequence[Path]) -> bool:
        """Whether the files look like this format."""

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        """Read them.

        Raises:
            UsageError: They cannot be read: one line with file and line.
            EvidenceInvalid: They contradict themselves.
        """


def not_compared(tasks: Sequence[Task]) -> list[str]:
    """A warning for each metric with a definition whose value the log should state and does not.

    Only for tools that state their values: a number that was removed cannot contradict the samples.
    """
    return [
        f"{task.name}/{stated.metric}: not compared: the log has no value"
        for task in tasks
        for stated in task.stated
        if stated.value is None and stated.definition is not None and not task.incomplete
    ]


def bad(place: object, what: str) -> UsageError:
    """The error for a log that cannot be read: ``FILE: line 3: what``."""
    return UsageError(f"{place}: {what}")


def contradicts(place: object, what: str) -> EvidenceInvalid:
    """The error for a log that contradicts itself."""
    advice = "take the log as the tool wrote it, or find out what changed it"
    return EvidenceInvalid(what, str(place), advice)
