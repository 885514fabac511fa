"""Shares of texts that a classifier flags, corrected for its errors.

A correction is valid only if the classifier errs on these texts as often as on the labelled ones. So shares are only
corrected with counts on text of the same kind, and only if the classifier is good enough that the correction does not
multiply its errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import cluster_codes, cluster_freedom, clustered_standard_error
from audit.stats.interval import Interval, critical
from audit.stats.prevalence import clipped, corrected_interval, rogan_gladen

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from audit.stats.prevalence import Agreement

LEAST_YOUDEN = 0.5
"""Minimum of sensitivity + specificity - 1: below it, each false alarm counts more than twice in the corrected
share."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Texts of one kind."""

    weight: float
    """Its share of all items; the weights of all strata sum to 1."""
    share: float
    """Share that the classifier flags."""
    n: float
    """Number of independent items for the share; it need not be whole."""
    agreement: Agreement | None
    """The classifier on labelled text of this kind; None if it was not measured."""


def corrected(strata: Sequence[Stratum], confidence: float = 0.95) -> tuple[float | None, Interval | None, str | None]:
    """A share, corrected for sensitivity and specificity (Rogan and Gladen 1978).

    Each stratum is corrected with the counts on text of its own kind, with the interval of Lang and Reiczigel 2014, in
    which the uncertainty of these counts is a part; the weighted sum of independent strata gets the interval of Zou and
    Donner 2008 ("Construction of confidence limits about effect measures", Statistics in Medicine 27, 1693-1702).

    Args:
        strata: Kinds of text that the share is made of.
        confidence: Nominal coverage.

    Returns:
        Value, interval, and the reason where one of them is None.
    """
    reason = why_not_corrected([stratum.agreement for stratum in strata])
    values = [_value(stratum) for stratum in strata]
    if reason or not strata or any(value is None for value in values):
        return None, None, reason or "nothing was scored"
    weighted = [stratum.weight * (value or 0.0) for stratum, value in zip(strata, values, strict=True)]
    interval, reason = _interval(strata, weighted, confidence)
    return clipped(math.fsum(weighted)), interval, reason or None


def effective_number(shares: Sequence[tuple[float, Hashable]], texts: int, confidence: float = 0.95) -> float:
    """Independent texts that would give the mean of these shares its (clustered) standard error.

    After Korn and Graubard 1998, as :func:`audit.stats.intervals.clustered_interval`: never more than there are, and
    fewer where few clusters show the error. Shares that do not vary between clusters say nothing about the spread:
    then clusters count as the texts.

    Args:
        shares: Share of each item, 0 to 1, with its cluster.
        texts: Total number of texts.
        confidence: Nominal coverage of the interval.

    Returns:
        The number, which need not be whole; 0 with fewer than two clusters.
    """
    values, clusters = [share for share, _ in shares], [cluster for _, cluster in shares]
    codes = cluster_codes(np.array(values), clusters)
    groups = len(set(clusters))
    if groups < 2:
        return 0.0
    mean, error = float(np.mean(values)), clustered_standard_error(values, clusters)
    independent = min(float(texts), mean * (1 - mean) / error**2) if error > 1e-6 else float(groups)
    return independent * (critical(confidence, math.inf) / critical(confidence, cluster_freedom(codes))) ** 2


def why_not_corrected(agreements: Sequence[Agreement | None]) -> str:
    """Why shares cannot be corrected with these counts; empty if they can."""
    if any(agreement is None for agreement in agreements):
        return "this scorer was not validated on text of this kind at this threshold"
    youden = min(
        (agreement.sensitivity + agreement.specificity - 1 for agreement in agreements if agreement), default=1
    )
    if youden < LEAST_YOUDEN:
        return (
            f"sensitivity + specificity - 1 of this scorer is {youden:.2f} on text of this kind; below"
            f" {LEAST_YOUDEN:g} a correction multiplies its errors"
        )
    return ""


def _value(stratum: Stratum) -> float | None:
    agreement = stratum.agreement
    return rogan_gladen(stratum.share, agreement.sensitivity, agreement.specificity, clip=False) if agreement else None


def _interval(strata: Sequence[Stratum], weighted: Sequence[float], confidence: float) -> tuple[Interval | None, str]:
    """Interval of the weighted sum, clipped once, or why there is none."""
    total, below, above = math.fsum(weighted), [], []
    for stratum, value in zip(strata, weighted, strict=True):
        interval = stratum.agreement and corrected_interval(
            stratum.share, stratum.n, stratum.agreement, confidence, clip=False
        )
        if not interval:
            return None, "too few items"
        below.append(value - stratum.weight * interval.low)
        above.append(stratum.weight * interval.high - value)
    low, high = total - math.hypot(*below), total + math.hypot(*above)
    if clipped(low) == clipped(high):
        # An interval of 0 to 0 would look like certainty.
        return None, "more false alarms are expected than texts were flagged"
    method = "lang_reiczigel" if len(strata) == 1 else "mover_lang_reiczigel"
    return Interval(clipped(low), clipped(high), method, confidence), ""
