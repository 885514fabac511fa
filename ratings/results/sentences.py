"""What the results of a rating project show, in one sentence each; a claim needs an interval on one side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import estimate_text
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.ratings.results.trusted import MetricAgainstPeople
    from audit.stats.agreement.estimate import Coefficient
    from audit.stats.agreement.raters import RaterBias, SideBias
    from audit.stats.interval import Interval

AT_RANDOM = 0.5
"""Share of preferences for a side that was drawn, of a rater to whom sides do not matter."""


def agreement_sentence(found: Sequence[Coefficient]) -> str:
    """What the first coefficient says: raters agree more than at random, less, or neither is shown.

    Args:
        found: The coefficients of a question, the one that fits its scale first.
    """
    first = next((one for one in found if one.value is not None), None)
    if first is None:
        return "; ".join(dict.fromkeys(one.why_none for one in found if one.why_none))
    shown = f"{first.name} {_estimate(first.value, first.interval)}"
    match _side(first.interval, 0.0):
        case 1:
            return f"Raters agree more than by chance: {shown}, where 0 is chance and 1 is complete agreement."
        case -1:
            return f"Raters agree less than by chance: {shown}, where 0 is chance."
    return f"Not shown that raters agree more than by chance: {shown}, where 0 is chance."


def metrics_sentence(found: Iterable[MetricAgainstPeople]) -> str:
    """Which metrics order outputs as people do, which the other way round, and of which neither is shown.

    Args:
        found: Scores of one task against one question.
    """
    parts: dict[int | None, list[str]] = {}
    for one in found:
        known = one.correlation.value is not None
        shown = f"{printable(one.score, 60)} {_estimate(one.correlation.value, one.correlation.interval)}"
        parts.setdefault(_side(one.correlation.interval, 0.0) if known else None, []).append(
            shown if known else f"{printable(one.score, 60)} ({one.correlation.why_none})"
        )
    said = (
        (1, "Higher where people rate higher: {}."),
        (-1, "Lower where people rate higher: {}."),
        (0, "Not shown to follow people's answers: {}."),
        (None, "No correlation: {}."),
    )
    return " ".join(text.format(", ".join(parts[kind])) for kind, text in said if kind in parts)


def sides_sentence(found: Iterable[SideBias]) -> str:
    """Who prefers one of the two sides; sides are drawn, so that half is expected."""
    known = [one for one in found if one.share is not None]
    if not known:
        return "Too few preferences of any rater to see whether a side is preferred."
    shown = [
        f"{printable(one.rater, 60)} prefers side {'A' if _side(one.interval, AT_RANDOM) == 1 else 'B'}"
        f": {_estimate(one.share, one.interval, 'share')} are for A"
        for one in known
        if _side(one.interval, AT_RANDOM)
    ]
    if not shown:
        return "No rater is shown to prefer a side: sides are drawn, so half of the preferences are expected for A."
    return f"{'; '.join(shown)}, where half is expected."


def bias_sentence(found: Iterable[RaterBias]) -> str:
    """Who is milder or stricter than the others."""
    known = [one for one in found if one.bias is not None]
    if not known:
        return "Too few items with several raters to see whether one is milder than the others."
    shown = [
        f"{printable(one.rater, 60)} is {'milder' if _side(one.interval, 0.0) == 1 else 'stricter'} than the others"
        f": {_estimate(one.bias, one.interval)} points"
        for one in known
        if _side(one.interval, 0.0)
    ]
    return f"{'; '.join(shown)}." if shown else "No rater is shown to be milder or stricter than the others."


def drift_sentence(found: Iterable[RaterBias]) -> str:
    """Who became milder or stricter from the first item to the last."""
    known = [one for one in found if one.drift is not None]
    if not known:
        return "Too few items with several raters to see whether one changes over time."
    shown = [
        f"{printable(one.rater, 60)} became {'milder' if _side(one.drift_interval, 0.0) == 1 else 'stricter'}"
        f": {_estimate(one.drift, one.drift_interval)} points"
        for one in known
        if _side(one.drift_interval, 0.0)
    ]
    if not shown:
        return "No rater is shown to become milder or stricter over time."
    return f"{'; '.join(shown)}, from the first item to the last, compared with the others."


def _side(interval: Interval | None, reference: float) -> int:
    """1 where the interval lies above, -1 where below, else 0; without an interval nothing is shown."""
    if interval is None or interval.low <= reference <= interval.high:
        return 0
    return 1 if interval.low > reference else -1


def _estimate(value: float | None, interval: Interval | None, unit: str = "score") -> str:
    low, high = (interval.low, interval.high) if interval else (None, None)
    return estimate_text(value, low, high, unit)
