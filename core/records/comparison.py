"""How a candidate differs from a baseline: what was compared, what could not be, and what else differs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record, Share, Suite

MismatchKind = Literal["data", "prompts", "version", "settings", "scorer", "tokenizer", "chat_template", "package"]
Outcome = Literal["better", "worse", "higher", "lower", "no difference shown", "too few items to tell"]


class RunReference(Record):
    """One of the runs that are compared, identified by content."""

    run_id: str
    """The run."""
    model: str
    """Display name of the checkpoint."""
    model_digest: str
    """The checkpoint."""
    metrics_sha256: str
    """Digest of the ``metrics.json`` that was compared."""


class Mismatch(Record):
    """Something other than the weights in which two runs differ, to which a difference of metrics may be due."""

    kind: MismatchKind
    """What differs: ``data``, ``prompts``, ``version`` of a task, ``settings``, ``scorer``, ``tokenizer``,
    ``chat_template``, ``package``."""
    task: str | None = None
    """The task that is concerned; null where it is the whole run."""
    metric: str | None = None
    """The metric that is concerned; null where it is all of the task."""
    what: str
    """Name of the data set, setting, scorer or package; for prompts, how many differ."""
    baseline: Any = None
    """What the baseline has; null where it has none."""
    candidate: Any = None
    """What the candidate has; null where it has none."""


class AlignedTask(Record):
    """How the samples of two runs of one task pair up, by ``sample_id``."""

    suite: Suite
    """Suite of the task."""
    task: str
    """Its name."""
    paired: int
    """Items that both runs scored."""
    only_baseline: int
    """Items that only the baseline has."""
    only_candidate: int
    """Items that only the candidate has."""
    unscored_baseline: int
    """Items of both runs that the baseline could not score."""
    unscored_candidate: int
    """Items of both runs that the candidate could not score."""
    share: Share
    """``paired`` as a share of all items of either run."""


class MetricDifference(Record):
    """One metric of two runs, compared on the items that both have scored."""

    name: str
    """``task/metric``."""
    suite: Suite
    """The suite that computed it."""
    task: str
    """Task or probe."""
    slice: dict[str, str] | None = None
    """The subset that it is about; null for all items."""
    unit: str
    """Unit of both values and of their difference."""
    higher_is_better: bool | None = None
    """Direction; null where neither end is good."""
    primary: bool = False
    """Whether the summary table shows it."""
    baseline: float | None = None
    """Value of the baseline on the paired items."""
    candidate: float | None = None
    """Value of the candidate on the paired items."""
    difference: float | None = None
    """Candidate minus baseline; null where they cannot be compared (see ``error``)."""
    ci_low: float | None = None
    """Lower end of the interval of the difference."""
    ci_high: float | None = None
    """Upper end of the interval of the difference."""
    ci_method: str | None = None
    """How the interval was computed."""
    no_interval: str | None = None
    """Why there is none."""
    confidence: Share = 0.95
    """Nominal coverage of the interval."""
    n: int = 0
    """Paired items with a value on both sides."""
    units: int = 0
    """Independent units among them: clusters, or items that are in none."""
    better: int | None = None
    """Items on which the candidate scores better, or higher where neither end is good; null where the metric is no mean
    of items."""
    worse: int | None = None
    """Items on which it scores worse, or lower."""
    p_value: float | None = None
    """Two-sided, of no difference."""
    p_adjusted: float | None = None
    """Of all differences that were looked at (Benjamini and Hochberg 1995)."""
    test: str | None = None
    """Name of the test."""
    effect: float | None = None
    """Effect size, see ``effect_name``."""
    effect_name: str | None = None
    """Which effect size: ``cohen_dz``, ``odds_ratio``, …"""
    detectable: float | None = None
    """Smallest true difference that as many items show with a power of 80 %."""
    margin: float | None = None
    """Difference that matters, in ``unit``: given, or 5 % of the unit's range; null where the unit has no range."""
    needed: int | None = None
    """Items that would show a difference of ``margin`` with a power of 80 %."""
    outcome: Outcome | None = None
    """In words; null where they cannot be compared."""
    error: str | None = None
    """Why they cannot be compared."""


class Comparison(Record):
    """Two runs, compared metric by metric on the items that both have scored."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    baseline: RunReference
    """What the candidate is compared with."""
    candidate: RunReference
    """What is judged."""
    confidence: float
    """Nominal coverage of intervals; 1 minus it is the false discovery rate of ``better`` and ``worse``."""
    across: list[MismatchKind] = Field(default_factory=list)
    """Kinds of mismatch that were asked to be compared across."""
    mismatches: list[Mismatch] = Field(default_factory=list)
    """In what else the runs differ."""
    aligned: list[AlignedTask] = Field(default_factory=list)
    """How the samples of each task pair up."""
    differences: list[MetricDifference] = Field(default_factory=list)
    """Every metric that both runs have, in the order of the candidate's."""
    only_baseline: list[str] = Field(default_factory=list)
    """Metrics that only the baseline has, with their slice."""
    only_candidate: list[str] = Field(default_factory=list)
    """Metrics that only the candidate has, with their slice."""
