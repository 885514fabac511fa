"""What a suite returns to the pipeline."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from audit.core.records.base import Record, Suite
from audit.core.records.explanations import Attribution, Drivers  # noqa: TC001 - pydantic reads the annotations at run time
from audit.core.records.logged import LoggedTask  # noqa: TC001
from audit.core.records.manifest import AssetRecord, TaskWords  # noqa: TC001
from audit.core.records.metric import Metric  # noqa: TC001
from audit.core.records.sample import Sample  # noqa: TC001


class TaskResult(Record):
    """What a suite returns to the pipeline when a task ends. Not written to a file as such."""

    suite: Suite
    """The suite."""
    task: str
    """The task."""
    metrics: list[Metric] = Field(default_factory=list)
    """Its metrics, primary ones first."""
    samples: list[Sample] = Field(default_factory=list)
    """One per item."""
    attributions: list[Attribution] = Field(default_factory=list)
    """Only from ``explain``."""
    drivers: Drivers | None = None
    """Only from ``explain``: what drives answers across samples."""
    assets: list[AssetRecord] = Field(default_factory=list)
    """Assets that it used."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """How it was asked: shots, version, chat template, …"""
    words: TaskWords | None = None
    """Its title and question, where it declares them."""
    logged: LoggedTask | None = None
    """For benchmark tasks: what lm-eval logs about them beyond the samples."""
    not_run: str | None = None
    """Why it did not run; everything else is then empty."""
    optional: bool = False
    """Whether the configuration marks it as optional."""
    taken: bool = False
    """Whether it did not run because an earlier task of the same name did."""
    items_available: int | None = None
    """Number of items in its data set, drawn or not, counted as its limit counts them; null if not known."""
    largest_cluster: int | None = None
    """Items of the largest cluster in its data set; null unless whole clusters were drawn."""
