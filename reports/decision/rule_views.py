"""Every check of a verdict with its evidence, as HTML for the app."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core import words
from audit.core.formatting import estimate_text, signed
from audit.gate.measured import target
from audit.reports.comparison.shifts import says
from audit.reports.decision.rule_axis import RuleAxis, rule_axis
from audit.reports.drawing.page import environment, style_sheet, theme_variables
from audit.reports.render.baseline_text import rule_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Decision, GateCheck, Metric, RunManifest

ORDER = ("FAIL", "INCONCLUSIVE", "PASS")
_ADVICE = re.compile(
    r"(?:[.;:,]? )(?P<what>Add items to the baseline|Add items|and of the baseline|finish it with):? "
    r"(?P<quote>'?)(?P<command>audit run --.+?)(?P=quote)(?=; and of the baseline: |$)"
)
LABELS = {"and of the baseline": "Add items to the baseline", "finish it with": "Finish the run"}


@dataclass(frozen=True, slots=True)
class RuleView:
    """A check as it is shown."""

    check: GateCheck
    """The check."""
    title: str
    """What it is about."""
    suite: str
    """Suite of the metric, for its colour; empty without one."""
    measured: str
    """Value and interval with the unit; empty where there is none."""
    compared: str
    """Both values, items and test, of a rule on the baseline; else empty."""
    reason: str
    """Why, without commands."""
    commands: tuple[tuple[str, str], ...]
    """What each command does, and the command."""
    waived: str
    """By which waiver it does not block; empty without one."""
    axis: RuleAxis | None
    """Its evidence drawn."""


def rule_views(decision: Decision, manifest: RunManifest, metrics: Sequence[Metric]) -> list[RuleView]:
    """The checks: those that block first, then those that are waived or warn only, then those that pass.

    Args:
        decision: The verdict.
        manifest: Of the run.
        metrics: All its metrics.
    """
    known = {target(metric): metric for metric in reversed(metrics)}
    ordered = sorted(decision.checks, key=lambda one: (ORDER.index(one.blocking), ORDER.index(one.verdict)))
    return [_view(check, known.get(check.metric), decision, manifest) for check in ordered]


def picture(decision: Decision, manifest: RunManifest, metrics: Sequence[Metric], href: Callable[[str], str]) -> str:
    """The checks as an HTML element with its own style sheet; all text is escaped.

    Args:
        decision: The verdict.
        manifest: Of the run.
        metrics: All its metrics.
        href: The address of the samples of a task, given ``suite/task``; empty for nothing.
    """
    body = (
        environment()
        .get_template("rules.j2")
        .render(rows=rule_views(decision, manifest, metrics), rule_text=rule_text, href=href)
    )
    style = f"{theme_variables()} {style_sheet('glance.css')} {style_sheet('shifts.css')}"
    return f'<style>.rules {{ {style} }}</style><div class="rules">{body}</div>'


def advice(reason: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A reason without the commands at its end, and the commands, each with what it does.

    >>> advice("0.6 lies inside. Add items: audit run --extend R --limit 80")
    ('0.6 lies inside', (('Add items', 'audit run --extend R --limit 80'),))
    """
    found = [*_ADVICE.finditer(reason)]
    if not found:
        return reason, ()
    return reason[: found[0].start()], tuple((LABELS.get(one["what"], one["what"]), one["command"]) for one in found)


def _view(check: GateCheck, metric: Metric | None, decision: Decision, manifest: RunManifest) -> RuleView:
    reason, commands = advice(check.reason)
    difference = check.baseline.difference if check.baseline else None
    narrow = check.task in manifest.looked_at and check.sequential is None
    measured = ""
    if difference is not None and difference.difference is not None:
        moved = signed(difference.difference, difference.unit)
        known = () if narrow else (difference.ci_low, difference.ci_high)
        ends = [signed(end, difference.unit) for end in known if end is not None]
        measured = f"{moved} ({' to '.join(ends)})" if len(ends) == 2 else moved
    elif check.value is not None:
        known = (None, None) if narrow else (check.ci_low, check.ci_high)
        measured = estimate_text(check.value, *known, check.unit or "score")
    return RuleView(
        check=check,
        title=words.full_title(manifest, metric) if metric else check.metric,
        suite=metric.suite if metric else "",
        measured=measured,
        compared=says(difference) if difference and difference.difference is not None else "",
        reason=reason,
        commands=commands,
        waived=decision.waiver_text(check),
        axis=rule_axis(check, narrow=narrow),
    )
