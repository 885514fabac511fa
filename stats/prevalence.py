"""From the share that a scorer calls positive to the true share: prevalence under an imperfect test."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audit.stats.interval import Interval, critical


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a scorer is right, counted on labelled items. Its two samples are independent of each other."""

    true_positives: int
    """Positive items that the scorer calls positive."""
    positives: int
    """Positive items."""
    true_negatives: int
    """Negative items that the scorer calls negative."""
    negatives: int
    """Negative items."""

    def __post_init__(self) -> None:
        """Refuse counts that cannot be.

        Raises:
            ValueError: There are no positive or no negative items, or more right answers than items.
        """
        if not (0 <= self.true_positives <= self.positives and 0 <= self.true_negatives <= self.negatives):
            msg = f"more right answers than items, or fewer than none: {self}"
            raise ValueError(msg)
        if not (self.positives and self.negatives):
            msg = f"sensitivity and specificity need items of both kinds: {self}"
            raise ValueError(msg)

    @property
    def sensitivity(self) -> float:
        """Sensitivity: share of the positive items that are found."""
        return self.true_positives / self.positives

    @property
    def specificity(self) -> float:
        """Specificity: share of the negative items that are not flagged."""
        return self.true_negatives / self.negatives


def rogan_gladen(share: float, sensitivity: float, specificity: float, *, clip: bool = True) -> float | None:
    """Prevalence from the share that an imperfect test calls positive.

    (share + specificity - 1) / (sensitivity + specificity - 1), clipped to 0 to 1; Rogan and Gladen 1978,
    "Estimating prevalence from the results of a screening test", American Journal of Epidemiology 107, 71-76.

    Args:
        share: Share that the test calls positive.
        sensitivity: Sensitivity of the test.
        specificity: Specificity of the test.
        clip: Whether to clip to 0 to 1; a sum of several is clipped once, at its end.

    Returns:
        The prevalence; None when sensitivity + specificity is at most 1: such a test is useless.

    Raises:
        ValueError: An argument is not between 0 and 1.
    """
    for name, value in (("share", share), ("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0 <= value <= 1:
            msg = f"{name} must be between 0 and 1, got {value}"
            raise ValueError(msg)
    youden = sensitivity + specificity - 1
    # 0.3 + 0.7 - 1 is not 0 in floating point.
    if youden < 1e-9:
        return None
    prevalence = (share + specificity - 1) / youden
    return clipped(prevalence) if clip else prevalence


def corrected_interval(
    share: float, n: float, agreement: Agreement, confidence: float = 0.95, *, clip: bool = True
) -> Interval | None:
    """Interval of the corrected prevalence; the uncertainty of sensitivity and specificity is part of it.

    Lang and Reiczigel 2014, "Confidence limits for prevalence of disease adjusted for estimated sensitivity and
    specificity", Preventive Veterinary Medicine 113, 13-22: the delta method after observations are added to each of
    the three samples, with a shift of the centre; the ends are clipped to 0 to 1.

    Args:
        share: Share that the scorer calls positive.
        n: Number of items; for clustered items the effective number, which need not be whole.
        agreement: The scorer on labelled items.
        confidence: Nominal coverage.
        clip: Whether to clip the ends to 0 to 1; a sum of several is clipped once, at its end.

    Returns:
        The interval; None when there is no item, or sensitivity + specificity is at most 1.
    """
    z = critical(confidence, math.inf)
    if n <= 0 or agreement.sensitivity + agreement.specificity - 1 < 1e-9:
        return None
    tested, positives, negatives = n + z**2, agreement.positives + 2, agreement.negatives + 2
    apparent = (n * share + z**2 / 2) / tested
    sensitivity = (agreement.true_positives + 1) / positives
    specificity = (agreement.true_negatives + 1) / negatives
    youden = sensitivity + specificity - 1
    if youden < 1e-9:  # the added observations pull both towards one half
        return None
    prevalence = (apparent + specificity - 1) / youden
    found, left = sensitivity * (1 - sensitivity) / positives, specificity * (1 - specificity) / negatives
    shift = 2 * z**2 * (prevalence * found - (1 - prevalence) * left)
    variance = apparent * (1 - apparent) / tested + prevalence**2 * found + (1 - prevalence) ** 2 * left
    reach = z * math.sqrt(variance) / youden
    ends = prevalence + shift - reach, prevalence + shift + reach
    low, high = map(clipped, ends) if clip else ends
    return Interval(low, high, "lang_reiczigel", confidence)


def clipped(value: float) -> float:
    """The share closest to the value."""
    return min(1.0, max(0.0, value))
