"""Shares of texts that a classifier picks out, corrected for its errors: metrics next to the raw ones.

A correction holds as far as the classifier errs on these texts as often as on the labelled ones. So there is one only
with counts on text of the same kind, and only where the classifier is good enough for the correction not to multiply
its errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.stats.prevalence import clipped, corrected_interval, rogan_gladen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric
    from audit.stats.prevalence import Agreement

LEAST_YOUDEN = 0.5
"""Least sensitivity + specificity - 1: below, each false alarm counts more than twice in the corrected share."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Texts of one kind."""

    weight: float
    """Its part of all items; the weights of all strata sum to 1."""
    share: float
    """Share that the classifier picks out."""
    n: float
    """Independent items behind the share; it need not be whole."""
    agreement: Agreement | None
    """The classifier on labelled text of this kind; None where nobody measured it."""


def with_correction(raw: Metric, name: str, strata: Sequence[Stratum]) -> list[Metric]:
    """A share, and next to it the share corrected for sensitivity and specificity (Rogan and Gladen 1978).

    Each stratum is corrected with the counts on text of its own kind, with the interval of Lang and Reiczigel 2014, in
    which the uncertainty of these counts is a part; the weighted sum of independent strata gets the interval of Zou and
    Donner 2008 ("Construction of confidence limits about effect measures", Statistics in Medicine 27, 1693-1702).

    Args:
        raw: The share as the classifier gives it.
        name: Of the corrected metric.
        strata: Kinds of text that the share is made of.

    Returns:
        The raw share and the corrected one. Without a correction the raw share alone, whose note says why: it was not
        asked for, and a null metric would make the run partial.
    """
    if raw.value is None or raw.error:
        return [raw]
    reason = why_not_corrected([stratum.agreement for stratum in strata])
    values = [_value(stratum) for stratum in strata]
    if reason or not strata or any(value is None for value in values):
        return [raw.model_copy(update={"note": _joined(raw.note, f"not corrected: {reason or 'nothing was scored'}")})]
    told = "Rogan and Gladen's correction, as if the scorer were as good here as on the labelled texts of this kind"
    weighted = [stratum.weight * (value or 0.0) for stratum, value in zip(strata, values, strict=True)]
    low, high, no_interval = _ends(strata, weighted)
    update = {
        "name": f"{raw.task}/{name}",
        "metric": name,
        "value": clipped(math.fsum(weighted)),
        "primary": False,
        "definition": None,
        "note": _joined(told, raw.note),
        "no_interval": no_interval,
        "ci_low": low,
        "ci_high": high,
        "ci_method": None if low is None else "lang_reiczigel" if len(strata) == 1 else "mover_lang_reiczigel",
    }
    return [raw, raw.model_copy(update=update)]


def why_not_corrected(agreements: Sequence[Agreement | None]) -> str:
    """Why shares cannot be corrected with these counts; empty where they can."""
    if any(agreement is None for agreement in agreements):
        return "the validity of this scorer was not measured on text of this kind at this threshold"
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


def _ends(strata: Sequence[Stratum], weighted: Sequence[float]) -> tuple[float | None, float | None, str | None]:
    """Interval of the weighted sum, clipped once; or why there is none."""
    total, below, above = math.fsum(weighted), [], []
    for stratum, value in zip(strata, weighted, strict=True):
        interval = stratum.agreement and corrected_interval(stratum.share, stratum.n, stratum.agreement, clip=False)
        if not interval:
            return None, None, "too few items"
        below.append(value - stratum.weight * interval.low)
        above.append(stratum.weight * interval.high - value)
    if len(strata) == 1:
        low, high = total - below[0], total + above[0]
    else:
        low, high = total - math.hypot(*below), total + math.hypot(*above)
    if clipped(low) == clipped(high):
        # An interval of 0 to 0 would pass for certainty.
        return None, None, "more false alarms are expected than texts were picked out"
    return clipped(low), clipped(high), None


def _joined(*notes: str | None) -> str:
    return "; ".join(note for note in notes if note)
