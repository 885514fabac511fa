"""What a difference says, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import MetricDifference
    from audit.core.records.comparison import Direction, Outcome


def with_outcomes(differences: Sequence[MetricDifference], confidence: float) -> list[MetricDifference]:
    """The differences, each with its adjusted p-value and its outcome.

    ``better`` and ``worse`` (``higher`` and ``lower`` where neither end is good) need an interval without 0 and a
    p-value that stays below 1 - confidence when adjusted for all differences that were looked at (Benjamini and
    Hochberg 1995). ``no difference shown`` needs an interval within the margin on both sides, or one that holds 0 where
    a difference of the margin would have been found in four of five comparisons; otherwise there are ``too few items to
    tell``. On a scale without a range nobody knows what matters unless a margin is given.

    Args:
        differences: All that are looked at together.
        confidence: Nominal coverage.
    """
    tested = [place for place, one in enumerate(differences) if one.p_value is not None]
    adjusted = benjamini_hochberg([differences[place].p_value or 0.0 for place in tested])
    found = dict(zip(tested, adjusted, strict=True))
    return [
        one.model_copy(update={"p_adjusted": found.get(place), "outcome": _outcome(one, found.get(place), confidence)})
        for place, one in enumerate(differences)
    ]


def _outcome(found: MetricDifference, adjusted: float | None, confidence: float) -> Outcome | None:
    """The outcome of one difference; None where it could not be compared."""
    if found.error is not None or found.difference is None:
        return None
    if found.ci_low is None or found.ci_high is None:
        return "identical on all items" if found.identical else "too few items to tell"
    shown = adjusted is not None and adjusted <= 1 - confidence and not found.ci_low <= 0 <= found.ci_high
    if shown:
        return direction(found.difference > 0, found.higher_is_better)
    if found.margin is None:
        return "no margin for this unit"
    within = -found.margin < found.ci_low and found.ci_high < found.margin
    enough = found.detectable is not None and found.detectable <= found.margin
    holds_none = found.ci_low <= 0 <= found.ci_high
    return "no difference shown" if within or (holds_none and enough) else "too few items to tell"


def direction(up: bool, higher_is_better: bool | None) -> Direction:
    """The word for a change that is shown.

    Args:
        up: Whether the value went up.
        higher_is_better: Direction of the metric; None where neither end is good.
    """
    if higher_is_better is None:
        return "higher" if up else "lower"
    return "better" if up == higher_is_better else "worse"
