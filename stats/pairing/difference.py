"""The difference of two runs in one metric, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from audit.stats.interval import critical

if TYPE_CHECKING:
    from audit.stats.interval import Interval
    from audit.stats.pairing.alignment import Alignment

Effect = Literal["odds_ratio", "d_z"]
"""``odds_ratio``: items that became better per item that became worse, the odds ratio of matched pairs; ``d_z``: mean
difference over the standard deviation of the differences (Cohen 1988, *Statistical Power Analysis*, section 2.3.5)."""


@dataclass(frozen=True, slots=True)
class Inference:
    """Interval and test of a difference."""

    interval: Interval | None = None
    """Its interval."""
    no_interval: str | None = None
    """Why it has none."""
    p_value: float | None = None
    """Two-sided p-value of the hypothesis that the runs do not differ."""
    test: str | None = None
    """Name of the test: ``mcnemar_exact``, ``sign_flips_exact``, ``sign_flips``, ``student_t``, ``clustered_t``,
    ``jackknife_t``, ``bca_bootstrap``."""
    effect: float | None = None
    """Effect size; null if it is infinite or does not exist."""
    effect_name: Effect | None = None
    """Which one it is."""
    freedom: float = 0.0
    """Degrees of freedom of the interval's quantile; infinite if it is the normal distribution's."""
    growth: float = 0.0
    """By how much the squared standard error grows per unit of true difference: a difference comes with changed
    items, which vary more."""
    error: float | None = None
    """Standard error by the items that changed; null where the interval's width gives it. Score intervals have a width
    if no item changed, which is no variation of the items."""

    @property
    def standard_error(self) -> float | None:
        """Standard error from which the minimum detectable effect is computed; null without an interval."""
        ends = self.interval
        if ends is None or self.error is not None:
            return None if ends is None else self.error
        return (ends.high - ends.low) / 2 / critical(ends.confidence, self.freedom)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Candidate minus baseline, on the items that both runs have scored."""

    value: float | None
    """The difference, in the metric's unit; null where it cannot be computed (see ``error``)."""
    baseline: float | None
    """The metric of the baseline on the compared items."""
    candidate: float | None
    """The metric of the candidate on the compared items."""
    unit: str
    """Unit of the metric."""
    higher_is_better: bool | None
    """Direction; null where neither end is good."""
    alignment: Alignment
    """Which items are compared, and which are missing."""
    units: int
    """Independent units: clusters, or items on their own."""
    interval: Interval | None = None
    """Interval of the difference, in the metric's unit."""
    no_interval: str | None = None
    """Why there is none."""
    p_value: float | None = None
    """Two-sided p-value of the hypothesis that the runs do not differ, not adjusted."""
    test: str | None = None
    """Name of the test (:class:`Inference`)."""
    effect: float | None = None
    """Effect size; null if it is infinite or does not exist."""
    effect_name: Effect | None = None
    """Which one it is."""
    higher: int | None = None
    """Items whose value is higher in the candidate; null where items have no value each."""
    lower: int | None = None
    """Items whose value is lower in the candidate."""
    equal: int | None = None
    """Items with the same value in both runs."""
    detectable: float | None = None
    """Smallest true difference that this many items show with 80 % power; null without an interval, or if the scale
    ends before it on both sides of the baseline's value."""
    margin: float | None = None
    """The margin that was asked for, in the metric's unit."""
    needed: int | None = None
    """Number of items of which the minimum detectable effect is at most the margin; null without a margin or an
    interval."""
    identical: bool = False
    """Whether every item gave the same in both runs."""
    error: str | None = None
    """Why there is no value."""

    @property
    def n(self) -> int:
        """Number of compared items."""
        return len(self.alignment.paired)
