"""A run or a verdict as Markdown, for the job summary of a CI server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.core.formatting import REASON_LIMIT, duration_text, estimate, interval, metric_label, number, unit_text
from audit.core.text import printable
from audit.core.words import figures, full_title, sentence
from audit.gate.decide import not_judged_lines
from audit.reports.contents import SUITES
from audit.reports.not_assessed import not_assessed
from audit.reports.render.baseline_text import baseline_lines, rule_text
from audit.reports.render.limits import SUMMARY_BYTES, cut
from audit.reports.render.verdict_text import verdict_text
from audit.stats.cut_answers import cut_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.core.records import Decision, Metric
    from audit.reports.contents import RunContents
    from audit.reports.not_assessed import Unassessed

SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$:@]|(?<=www)\.)", re.IGNORECASE)  # www. alone makes a link on GitHub
VERDICT_MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "⚠️"}
LIMIT = 300
MAX_LISTED = 50
WHERE = "the run folder"


def escaped(text: object, limit: int = LIMIT) -> str:
    """Text that a Markdown renderer shows as it is: no emphasis, link, mention, table cell or HTML comes of it.

    Args:
        text: Anything; control characters are shown, newlines become ``⏎``.
        limit: Characters kept at most.
    """
    line = SPECIAL.sub(r"\\\1", printable(str(text), limit=limit))
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str, limit: int = 1000) -> str:
    """Text as a code span, in which nothing but a backtick means anything; not for table cells."""
    return f"`{printable(text, limit=limit).replace('`', chr(39))}`"


def render(contents: RunContents) -> str:
    """The run in one page: verdict, primary metrics, what did not run, warnings, signature."""
    manifest = contents.manifest
    took = duration_text(manifest.finished - manifest.started) if manifest.finished else "not finished"
    lines = [
        f"# Audit of {escaped(manifest.model.name)}",
        "",
        f"Run {escaped(manifest.run_id)}, status **{manifest.status}**, {took}.",
        "",
    ]
    if manifest.broken:
        lines += [f"**{escaped(manifest.broken)}**", ""]
    if contents.decision:
        lines += [*_decision_lines(contents.decision, contents.unchecked), ""]
    if contents.stale_decision:
        lines += [f"The last verdict is not shown: {escaped(contents.stale_reason, REASON_LIMIT)}.", ""]
    for suite in SUITES:
        metrics = [metric for task in contents.of(suite) for metric in task.primary]
        every = [metric for task in contents.of(suite) for metric in task.metrics]
        if metrics:
            lines += [
                f"## {suite.capitalize()}",
                "",
                *_metric_table(contents, metrics),
                "",
                *_cut_lines(metrics, every),
            ]
    lines += _problems(contents)
    lines += not_assessed_lines(not_assessed(manifest, contents.metrics, contents.decision))
    if contents.ratings:
        lines += ["## Human ratings", "", *rating_table(contents), ""]
    lines += [f"Signature: {code(manifest.signature)}"]
    return cut(lines, SUMMARY_BYTES, WHERE)


def render_decision(decision: Decision, most: int = SUMMARY_BYTES) -> str:
    """The verdict alone, rule by rule.

    Args:
        decision: The verdict.
        most: Bytes at most; what does not fit is left out, and a line says so.
    """
    head = [f"# Release gate: {VERDICT_MARKS[decision.verdict]} {decision.verdict}", ""]
    run = f"Run {escaped(decision.run_id)}, checkpoint digest {escaped(decision.model_digest[:16])}."
    return cut([*head, *_decision_lines(decision), "", run], most, WHERE)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; cells must be escaped already."""
    return [
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def _decision_lines(decision: Decision, remark: str | None = None) -> list[str]:
    rows = [
        (
            f"{VERDICT_MARKS[check.verdict]} {check.verdict}" + (", waived" if check.waived_by else ""),
            escaped(check.metric),
            escaped(rule_text(check)),
            *estimate(check.value, check.ci_low, check.ci_high, check.unit or "score"),
            escaped(unit_text(check.unit, check.higher_is_better)),
            escaped("; ".join(part for part in (check.reason, decision.waiver_text(check)) if part), REASON_LIMIT),
        )
        for check in sorted(decision.checks, key=lambda check: check.verdict)
    ]
    line = f"**{decision.verdict}** under policy {escaped(decision.policy)}: {verdict_text(decision)}."
    head = ("Verdict", "Metric", "Rule", "Value", "Interval", "Unit", "Reason")
    listed = [f"- {text}" for text in remarks(decision, remark=remark)]
    return [line, "", *table(head, rows), *(["", *listed] if listed else [])]


def remarks(decision: Decision, limit: int = REASON_LIMIT, remark: str | None = None) -> list[str]:
    """What a decision is compared with, what it warns of and what no rule judged, escaped.

    Args:
        decision: The decision.
        limit: Characters of a remark at most.
        remark: That differences from the baseline were not recomputed; None where they were.
    """
    said = [("", text) for text in baseline_lines(decision, remark)]
    said += [("warning: ", text) for text in decision.warnings]
    said += [("not judged: ", text) for text in not_judged_lines(decision)]
    return [f"{kind}{escaped(text, limit)}" for kind, text in said]


def _metric_table(contents: RunContents, metrics: Sequence[Metric]) -> list[str]:
    head = ("Measured", "Value", "Interval", "n", "What it shows", "Name")
    return table(head, (_metric_row(contents, metric) for metric in metrics))


def _metric_row(contents: RunContents, metric: Metric) -> tuple[str, ...]:
    shown = figures(metric)
    return (
        escaped(full_title(contents.manifest, metric)),
        escaped(shown.value),
        escaped(shown.interval),
        f"{metric.n:,}",
        escaped(sentence(metric, narrow=metric.task in contents.looked_at), REASON_LIMIT),
        escaped(metric_label(metric)),
    )


def _cut_lines(primary: Sequence[Metric], metrics: Sequence[Metric]) -> list[str]:
    """How many answers the limit of tokens cut, for each primary metric that they leave open."""
    bounds = [(metric, cut_text(metric, metrics)) for metric in primary]
    lines = [f"- {escaped(metric_label(metric))}: {escaped(text)}" for metric, text in bounds if text]
    return ["Cut answers:", "", *lines, ""] if lines else []


def _problems(contents: RunContents) -> list[str]:
    """Tasks not run, samples not scored, warnings."""
    manifest = contents.manifest
    skipped = [
        ("not run (optional)" if one.optional else "not run", escaped(one.task), escaped(one.reason, REASON_LIMIT))
        for one in manifest.not_run
    ]
    listed = [f"- {what}: {task}: {reason}" for what, task, reason in skipped]
    listed += [
        f"- unscored: {escaped(task.task)}: {number(task.unscored.value, 'count')} of {task.unscored.n:,} samples"
        for task in contents.tasks
        if task.unscored and task.unscored.value
    ]
    listed += [f"- warning: {escaped(warning, REASON_LIMIT)}" for warning in manifest.remarks]
    if not listed:
        return []
    more = [f"- and {len(listed) - MAX_LISTED} more"] if len(listed) > MAX_LISTED else []
    return ["## Not run and warnings", "", *listed[:MAX_LISTED], *more, ""]


def not_assessed_lines(gaps: Sequence[Unassessed]) -> list[str]:
    """The section on what is open; empty where nothing is."""
    if not gaps:
        return []
    rows = [
        (
            escaped(gap.what),
            gap.needed_by,
            escaped(gap.why, REASON_LIMIT),
            escaped(gap.settled_by, REASON_LIMIT),
        )
        for gap in gaps
    ]
    head = ("What", "Asked for by", "Why it is open", "What would settle it")
    return ["## Not assessed", "", *table(head, rows), ""]


def rating_table(contents: RunContents) -> list[str]:
    """What people said of the outputs, task by task."""
    rows = [
        (
            escaped(rating.task),
            f"{rating.mean:.2f}",
            interval(rating.ci_low, rating.ci_high, "rating"),
            str(rating.n_ratings),
            str(rating.n_samples),
            str(rating.n_raters),
        )
        for rating in contents.ratings
    ]
    return table(("Task", "Mean rating (1 to 5)", "Interval", "Ratings", "Samples", "Raters"), rows)
