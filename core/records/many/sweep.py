"""``sweep.json``: the checkpoints of a sweep, how the audit of each ended, and how they compare."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations at run time
from typing import Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record
from audit.core.records.comparison import SeriesComparison  # noqa: TC001 - see above

SWEEP_FILE = "sweep.json"
"""In the folder of the runs."""
CheckpointState = Literal[
    "audited", "partial", "interrupted", "broken", "failed", "being written", "audited elsewhere", "waiting"
]
COMPARED = ("audited", "partial")
"""States of checkpoints whose runs are compared."""


class SweptCheckpoint(Record):
    """One checkpoint of a sweep."""

    name: str
    """Its folder, file, asset or hub id, the shortest that no other has."""
    model: str
    """As ``audit run --model`` takes it."""
    revision: str | None = None
    """Revision of a hub id."""
    step: float | None = None
    """Training step, from its name or ``trainer_state.json``."""
    epoch: float | None = None
    """Epoch, from its name."""
    bits: float | None = None
    """Bits per weight, from its name or ``config.json``."""
    modified: datetime | None = None
    """When one of its files was last written; null for hub ids and assets."""
    at_text: str = ""
    """Its place on the axis of the sweep, as shown."""
    state: CheckpointState = "waiting"
    """``audited`` (its run is complete), ``partial`` (its run lacks tasks), ``interrupted`` (the same command finishes
    its run), ``broken`` (it computes NaN, or the same for every token), ``failed`` (it could not be loaded, or
    crashed), ``being written`` (its files still change), ``audited elsewhere`` (another process is at work on it),
    ``waiting``."""
    reason: str | None = None
    """Why it is not audited; null where it is."""
    same_as: str | None = None
    """Name of the checkpoint with the same files, whose run stands for both."""
    digest: str | None = None
    """Of its files; null where they were not read."""
    run: str | None = None
    """Folder of its run, next to this file; null where there is none."""


class Sweep(Record):
    """The checkpoints of a sweep."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    patterns: list[str]
    """What was looked for."""
    axis: Literal["step", "epoch", "bits", "date", "order"]
    """What orders the checkpoints: training step, epoch, bits per weight, when they were written, or as they were
    named."""
    checkpoints: list[SweptCheckpoint] = Field(default_factory=list)
    """In the order of the axis; those without a place on it last."""
    trend: SeriesComparison | None = None
    """The audited checkpoints compared; null where that is not possible (see ``no_trend``)."""
    no_trend: str | None = None
    """Why they are not compared."""
    left_out: list[str] = Field(default_factory=list)
    """Names of audited checkpoints that are not compared, because there are too many."""
    unplaced: list[str] = Field(default_factory=list)
    """Names of audited checkpoints that are not compared, because they have no training step, or no epoch, and most
    others have one."""

    @property
    def compared(self) -> list[SweptCheckpoint]:
        """The checkpoints whose runs are compared, in the order of the axis."""
        absent = {*self.left_out, *self.unplaced}
        wanted = [one for one in self.checkpoints if one.state in COMPARED and one.run and one.same_as is None]
        return [one for one in wanted if one.name not in absent] if self.trend else []

    @property
    def is_complete(self) -> bool:
        """Whether every checkpoint is audited."""
        return all(one.state == "audited" for one in self.checkpoints)
