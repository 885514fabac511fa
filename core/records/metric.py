"""A number of a run with its uncertainty."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from audit.core.records.base import Record, Share, Suite


class Metric(Record):
    """One number of a run with its uncertainty. Missing values are ``null`` with a reason, never 0."""

    name: str
    """``task/metric``; unique in a run together with ``slice``."""
    suite: Suite
    """The suite that computed it."""
    task: str
    """Task or probe, e.g. ``boolq``."""
    metric: str
    """What was measured, e.g. ``accuracy``."""
    value: float | None
    """Point estimate in ``unit``; null when it could not be computed (see ``error``)."""
    n: int
    """Number of items (not tokens, not requests) that the value is based on."""
    missing: int = 0
    """Items that the task scored but this metric could not use, e.g. an answer without a number; counted neither in
    ``n`` nor among the task's unscored items."""
    ci_low: float | None = None
    """Lower end of the confidence interval, in ``unit``."""
    ci_high: float | None = None
    """Upper end of the confidence interval, in ``unit``."""
    no_interval: str | None = None
    """Why there is no interval; null where there is one, where ``value`` is null, and for plain counts."""
    ci_method: str | None = None
    """How the interval was computed: ``wilson``, ``studentised_bootstrap``, ``clustered_t``, …"""
    confidence: Share = 0.95
    """Nominal coverage of the interval."""
    higher_is_better: bool | None = None
    """Direction; null where neither end is good (for instance a stereotype score whose ideal is 50)."""
    unit: str = "share"
    """A name of :data:`audit.core.units.UNITS`, which has its range: ``share``, ``probability``, ``percent``,
    ``points`` (differences of percentages), ``bleu``, ``nats``, ``count``, …; ``score`` where nothing more is known."""
    slice: dict[str, str] | None = None
    """The subset it is about, e.g. ``{"bias_type": "gender"}``; null for all items."""
    primary: bool = False
    """True for the one or two numbers of a task that the summary table shows."""
    definition: dict[str, Any] | None = None
    """The function of the task's samples that gives value and interval, by name and arguments
    (:mod:`audit.stats.definitions`); null where it is not recorded."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What determined the value, apart from checkpoint, data and seed, as fields: ``shots``, ``version`` of the
    task, …"""
    note: str | None = None
    """What a reader must know about the value: scorer, sacreBLEU's signature, known limits."""
    error: str | None = None
    """Why ``value`` is null."""

    @field_validator("slice")
    @classmethod
    def _empty_slice_is_none(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        """All items have one spelling: null."""
        return value or None
