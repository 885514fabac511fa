"""Shares of texts that a classifier picks out, corrected for its errors: metrics beside the raw ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.aggregate import failed_metric
from audit.safety.prevalence import corrected_interval, rogan_gladen

if TYPE_CHECKING:
    from audit.core.records import Metric
    from audit.safety.prevalence import Agreement

USELESS = "sensitivity + specificity of this classifier is at most 1: it tells nothing"


def corrected_share(raw: Metric, name: str, n: float, agreement: Agreement, how: str = "") -> Metric:
    """A share corrected for sensitivity and specificity (Rogan and Gladen 1978), interval by Lang and Reiczigel 2014.

    Args:
        raw: The share as the classifier gives it.
        name: Of the corrected metric.
        n: Independent items behind the share; it need not be whole.
        agreement: The classifier on labelled items.
        how: What the agreement was measured on, where the raw metric's note does not say it.

    Returns:
        The corrected share; without a value, and with the reason, where there is no raw one or the classifier tells
        nothing.
    """
    value = None
    if raw.value is not None and not raw.error:
        value = rogan_gladen(raw.value, agreement.sensitivity, agreement.specificity)
    if value is None or raw.value is None:
        return uncorrected(raw, name, raw.error or USELESS)
    interval = corrected_interval(raw.value, n, agreement)
    told = f"Rogan and Gladen's correction{how}, as if the classifier were as good here as there: {raw.note}"
    if interval and interval.low == interval.high:
        # All of it was clipped: an interval of 0 to 0 would pass for certainty.
        told = f"more false alarms are expected than texts were picked out: no interval can be given. {told}"
        interval = None
    update = {"name": f"{raw.task}/{name}", "metric": name, "value": value, "primary": False, "note": told}
    ends = (interval.low, interval.high, interval.method) if interval else (None, None, None)
    return raw.model_copy(
        update={**update, "ci_low": ends[0], "ci_high": ends[1], "ci_method": ends[2], "definition": None}
    )


def uncorrected(raw: Metric, name: str, reason: str) -> Metric:
    """The metric of a share that cannot be corrected."""
    failed = failed_metric(raw.suite, raw.task, name, reason, raw.n)
    kept = {"slice": raw.slice, "higher_is_better": raw.higher_is_better, "note": raw.note}
    return failed.model_copy(update=kept)
