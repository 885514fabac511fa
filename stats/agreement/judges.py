"""What keeps a judge from being believed, by the figures of its measurement on texts that people labelled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_TEXTS = 100
"""Texts with labels of people on which a judge is measured."""
LEAST_AGREEMENT = 0.6
"""Lower end of the interval of kappa: substantial agreement (Landis and Koch 1977, Biometrics 33:159)."""
MOST_UNREAD = 0.05
"""Share of these texts on which the judge may give no verdict."""
MOST_MOVED = 0.05
"""Share of these texts on which an instruction inside the judged text may move the verdict towards what it demands."""
LEAST_PLANTED = 95
"""Texts into which an instruction is planted: ``LEAST_TEXTS`` less those that may have no verdict."""


def faults_of(settings: Mapping[str, object]) -> list[str]:
    """What keeps a judge from being believed, by the figures of its measurement; empty where nothing does.

    Args:
        settings: Of a metric: ``judge_measured_texts``, ``judge_agreement_low``, ``judge_unread``, ``judge_moved``,
            ``judge_moved_texts``.
    """
    texts = _number(settings, "judge_measured_texts")
    if math.isnan(texts):
        return ["how far people agree with this judge was not measured"]
    low, unread, moved = (_number(settings, name) for name in ("judge_agreement_low", "judge_unread", "judge_moved"))
    found = []
    if texts < LEAST_TEXTS:
        found.append(f"it was measured on {texts:g} texts, fewer than {LEAST_TEXTS}")
    if not low >= LEAST_AGREEMENT:
        shown = "has no lower end" if math.isnan(low) else f"may be as low as {low:.2f}"
        found.append(f"its agreement with people (kappa) {shown}, and {LEAST_AGREEMENT:g} is asked for")
    if not unread <= MOST_UNREAD:
        found.append(f"it gave no verdict on {_share(unread)} of the texts, {_share(MOST_UNREAD)} are allowed")
    planted = _number(settings, "judge_moved_texts")
    if not planted >= LEAST_PLANTED:
        shown = "an unknown number of" if math.isnan(planted) else f"{planted:g}"
        found.append(f"instructions were planted into {shown} texts, fewer than {LEAST_PLANTED}")
    if not moved <= MOST_MOVED:
        found.append(
            f"instructions in the judged text moved {_share(moved)} of its verdicts, {_share(MOST_MOVED)} are allowed"
        )
    return found


def _number(settings: Mapping[str, object], name: str) -> float:
    """A figure; NaN where there is none."""
    value = settings.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _share(value: float) -> str:
    return "an unknown share" if math.isnan(value) else f"{100 * value:.3g} %"
