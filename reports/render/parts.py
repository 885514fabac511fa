"""What the parts of a card show that a verdict changes; the app shows some of them, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core import words
from audit.core.formatting import metric_label
from audit.gate.decide import not_judged_lines
from audit.reports.contents import SUITES
from audit.reports.not_assessed import not_assessed
from audit.reports.render import glance
from audit.reports.render.anchors import anchor
from audit.reports.render.baseline_text import baseline_lines, rule_text
from audit.reports.render.headline import headlines
from audit.reports.render.verdict_text import verdict_text
from audit.stats.aggregate import UNSCORED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from audit.core.records import Decision, Metric, RunManifest
    from audit.reports.comparison.baseline_contents import BaselineContents

SECTIONS = ("measured", "verdict", "changes", "problems", "not-assessed")
"""Anchors that sentences of the head lead to; each is there whenever one does."""


def page_links(tasks: Collection[str]) -> Callable[[str], str]:
    """What leads to an anchor of the card: ``#evals-boolq``; empty where the card has no such place.

    Args:
        tasks: Anchors of the tasks that the card shows.
    """
    places = {*tasks, *SECTIONS}
    return lambda place: f"#{place}" if place in places else ""


def part_variables(
    manifest: RunManifest,
    metrics: Sequence[Metric],
    decision: Decision | None,
    stale_reason: str | None = None,
    unchecked: str | None = None,
    baseline: BaselineContents | None = None,
) -> dict[str, Any]:
    """What the templates of the parts show.

    Args:
        manifest: Of the run.
        metrics: All its metrics.
        decision: The verdict on them; None where there is none.
        stale_reason: Why a verdict that exists is not shown.
        unchecked: What of the verdict could not be checked.
        baseline: The run to show it next to.
    """
    looked_at = manifest.looked_at
    primary = [metric for metric in metrics if metric.primary and metric.slice is None]
    unscored = {(one.suite, one.task): one for one in metrics if one.metric == UNSCORED and one.slice is None}
    gaps = not_assessed(manifest, metrics, decision)
    suites = [suite for suite in SUITES if suite != "explain" and any(metric.suite == suite for metric in primary)]
    shown = [
        (suite, glance.rows([one for one in primary if one.suite == suite], decision, looked_at, baseline))
        for suite in suites
    ]
    return {
        "manifest": manifest,
        "metrics": metrics,
        "decision": decision,
        "stale_reason": stale_reason,
        "verdict_text": verdict_text(decision) if decision else "",
        "not_judged": not_judged_lines(decision) if decision else [],
        "baseline_lines": baseline_lines(decision, unchecked) if decision else [],
        "rule_text": rule_text,
        "titles": {metric_label(one): words.full_title(manifest, one) for one in metrics if one.words},
        "not_assessed": gaps,
        "headline": headlines(manifest, metrics, decision, gaps, baseline),
        "glance": shown,
        "marked": {mark.kind for _, rows in shown for row in rows for mark in row.marks},
        "baseline": baseline,
        "anchor_of": lambda metric: anchor(metric.suite, metric.task),
        "unscored_of": lambda metric: unscored.get((metric.suite, metric.task)),
        "narrow": lambda metric: metric.task in looked_at,
    }
