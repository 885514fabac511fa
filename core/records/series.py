"""Three or more runs in an order: every metric's values, who is tied with whom, the trend, and where it changed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record, Share, Suite
from audit.core.records.comparison import MismatchKind, RunReference

Direction = Literal["better", "worse", "higher", "lower"]


class SeriesRun(RunReference):
    """One of the runs, in the order of the axis."""

    label: str
    """What tells it from the others: name of the checkpoint, number type, run id, as far as they differ."""
    given: int
    """Position among the runs as they were given, from 0."""
    at: float
    """Its place on the axis; dates in days since 1970."""
    at_text: str
    """The place as shown."""


class SeriesMismatch(Record):
    """Something other than the weights in which some of the runs differ."""

    kind: MismatchKind
    """What differs, as in :class:`audit.core.records.Mismatch`."""
    task: str | None = None
    """The task that is concerned; null where it is the whole run."""
    metric: str | None = None
    """The metric that is concerned; null where it is all of the task."""
    what: str
    """Name of the data set, setting, scorer, package or circumstance; for prompts, how many differ or are not
    recorded."""
    values: list[Any] = Field(default_factory=list)
    """What each run has, in the order of the runs; null where it has none; empty for prompts."""
    pairs: list[tuple[int, int]]
    """The pairs of runs that differ in it, by position from 0."""


class SeriesValue(Record):
    """A metric of one run, on the items that all runs have scored."""

    value: float
    """The value."""
    ci_low: float | None = None
    """Lower end of its interval."""
    ci_high: float | None = None
    """Upper end of its interval."""
    ci_method: str | None = None
    """How the interval was computed."""
    no_interval: str | None = None
    """Why there is none."""
    letters: str | None = None
    """Runs that share a letter are not shown to differ; null where a pair could not be tested (``no_letters``)."""


class SeriesPair(Record):
    """Two of the runs, compared item by item."""

    first: int
    """Position of the earlier run, from 0."""
    second: int
    """Position of the later run."""
    difference: float
    """Later minus earlier run."""
    ci_low: float | None = None
    """Lower end of its interval, not adjusted."""
    ci_high: float | None = None
    """Upper end of its interval."""
    no_interval: str | None = None
    """Why there is none."""
    p_value: float | None = None
    """Two-sided, of no difference; null where there is no test."""
    p_adjusted: float | None = None
    """Of all pairs of runs of this metric (Holm 1979)."""
    test: str | None = None
    """Name of the test."""
    detectable: float | None = None
    """Smallest true difference that as many items show with a power of 80 %, without adjustment."""
    differ: bool = False
    """Whether the runs are shown to differ: adjusted p-value at most 1 minus the confidence, and an interval
    without 0."""


class SeriesStep(Record):
    """The change from one run to the next one on the axis."""

    to: int
    """Position of the later run, from 0."""
    difference: float
    """Later minus earlier run."""
    ci_low: float | None = None
    """Lower end of its interval, not adjusted."""
    ci_high: float | None = None
    """Upper end of its interval."""
    p_adjusted: float | None = None
    """Of all consecutive runs of this metric (Holm 1979); null where there is no test."""
    outcome: Direction | None = None
    """Which way the metric changed; null where no change is shown."""


class SeriesTrend(Record):
    """The least-squares line through a metric's values."""

    change: float
    """Its end minus its start, from the first to the last run, in the metric's unit."""
    per_unit: float
    """Its slope: change per unit of the axis (per step, per day, per run)."""
    ci_low: float | None = None
    """Lower end of the interval of ``change``."""
    ci_high: float | None = None
    """Upper end of the interval of ``change``."""
    ci_method: str | None = None
    """How the interval was computed."""
    no_interval: str | None = None
    """Why there is none."""
    p_value: float | None = None
    """Two-sided, of no slope."""
    p_adjusted: float | None = None
    """Of the trends of all metrics that were looked at (Benjamini and Hochberg 1995)."""
    test: str | None = None
    """Name of the test."""
    outcome: Direction | None = None
    """Which way the line goes; null where no trend is shown."""


class SeriesMetric(Record):
    """One metric of all runs."""

    name: str
    """``task/metric``."""
    suite: Suite
    """The suite that computed it."""
    task: str
    """Task or probe."""
    slice: dict[str, str] | None = None
    """The subset that it is about; null for all items."""
    unit: str
    """Unit of values and differences."""
    higher_is_better: bool | None = None
    """Direction; null where neither end is good."""
    primary: bool = False
    """Whether the summary table shows it."""
    n: int = 0
    """Compared items: those with a value in every run."""
    aligned: Share = 0
    """``n`` as a share of all items that the metric is about in any run."""
    missing: str | None = None
    """How many items which run lacks, in words; null where none does."""
    values: list[SeriesValue] = Field(default_factory=list)
    """One per run; empty where the runs cannot be compared (see ``error``)."""
    pairs: list[SeriesPair] = Field(default_factory=list)
    """Every pair of runs."""
    no_letters: str | None = None
    """Why the values have no letters."""
    steps: list[SeriesStep] = Field(default_factory=list)
    """Every run but the first, compared with the one before."""
    trend: SeriesTrend | None = None
    """The trend; null where it cannot be computed (see ``no_trend``)."""
    no_trend: str | None = None
    """Why there is none."""
    error: str | None = None
    """Why the runs cannot be compared."""


class SeriesComparison(Record):
    """Three or more runs, compared metric by metric on the items that all have scored."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    axis: str
    """What orders the runs: ``order``, ``step``, ``date``, ``at``, or a field of the manifest."""
    runs: list[SeriesRun]
    """The runs in the order of the axis."""
    confidence: float
    """Nominal coverage of intervals; 1 minus it is the error rate of the families of tests."""
    across: list[MismatchKind] = Field(default_factory=list)
    """Kinds of mismatch that were asked to be compared across."""
    mismatches: list[SeriesMismatch] = Field(default_factory=list)
    """In what else the runs differ."""
    metrics: list[SeriesMetric] = Field(default_factory=list)
    """Every metric that all runs have, in the order of the last one's."""
    not_in_all: dict[str, list[int]] = Field(default_factory=dict)
    """Metrics that some runs lack, with their slice, and the positions of the runs that have them."""
