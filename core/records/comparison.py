"""How a candidate differs from a baseline: what was compared, what could not be, and what else differs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record, Share, Suite

MismatchKind = Literal[
    "data", "prompts", "version", "settings", "scorer", "tokenizer", "chat_template", "package", "run"
]
MIN_ALIGNED = 0.95
"""Share of the items of either run that both must have scored, unless the user says otherwise."""
Outcome = Literal[
    "better",
    "worse",
    "higher",
    "lower",
    "no difference shown",
    "identical on all items",
    "too few items to tell",
    "no margin for this unit",
]


class RunReference(Record):
    """One of the runs that are compared, identified by content."""

    run_id: str
    """The run."""
    model: str
    """Display name of the checkpoint."""
    model_digest: str
    """The checkpoint."""
    dtype: str
    """Floating-point type it ran in."""
    quantization: str | None
    """How its weights are quantised."""
    by_name: bool = False
    """Whether the checkpoint is known by its name only: no file of it was seen."""
    metrics_sha256: str
    """Digest of the ``metrics.json`` that was compared."""


class Mismatch(Record):
    """Something other than the weights in which two runs differ, to which a difference of metrics may be due."""

    kind: MismatchKind
    """What differs: ``data``, ``prompts``, ``version`` of a task, ``settings``, ``scorer``, ``tokenizer``,
    ``chat_template``, ``package``, ``run`` (how a run ended, number type, device, context length, seeds)."""
    task: str | None = None
    """The task that is concerned; null where it is the whole run."""
    metric: str | None = None
    """The metric that is concerned; null where it is all of the task."""
    what: str
    """Name of the data set, setting, scorer, package or circumstance; for prompts, how many differ or are not
    recorded."""
    baseline: Any = None
    """What the baseline has; null where it has none."""
    candidate: Any = None
    """What the candidate has; null where it has none."""


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
    """Compared items: those with a value in both runs."""
    aligned: Share = 0
    """``n`` as a share of all items that the metric is about in either run."""
    missing: str | None = None
    """How many items lack on which side, in words; null where none does."""
    units: int = 0
    """Independent units among them: clusters, or items that are in none."""
    higher: int | None = None
    """Items with a higher value in the candidate; null where items have no value each."""
    lower: int | None = None
    """Items with a lower value in the candidate."""
    identical: bool = False
    """Whether every compared item gave the same in both runs."""
    p_value: float | None = None
    """Two-sided, of no difference."""
    p_adjusted: float | None = None
    """Of all differences that were looked at (Benjamini and Hochberg 1995)."""
    test: str | None = None
    """Name of the test."""
    effect: float | None = None
    """Effect size, see ``effect_name``."""
    effect_name: str | None = None
    """``odds_ratio`` of matched pairs, or ``d_z``: mean difference over standard deviation of the differences."""
    detectable: float | None = None
    """Smallest true difference that as many items show with a power of 80 %; null without an interval, or where it is
    larger than the unit allows."""
    margin: float | None = None
    """Difference that matters, in ``unit``: given, or 5 % of the unit's range; null where the unit has no range."""
    needed: int | None = None
    """Items that show a true difference of ``margin`` with a power of 80 %."""
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
    baseline_repeats: list[str] = Field(default_factory=list)
    """All runs of the baseline where each side has several, of which ``baseline`` is the first; else empty."""
    candidate_repeats: list[str] = Field(default_factory=list)
    """All runs of the candidate, likewise."""
    confidence: float
    """Nominal coverage of intervals; 1 minus it is the false discovery rate of ``better`` and ``worse``."""
    across: list[MismatchKind] = Field(default_factory=list)
    """Kinds of mismatch that were asked to be compared across."""
    mismatches: list[Mismatch] = Field(default_factory=list)
    """In what else the runs differ."""
    differences: list[MetricDifference] = Field(default_factory=list)
    """Every metric that both runs have, in the order of the candidate's."""
    only_baseline: list[str] = Field(default_factory=list)
    """Metrics that only the baseline has, with their slice."""
    only_candidate: list[str] = Field(default_factory=list)
    """Metrics that only the candidate has, with their slice."""
