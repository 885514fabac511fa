"""The evidence of a rule on one axis: value, interval, limits and what the rule allows; better is to the right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import number, signed
from audit.core.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import GateCheck

ROOM = 0.2
"""Free axis on each side, as a share of what is drawn."""


@dataclass(frozen=True, slots=True)
class RuleAxis:
    """Places in percent of the axis, from its left end."""

    at: float
    """The value, or the difference from the baseline."""
    low: float | None
    """Left end of the interval; null where there is none."""
    high: float | None
    """Right end of the interval."""
    limits: tuple[tuple[float, str], ...]
    """Limits of the rule, each with its number."""
    zero: float | None
    """No difference from the baseline; null for other rules."""
    allowed: tuple[float, float] | None
    """From where to where the rule is met; null where its limit is no number on this axis."""
    left: str
    """Number at the left end."""
    right: str
    """Number at the right end."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is drawn, in the unit of the rule."""

    value: float | None
    ends: tuple[float | None, float | None]
    limits: tuple[float, ...]
    allowed: tuple[float, float]
    possible: tuple[float, float]
    is_turned: bool
    is_difference: bool
    text: Callable[[float], str]


def rule_axis(check: GateCheck, *, narrow: bool = False) -> RuleAxis | None:
    """The axis of a check; None where there is no value.

    Rules on the baseline are drawn by the difference from it. The axis shows what is needed, not the whole range of
    the unit: a value and a limit that are close must be distinguishable.

    Args:
        check: Of a decision.
        narrow: Whether its interval is too narrow, since looks decided the number of items; it is then not drawn.
    """
    found = _on_baseline(check) if check.baseline else _on_value(check)
    if found is None or found.value is None:
        return None
    ends = () if narrow or None in found.ends else tuple(end for end in found.ends if end is not None)
    known = [found.value, *found.limits, *ends]
    room = ROOM * (max(known) - min(known)) or 0.1 * abs(found.value) or 0.1
    start, stop = max(min(known) - room, found.possible[0]), min(max(known) + room, found.possible[1])

    def place(one: float) -> float:
        share = (min(max(one, start), stop) - start) / (stop - start)
        return 100 * (1 - share if found.is_turned else share)

    low, high = sorted(place(end) for end in ends) if ends else (None, None)
    first, last = sorted(place(end) for end in found.allowed)
    left, right = (stop, start) if found.is_turned else (start, stop)
    return RuleAxis(
        at=place(found.value),
        low=low,
        high=high,
        limits=tuple((place(one), found.text(one)) for one in dict.fromkeys(found.limits)),
        zero=place(0.0) if found.is_difference else None,
        allowed=(first, last) if found.limits else None,
        left=found.text(left),
        right=found.text(right),
    )


def _on_value(check: GateCheck) -> _Evidence:
    unit = check.unit or "score"
    whole = unit_of(unit)
    allowed = (
        -math.inf if check.minimum is None else check.minimum,
        math.inf if check.maximum is None else check.maximum,
    )
    return _Evidence(
        value=check.value,
        ends=(check.ci_low, check.ci_high),
        limits=tuple(one for one in (check.minimum, check.maximum) if one is not None),
        allowed=allowed,
        possible=(whole.low, whole.high),
        is_turned=check.kind in ("gap", "truncated") or check.higher_is_better is False,
        is_difference=False,
        text=lambda one: number(one, unit),
    )


def _on_baseline(check: GateCheck) -> _Evidence | None:
    difference = check.baseline.difference if check.baseline else None
    if difference is None or difference.higher_is_better is None:
        return None
    loss = 0.0 if check.kind == "better" else check.margin
    if check.relative is not None and difference.baseline is not None:
        loss = check.relative * abs(difference.baseline)
    upwards, unit = difference.higher_is_better, difference.unit
    limit = None if loss is None else -loss if upwards else loss
    start, stop = -math.inf, math.inf
    if limit is not None:
        start, stop = (limit, stop) if upwards else (start, limit)
    return _Evidence(
        value=difference.difference,
        ends=(difference.ci_low, difference.ci_high),
        limits=() if limit is None else (limit,),
        allowed=(start, stop),
        possible=(-math.inf, math.inf),
        is_turned=not upwards,
        is_difference=True,
        text=lambda one: signed(one, unit),
    )
