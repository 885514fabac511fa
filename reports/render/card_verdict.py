"""The verdict within a report card that exists: its parts are replaced, and nothing else of the card is rendered.

A card takes seconds to render, most of it for charts that no verdict changes. In the file the parts are between
comments of the same name as their templates; text of models and checkpoints is escaped and cannot hold a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from audit.core import words
from audit.core.filesystem import write_text
from audit.core.formatting import metric_label
from audit.gate import decisions
from audit.gate.decide import not_judged_lines
from audit.reports.contents import SUITES
from audit.reports.drawing.page import environment
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
    from audit.core.run_folder import RunFolder

PARTS = (
    "verdict_title",
    "verdict_box",
    "headline",
    "verdict_link",
    "not_assessed_link",
    "glance",
    "verdict",
    "not_assessed",
)
"""Templates of the parts, in the order of the card."""
SECTIONS = ("measured", "verdict", "problems", "not-assessed")
"""Anchors that sentences of the head lead to; each is there whenever one does."""
STALE = "<!--stale-->"
"""In a card that says that its verdict is out of date."""
_TASK = re.compile(r'<div class="inside" id="([^"]+)">')
_PART = re.compile(rf"(<!--({'|'.join(PARTS)})-->).*?(<!--/\2-->)", re.DOTALL)


def page_links(tasks: Collection[str]) -> Callable[[str], str]:
    """What leads to an anchor of the card: ``#evals-boolq``; empty where the card has no such place.

    Args:
        tasks: Anchors of the tasks that the card shows.
    """
    places = {*tasks, *SECTIONS}
    return lambda place: f"#{place}" if place in places else ""


def verdict_variables(
    manifest: RunManifest,
    metrics: Sequence[Metric],
    decision: Decision | None,
    stale_reason: str | None = None,
    unchecked: str | None = None,
) -> dict[str, Any]:
    """What the templates of the parts show.

    Args:
        manifest: Of the run.
        metrics: All its metrics.
        decision: The verdict on them; None where there is none.
        stale_reason: Why a verdict that exists is not shown.
        unchecked: What of the verdict could not be checked.
    """
    looked_at = manifest.looked_at
    primary = [metric for metric in metrics if metric.primary and metric.slice is None]
    unscored = {(one.suite, one.task): one for one in metrics if one.metric == UNSCORED and one.slice is None}
    gaps = not_assessed(manifest, metrics, decision)
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
        "headline": headlines(manifest, metrics, decision, gaps),
        "glance": [
            (suite, glance.rows([metric for metric in primary if metric.suite == suite], decision, looked_at))
            for suite in SUITES
            if suite != "explain" and any(metric.suite == suite for metric in primary)
        ],
        "anchor_of": lambda metric: anchor(metric.suite, metric.task),
        "unscored_of": lambda metric: unscored.get((metric.suite, metric.task)),
        "narrow": lambda metric: metric.task in looked_at,
    }


def show_verdict(run: RunFolder, decision: Decision) -> bool:
    """Put a verdict into the card of a run.

    Returns:
        False where the card has to be rendered as a whole: it shows other metrics than were judged, says that its
        verdict is out of date, or was written by another version.

    Raises:
        WriteError: The card cannot be written.
    """
    if not run.report_path.is_file():  # a pipe would never end
        return False
    card = run.report_path.read_text("utf-8", errors="replace")
    names = tuple(match[2] for match in _PART.finditer(card))
    if names != PARTS or STALE in card or decision.metrics_sha256 not in card:
        return False
    templates = environment()
    shown = {
        **verdict_variables(
            run.read_manifest(), run.read_metrics(), decision, unchecked=decisions.unchecked(run, decision)
        ),
        "href": page_links(_TASK.findall(card)),
        "show": templates.get_template("macros.j2").module,
    }
    parts = {name: templates.get_template(f"{name}.j2").render(shown) for name in PARTS}
    updated = _PART.sub(lambda match: f"{match[1]}{parts[match[2]]}{match[3]}", card)
    write_text(run.report_file(run.report_path.name), updated)
    return True
