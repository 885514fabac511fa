"""What the results of a rating project show, in one sentence each; a claim needs an interval on one side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.text import printable
from audit.stats.agreement.as_text import NO_EFFECT, coefficient_text, side_text, with_interval
from audit.stats.agreement.raters import AT_RANDOM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.ratings.results.judges import JudgeValidity
    from audit.ratings.results.trusted import MetricAgainstPeople
    from audit.stats.agreement.estimate import Coefficient
    from audit.stats.agreement.raters import RaterBias, SideBias
    from audit.stats.interval import Interval


def agreement_sentence(found: Sequence[Coefficient]) -> str:
    """What the first coefficient says: raters agree more than at random, less, or neither is shown.

    Args:
        found: The coefficients of a question, the one that fits its scale first.
    """
    first = next((one for one in found if one.value is not None), None)
    if first is None:
        return "; ".join(dict.fromkeys(one.why_none for one in found if one.why_none))
    return _against_chance("Raters agree", "raters agree", first)


def judge_sentence(found: JudgeValidity) -> str:
    """Whether people agree with a judge more than by chance."""
    judge = printable(found.judge, 60)
    if found.agreement.value is None:
        return f"Nothing is known about {judge}: {found.agreement.why_none}."
    claim = f"{judge} agrees with people"
    return _against_chance(claim, claim, found.agreement)


def _against_chance(claim: str, within: str, found: Coefficient) -> str:
    """Whether agreement is above or below chance; the claim as it begins a sentence, and as it stands within one."""
    shown = f"{found.name} {coefficient_text(found)}, where 0 is chance"
    match _side(found.interval, NO_EFFECT):
        case 1:
            return f"{claim} more than by chance: {shown} and 1 is complete agreement."
        case -1:
            return f"{claim} less than by chance: {shown}."
    return f"Not shown that {within} more than by chance: {shown}."


def metrics_sentence(found: Iterable[MetricAgainstPeople]) -> str:
    """Which metrics order outputs as people do, which the other way round, and of which neither is shown.

    Args:
        found: Scores of one task against one question.
    """
    parts: dict[int | None, list[str]] = {}
    for one in found:
        known = one.correlation.value is not None
        shown = coefficient_text(one.correlation)
        parts.setdefault(_side(one.correlation.interval, NO_EFFECT) if known else None, []).append(
            f"{printable(one.score, 60)} {shown if known else f'({shown})'}"
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
    return _raters_sentence(
        [
            (one.rater, one.interval, f"{side_text(one.share, one.interval)} are for A")
            for one in found
            if one.share is not None
        ],
        reference=AT_RANDOM,
        above="prefers side A",
        below="prefers side B",
        end=", where half is expected",
        none="No rater is shown to prefer a side: sides are drawn, so half of the preferences are expected for A.",
        too_few="Too few preferences of any rater to see whether a side is preferred.",
    )


def bias_sentence(found: Iterable[RaterBias]) -> str:
    """Who is milder or stricter than the others."""
    return _raters_sentence(
        [(one.rater, one.interval, _points(one.bias, one.interval)) for one in found if one.bias is not None],
        above="is milder than the others",
        below="is stricter than the others",
        none="No rater is shown to be milder or stricter than the others.",
        too_few="Too few items with several raters to see whether one is milder than the others.",
    )


def drift_sentence(found: Iterable[RaterBias]) -> str:
    """Who became milder or stricter from the first item to the last."""
    return _raters_sentence(
        [
            (one.rater, one.drift_interval, _points(one.drift, one.drift_interval))
            for one in found
            if one.drift is not None
        ],
        above="became milder",
        below="became stricter",
        end=", from the first item to the last, compared with the others",
        none="No rater is shown to become milder or stricter over time.",
        too_few="Too few items with several raters to see whether one changes over time.",
    )


def _points(value: float | None, interval: Interval | None) -> str:
    return f"{with_interval(value, interval)} points"


def _raters_sentence(
    known: Sequence[tuple[str, Interval | None, str]],
    *,
    above: str,
    below: str,
    none: str,
    too_few: str,
    reference: float = NO_EFFECT,
    end: str = "",
) -> str:
    """Which raters differ from what is expected, each with its value.

    Args:
        known: Name, interval and value as text of each rater who has a value.
        above: What is said of a rater above the reference.
        below: What is said of one below it.
        none: The sentence where no rater is shown to differ.
        too_few: The sentence where no rater has a value.
        reference: What is expected.
        end: What follows the last rater.
    """
    if not known:
        return too_few
    shown = [
        f"{printable(rater, 60)} {above if side == 1 else below}: {text}"
        for rater, interval, text in known
        if (side := _side(interval, reference))
    ]
    return f"{'; '.join(shown)}{end}." if shown else none


def _side(interval: Interval | None, reference: float) -> int:
    """1 where the interval lies above, -1 where below, else 0; without an interval nothing is shown."""
    if interval is None or interval.low <= reference <= interval.high:
        return 0
    return 1 if interval.low > reference else -1
