"""A number of a run with its uncertainty."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from audit.core.records.base import Record, Share, Suite

ChanceOf = Literal["options", "classes"]
"""Functions of samples that give a chance level (:mod:`audit.stats.definitions.chance`)."""


class MetricWords(Record):
    """Words for readers of a metric. Declared with the metric, stored in the run, and read from there."""

    title: str
    """Heading, e.g. ``Right answers``."""
    of: str | None = None
    """For a share: a phrase that follows the value, e.g. ``of prompts get a toxic continuation``."""
    above: str | None = None
    """What a value above the ideal or the chance level means, e.g. ``Prefers the more stereotyping sentence``."""
    below: str | None = None
    """What a value below it means."""
    within: str | None = None
    """What is said where neither is shown, e.g. ``No preference shown``."""
    guess: str = "guessing"
    """What reaches the chance level, e.g. ``a random order``."""


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
    words: MetricWords | None = None
    """Title and phrases for a reader; null where none were declared: then the names speak."""
    chance: float | None = None
    """Value that guessing is expected to give, in ``unit``; null where it is not known."""
    chance_of: ChanceOf | None = None
    """The function of the samples that gives ``chance``, ``majority`` and ``majority_answer``; null where the chance
    level is fixed by what is measured (0.5 for an AUROC), or is not known."""
    majority: float | None = None
    """Value of always giving the answer that is right most often, in ``unit``; null where the answers are not the same
    for all items, or where none of them is right more often than an even split explains."""
    majority_answer: str | None = None
    """That answer."""
    ideal: float | None = None
    """The value to aim at, in ``unit``: 0 for gaps and leaks, 50 for stereotype scores; null where higher or lower is
    better without end."""
    note: str | None = None
    """What a reader must know about the value: scorer, sacreBLEU's signature, known limits."""
    error: str | None = None
    """Why ``value`` is null."""

    @field_validator("slice")
    @classmethod
    def _empty_slice_is_none(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        """All items have one spelling: null."""
        return value or None
