"""Rules that cannot be meant, whatever they ask for: refused before anything is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import ConfigError
from audit.core.units import unit_of
from audit.gate import rule_checks
from audit.gate.corrected import correcting
from audit.gate.policy import exact
from audit.gate.rules.gap import parts_of
from audit.stats.definitions import is_p_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audit.core.records import Metric
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule


def check_rule(rule: Rule, measured: Measured, baseline: Measured | None) -> None:
    """Refuse a name that the run cannot have, and a limit that its unit does not have.

    Args:
        rule: One that asks for one thing.
        measured: Metrics of the run.
        baseline: Metrics of the baseline; None without one.

    Raises:
        ConfigError: The rule is such a one.
    """
    if rule.kind == "gap":
        if not parts_of(rule, measured):
            rule_checks.check_names(rule, measured)
    elif baseline is None or baseline.find(rule.metric, rule.slice) is None:
        rule_checks.check_names(rule, measured)
    check_asked(rule, measured, baseline)


def check_asked(rule: Rule, measured: Measured, baseline: Measured | None) -> None:
    """Refuse what a rule cannot ask of its metric, whatever its slice.

    Args:
        rule: One that asks for one thing.
        measured: Metrics of the run.
        baseline: Metrics of the baseline; None without one.

    Raises:
        ConfigError: The rule is such a one.
    """
    _check_no_p_value(rule, measured, baseline)
    if rule.kind in {"range", "corrected"}:
        rule_checks.check_limits(rule, measured)
    named = [*measured.named(rule.metric), *(baseline.named(rule.metric) if baseline else [])]
    metric = next((one for one in named if one.value is not None), None)
    if metric is not None and rule.kind == "corrected":
        correcting.refuse(rule, metric)
    if metric is not None:
        _check_metric(rule, metric)


def _check_no_p_value(rule: Rule, measured: Measured, baseline: Measured | None) -> None:
    """Refuse a rule on a p-value: fewer items make it larger, so that a rule would pass where little was looked at.

    Raises:
        ConfigError: It is such a rule; the message names the metrics that say how large the effect is.
    """
    runs = [measured, *([baseline] if baseline else [])]
    if not any(is_p_value(one) for run in runs for one in run.named(rule.metric)):
        return
    others = (one for run in runs for one in run.of_task(rule.task) if one.primary and not is_p_value(one))
    names = list(dict.fromkeys(one.name for one in others))
    instead = f"on the size of the effect: {', '.join(names)}" if names else "on a metric that has an interval"
    msg = f"{rule.metric} is a p-value, and a large one proves nothing, so that no rule can pass: give a rule {instead}"
    raise ConfigError(msg)


def _check_metric(rule: Rule, metric: Metric) -> None:
    """Refuse what cannot be asked of a metric.

    Raises:
        ConfigError: It is such a rule.
    """
    unit = unit_of(metric.unit)
    loss, gap = rule.no_worse_than_baseline, rule.max_gap
    if rule.needs_baseline and metric.higher_is_better is None:
        msg = f"{rule.metric} has no better direction, so it cannot be worse than a baseline: give min and max"
        raise ConfigError(msg)
    if loss is not None and loss.relative is not None and unit.low < 0:
        share = exact(loss.relative)
        msg = f"relative {share} on {rule.metric}: {unit.words} has no zero to take a share of: give margin"
        raise ConfigError(msg)
    width = unit.high - unit.low
    for word, size in (("margin", loss.margin if loss else None), ("max_gap", gap.value if gap else None)):
        if size is not None and size >= width:
            meant = f": did you mean {size / 100:g}?" if unit.high == 1 and size < 100 else ""
            msg = f"{word} {exact(size)} can never fail: {rule.metric} is {unit.words}{meant}"
            raise ConfigError(msg)


def warnings(rules: Iterable[Rule], measured: Measured) -> Iterator[str]:
    """What looks wrong with margins and may still be meant: one on a percentage that looks like a share."""
    for rule in rules:
        metric = next(iter(measured.named(rule.metric)), None)
        loss, gap = rule.no_worse_than_baseline, rule.max_gap
        size = (loss.margin if loss else None) or (gap.value if gap else None)
        if metric is None or size is None:
            continue
        unit = unit_of(metric.unit)
        if unit.whole_range in {(0, 100), (-100, 100)} and size < 0.5:
            meant = f"did you mean {100 * size:g}?"
            yield f"{rule.target} is {unit.words}: {exact(size)} is less than one of a hundred: {meant}"
