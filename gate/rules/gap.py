"""A rule on the largest gap between slices of a metric, judged on simultaneous intervals.

Each of K slices gets an interval with coverage 1 − α / K, so that all of them hold together with 1 − α (Bonferroni's
inequality, whatever ties the slices to each other). Then the largest gap is at least the largest distance between two
intervals, and at most the largest distance between an upper and a lower end: that the two furthest slices are picked by
the same data is accounted for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, did_you_mean
from audit.core.formatting import counted, estimate_text, number
from audit.gate.judging import Ends, check, widened_by_unscored
from audit.stats.aggregate import UNSCORED
from audit.stats.recompute import recomputed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import GateCheck, Metric, Verdict
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule
    from audit.stats.records import Records


@dataclass(frozen=True, slots=True)
class GapOf:
    """The largest gap between slices."""

    value: float
    """Highest value minus lowest."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end."""
    between: tuple[str, str]
    """The slices with the highest and the lowest value."""


def parts_of(rule: Rule, measured: Measured) -> list[Metric]:
    """The slices that a rule on a gap is about.

    Raises:
        ConfigError: The metric is measured, and not by that key.
    """
    same = measured.named(rule.metric)
    key = rule.max_gap.slice if rule.max_gap else ""
    found = [metric for metric in same if metric.slice and [*metric.slice] == [key]]
    known = sorted({name for metric in same for name in metric.slice or {}})
    broke = not known and any(metric.value is None for metric in same)
    if same and not found and not broke:
        has = f"it has {', '.join(known)}" if known else "it is measured on all items alone"
        msg = f"max_gap: {rule.metric} has no slices by {key!r}: {has}.{did_you_mean(key, known)}"
        raise ConfigError(msg)
    return found


def judge_gap(
    rule: Rule,
    measured: Measured,
    records: Records,
    confidence: float,
    tolerance: float,
    advice: Callable[[str, float], str],
) -> GateCheck:
    """Judge the largest gap between the slices of a metric.

    Args:
        rule: Of kind ``gap``.
        measured: All metrics of the run.
        records: Its samples.
        confidence: Nominal coverage of all intervals together.
        tolerance: Share of the task's samples that may be unscored.
        advice: Where so many times as many items of a task are to come from.
    """
    parts = parts_of(rule, measured)
    known = [part for part in parts if part.value is not None and part.definition is not None]
    if len(known) < 2:
        return check(rule, None, "INCONCLUSIVE", f"{counted(len(known), 'slice')} with a value: a gap needs two")
    each = 1 - (1 - confidence) / len(known)
    ends = {_named(part): _with_cut(part, measured, records, each) for part in known}
    values = {_named(part): part.value or 0.0 for part in known}
    shown = {name: one for name, one in ends.items() if one is not None}
    gap = _gap(values, shown)
    unit = known[0].unit
    limit = rule.max_gap.value if rule.max_gap else 0.0
    high, low = gap.between
    said = (
        f"largest gap {estimate_text(gap.value, *_finite(gap), unit)}, from {high} ({number(values[high], unit)})"
        f" to {low} ({number(values[low], unit)}), {len(known)} slices"
    )
    without = [_named(part) for part in parts if _named(part) not in shown]
    verdict: Verdict = "PASS" if gap.high <= limit else "FAIL" if gap.low > limit else "INCONCLUSIVE"
    if verdict == "PASS" and without:
        verdict, said = "INCONCLUSIVE", f"{said}; no interval of {', '.join(without[:5])}"
    elif verdict == "PASS":
        verdict, why = _with_unscored(known, ends, values, measured, tolerance, limit)
        said += why
    elif verdict == "INCONCLUSIVE":
        said = f"{said}, spans the limit: {_settled(gap, limit, rule.task, advice)}"
    low_end, high_end = _finite(gap)
    found = check(rule, None, verdict, said)
    numbers = {"value": gap.value, "ci_low": low_end, "ci_high": high_end}
    return found.model_copy(update={**numbers, "unit": unit, "higher_is_better": False})


def _named(part: Metric) -> str:
    return "".join((part.slice or {}).values())


def _finite(gap: GapOf) -> tuple[float | None, float | None]:
    return (gap.low, gap.high) if math.isfinite(gap.high) else (None, None)


def _gap(values: dict[str, float], ends: dict[str, Ends]) -> GapOf:
    """The gap of all values; a slice without an interval leaves its upper end open."""
    between = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
    distances = [(ends[one].high - ends[two].low, ends[one].low - ends[two].high) for one, two in permutations(ends, 2)]
    highest = max(high for high, _ in distances) if len(ends) == len(values) else math.inf
    lowest = max([0.0, *(low for _, low in distances)])
    return GapOf(values[between[0]] - values[between[1]], lowest, highest, between)


def _with_cut(part: Metric, measured: Measured, records: Records, confidence: float) -> Ends | None:
    """The interval of a slice, widened by what cut answers leave open; None where there is none."""
    found: list[float] = []
    if measured.lacks_bounds(part):
        return None
    for one in (part, *measured.bounds_of_cut_answers(part)):
        asked = one.model_copy(update={"confidence": confidence})
        again = recomputed(asked, records.of(asked))
        if again.ci_low is None or again.ci_high is None:
            return None
        found += [again.ci_low, again.ci_high]
    return Ends(min(found), max(found), part.unit)


def _with_unscored(
    parts: Sequence[Metric],
    ends: dict[str, Ends | None],
    values: dict[str, float],
    measured: Measured,
    tolerance: float,
    limit: float,
) -> tuple[Verdict, str]:
    """What unscored samples make of a gap that passes: all of them may belong to any slice."""
    count = measured.unscored(parts[0])
    if count is None or count.value is None:
        return "INCONCLUSIVE", f"; {parts[0].task}/{UNSCORED} is missing, so the number of unscored samples is unknown"
    unknown = count.value + sum(part.missing for part in parts)
    if not unknown:
        return "PASS", ""
    said = f"; {number(unknown, 'count')} of {count.n:,} samples could not be scored"
    if unknown / count.n > tolerance:
        return "INCONCLUSIVE", said
    wider = {}
    for part in parts:
        mine = ends[_named(part)]
        worst = widened_by_unscored(mine, part, count, unknown) if mine else None
        if worst is None:
            return "INCONCLUSIVE", f"{said}: what they could change is known for means over items in a unit with bounds"
        wider[_named(part)] = worst
    passes = _gap(values, wider).high <= limit
    return ("PASS", f"{said}, at their worst and best, too") if passes else ("INCONCLUSIVE", said)


def _settled(gap: GapOf, limit: float, task: str, advice: Callable[[str, float], str]) -> str:
    """How many times as many items would decide it, if the values stay."""
    half = gap.high - gap.value if gap.value < limit else gap.value - gap.low
    if not math.isfinite(half) or math.isclose(gap.value, limit):
        return "measure more items"
    factor = math.ceil(10 * (half / (gap.value - limit)) ** 2) / 10
    return f"about {factor:,.1f} times as many items would decide this if the values stay{advice(task, factor)}"
