"""What a suite hands to the pipeline."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from audit.core.records.base import Record, Suite
from audit.core.records.explanations import Attribution, Drivers  # noqa: TC001 - pydantic reads the annotations at run time
from audit.core.records.logged import LoggedTask  # noqa: TC001
from audit.core.records.manifest import AssetRecord  # noqa: TC001
from audit.core.records.metric import Metric  # noqa: TC001
from audit.core.records.sample import Sample  # noqa: TC001


class TaskResult(Record):
    """What a suite hands to the pipeline when a task ends. Not written to a file as such."""

    suite: Suite
    """The suite."""
    task: str
    """The task."""
    metrics: list[Metric] = Field(default_factory=list)
    """Its metrics, primary ones first."""
    samples: list[Sample] = Field(default_factory=list)
    """One per item."""
    attributions: list[Attribution] = Field(default_factory=list)
    """From ``explain`` alone."""
    drivers: Drivers | None = None
    """From ``explain`` alone: what drives answers across samples."""
    assets: list[AssetRecord] = Field(default_factory=list)
    """What it used."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """How it was asked: shots, version, chat template, …"""
    logged: LoggedTask | None = None
    """Of benchmark tasks: what lm-eval logs of them and the samples do not hold."""
    not_run: str | None = None
    """Why it did not run; everything else is then empty."""
    optional: bool = False
    """Whether the configuration can do without it."""
    items_available: int | None = None
    """Items that its data set has, drawn or not, counted as its limit counts them; null where that is not known."""
