"""Rules that cannot be meant: refused before anything is judged, or warned of.

A misspelt rule must not look like a measurement that is missing, and a rule that no checkpoint could break, or satisfy,
must not look like a decision.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from audit.core.contradictions import COUNTS_OF_SAMPLES
from audit.core.errors import ConfigError, did_you_mean
from audit.core.formatting import slice_text
from audit.core.records import NotJudged
from audit.core.text import named
from audit.core.units import unit_of
from audit.gate.judging import is_count_of_what_was_seen
from audit.gate.policy import exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.core.records import Metric
    from audit.core.units import Unit
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule

MISSPELT = 0.8
"""Likeness from which a name that a broken task lacks is taken for a misspelling of one that it has."""


def check_names(rule: Rule, measured: Measured) -> None:
    """Refuse a metric or slice that a task which ran cannot have had.

    A run lists every category of its data, those that no item was drawn of as null metrics, and every metric of a task
    that did not break. Of a task that broke only its own names' misspellings are known.

    Raises:
        ConfigError: The name of the metric, or a key or value of the slice, is none of the task's.
    """
    mine, same = measured.of_task(rule.task), measured.named(rule.metric)
    if not mine or measured.find(rule.metric, rule.slice):
        return
    if same:
        _check_slice(rule, same)
        return
    names = {metric.name for metric in mine}
    broken = any(metric.value is None and metric.slice is None for metric in mine)
    alike = max(SequenceMatcher(None, rule.metric, name).ratio() for name in names)
    if not broken or alike >= MISSPELT:
        msg = f"unknown metric '{named(rule.metric)}'.{did_you_mean(rule.metric, names)}"
        raise ConfigError(msg)


def _check_slice(rule: Rule, same: Sequence[Metric]) -> None:
    """Refuse a slice that the metric cannot have.

    Raises:
        ConfigError: Its key or value is none of the metric's, or the metric is measured on slices alone.
    """
    known: dict[str, set[str]] = {}
    for metric in same:
        for key, value in (metric.slice or {}).items():
            known.setdefault(key, set()).add(value)
    if not known and any(metric.value is None for metric in same):
        return  # the task broke before it looked at slices
    raise ConfigError(_wrong_slice(rule, known))


def _wrong_slice(rule: Rule, known: dict[str, set[str]]) -> str:
    """What is wrong with the slice of a rule that no metric has."""
    keys = ", ".join(sorted(known))
    if not rule.slice:
        return f"{named(rule.metric)} is measured on slices alone: name one by {keys}"
    if not known:
        return f"{named(rule.metric)} is measured on all items alone: leave out its slice"
    for key, value in rule.slice.items():
        if key not in known:
            return f"{named(rule.metric)} has no slice '{named(key)}': it has {keys}.{did_you_mean(key, known)}"
        if value not in known[key]:
            has, hint = ", ".join(sorted(known[key])), did_you_mean(value, sorted(known[key]))
            return f"{named(rule.metric)} has no slice {named(slice_text({key: value}))}: {key} is one of {has}.{hint}"
    slice_ = named(slice_text(rule.slice))
    return f"{named(rule.metric)} has no slice {slice_}: the run lists all that it measures by {keys}"


def check_limits(rule: Rule, measured: Measured) -> None:
    """Refuse limits that the unit of the metric does not have, and a range that all values lie in, or none can.

    A floor below 1 on a scale from 0 to 100 is refused, too: written as a share, it lets nearly all values pass.

    Raises:
        ConfigError: One is; the message names the likely value.
    """
    metric = next((one for one in measured.named(rule.metric) if one.value is not None), None)
    if metric is None:
        return  # of what was not measured no unit is known, and it does not pass
    unit = unit_of(metric.unit)
    for word, limit in _limits(rule):
        if word == "min" and _is_small(limit, unit):
            msg = f"min {exact(limit)} lets nearly everything pass: {rule.metric} is {unit.words}{_hundredfold(limit)}"
            raise ConfigError(msg)
        if not unit.low <= limit <= unit.high:
            never = "fail" if (limit < unit.low) == (word == "min") else "pass"
            msg = f"{word} {exact(limit)} can never {never}: {rule.metric} is {unit.words}{_meant(limit, unit)}"
            raise ConfigError(msg)
    if all(limit == (unit.low if word == "min" else unit.high) for word, limit in _limits(rule)):
        msg = f"{rule.text} on {rule.metric} can never fail: it is {unit.words}: give a limit that a value breaks"
        raise ConfigError(msg)
    if not is_count_of_what_was_seen(metric) and _allows_a_point(rule, unit):
        msg = (
            f"{rule.text} on {rule.metric} can never pass: it is judged on an interval, which has a width:"
            " give a limit that the interval of enough items can reach"
        )
        raise ConfigError(msg)


def warnings(rules: Iterable[Rule], measured: Measured) -> list[str]:
    """What looks wrong with rules and may still be meant.

    It is a bound on the good side alone, a ceiling on a percentage that looks like a share, or one on a count that all
    samples together do not exceed.
    """
    by_target: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.kind != "range":
            continue
        by_target.setdefault(rule.target, []).append(rule)
    found = []
    for target, group in by_target.items():
        metric = measured.find(group[0].metric, group[0].slice)
        if metric is not None and metric.value is not None:
            limits = [one for rule in group for one in _limits(rule)]
            found += [
                *_one_sided(target, metric, limits),
                *_small(target, metric, limits),
                *_large(target, metric, limits),
            ]
    return found


def not_looked_at(rules: Iterable[Rule], measured: Measured) -> list[NotJudged]:
    """Primary metrics of benchmarks and probes that no rule is about; not those of explanations.

    A rule on a slice is about the slice alone.
    """
    looked_at = {rule.metric for rule in rules if not rule.slice}
    primary = [metric for metric in measured.all if metric.primary and not metric.slice and metric.suite != "explain"]
    left = [metric for metric in primary if metric.name not in looked_at]
    return [NotJudged(task=metric.task, metric=metric.name, rule=None, reason=None) for metric in left]


def check_optional(optional: Iterable[str], known: Iterable[str]) -> None:
    """Refuse optional tasks that nobody knows: a misspelt one would stay required.

    Raises:
        ConfigError: One is.
    """
    names = set(known)
    for name in optional:
        if name not in names:
            msg = f"unknown task '{named(name)}' under optional.{did_you_mean(name, sorted(names))}"
            raise ConfigError(msg)


def _limits(rule: Rule) -> list[tuple[str, float]]:
    """The limits that a rule gives, with their words."""
    return [(word, limit) for word, limit in (("min", rule.min), ("max", rule.max)) if limit is not None]


def _meant(limit: float, unit: Unit) -> str:
    """The value that was probably meant: a share written as a percentage."""
    return f": did you mean {limit / 100:g}?" if unit.high == 1 and 1 < abs(limit) <= 100 else ""


def _allows_a_point(rule: Rule, unit: Unit) -> bool:
    """Whether the range holds one possible value alone."""
    low = unit.low if rule.min is None else max(rule.min, unit.low)
    high = unit.high if rule.max is None else min(rule.max, unit.high)
    return low == high


def _one_sided(target: str, metric: Metric, limits: Sequence[tuple[str, float]]) -> list[str]:
    """A metric of which only the good direction is bounded."""
    if metric.higher_is_better is None:
        return []
    better, meant, wrong = ("higher", "min", "max") if metric.higher_is_better else ("lower", "max", "min")
    if any(word != wrong for word, _ in limits):
        return []
    given = ", ".join(f"{word} {exact(limit)}" for word, limit in limits)
    return [f"{target}: {better} is better, and {given} lets every worse value pass: did you mean {meant}?"]


def _small(target: str, metric: Metric, limits: Sequence[tuple[str, float]]) -> list[str]:
    """Ceilings on percentages that look like shares: they may be meant, and let less pass than those would."""
    unit = unit_of(metric.unit)
    return [
        f"{target} is {unit.words}: {word} {exact(limit)} is less than one of a hundred{_hundredfold(limit)}"
        for word, limit in limits
        if word == "max" and _is_small(limit, unit)
    ]


def _is_small(limit: float, unit: Unit) -> bool:
    """Whether a limit is below 1 on a scale from 0 to 100, as one is that was written as a share."""
    return unit.whole_range == (0, 100) and 0 < limit < 1


def _hundredfold(limit: float) -> str:
    """The percentage that a share was probably meant to be."""
    return f": did you mean {100 * limit:g}?"


def _large(target: str, metric: Metric, limits: Sequence[tuple[str, float]]) -> list[str]:
    """Ceilings on counts of samples that the run has too few samples to break; a larger run may."""
    if metric.metric not in COUNTS_OF_SAMPLES:
        return []
    return [
        f"{target}: {word} {exact(limit)} cannot fail on this run, whose task has {metric.n:,} samples"
        for word, limit in limits
        if word == "max" and limit >= metric.n
    ]
