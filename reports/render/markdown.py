"""A run or a verdict as Markdown, for the job summary of a CI server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.core.formatting import (
    ABSENT,
    REASON_LIMIT,
    counted,
    duration_text,
    estimate,
    interval,
    metric_label,
    number,
    parameters_text,
    unit_text,
)
from audit.core.text import printable
from audit.core.words import draws, figures, full_title, sentence, task_title
from audit.gate.decide import not_judged_lines
from audit.reports.attribution.heatmap import strongest_features
from audit.reports.attribution.measures import MEANING
from audit.reports.command_text import parts
from audit.reports.contents import SUITES
from audit.reports.failures import typical_failures
from audit.reports.not_assessed import not_assessed
from audit.reports.render.baseline_text import baseline_lines, rule_text
from audit.reports.render.limits import SUMMARY_BYTES, cut
from audit.reports.render.verdict_text import verdict_text
from audit.stats.cut_answers import cut_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.core.records import Decision, Metric
    from audit.reports.contents import RunContents
    from audit.reports.not_assessed import Unassessed

SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$:@]|(?<=www)\.)", re.IGNORECASE)  # www. alone makes a link on GitHub
VERDICT_MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "⚠️"}
LIMIT = 300
MAX_LISTED = 50
WHERE = "the run folder"
STATE_USE = 'state it with `audit run --intended-use "…"`'


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


def with_commands(text: str) -> str:
    """A reason for a cell, with the commands in it in the font of code: a code span would end at the cell's border."""
    shown = [(escaped(one, REASON_LIMIT), is_command) for one, is_command in parts(printable(text, REASON_LIMIT))]
    return "".join(f"<code>{one}</code>" if is_command else one for one, is_command in shown)


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
    lines += identity_lines(contents)
    if manifest.certificate:
        lines += [f"Certificate of the engine: {escaped(manifest.certificate.line, REASON_LIMIT)}.", ""]
    if manifest.broken:
        lines += [f"**{escaped(manifest.broken)}**", ""]
    if contents.decision:
        titles = {metric_label(one): full_title(manifest, one) for one in contents.metrics if one.words}
        lines += [*_decision_lines(contents.decision, contents.unchecked, titles), ""]
    if contents.stale_decision:
        lines += [f"The last verdict is not shown: {escaped(contents.stale_reason, REASON_LIMIT)}.", ""]
    lines += change_lines(contents)
    for suite in SUITES:
        metrics = [metric for task in contents.of(suite) for metric in task.primary]
        every = [metric for task in contents.of(suite) for metric in task.metrics]
        if metrics:
            lines += [
                f"## {suite.capitalize()}",
                "",
                *table(metric_head(contents), (metric_row(contents, metric) for metric in metrics)),
                "",
                *_draw_lines(contents, metrics, every),
                *_cut_lines(contents, metrics, every),
            ]
    lines += failure_lines(contents)
    lines += _problems(contents)
    lines += not_assessed_lines(not_assessed(manifest, contents.metrics, contents.decision))
    lines += waiver_lines(contents.decision)
    if contents.ratings or contents.people:
        lines += ["## Human ratings", "", *rating_lines(contents), ""]
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


def _decision_lines(
    decision: Decision, remark: str | None = None, titles: Mapping[str, str] | None = None
) -> list[str]:
    """The verdict and its rules; titles are those of metrics by their name, which stands behind."""
    known = titles or {}
    rows = [
        (
            f"{VERDICT_MARKS[check.verdict]} {check.verdict}" + (", waived" if check.waived_by else ""),
            escaped(f"{known[check.metric]} ({check.metric})" if check.metric in known else check.metric),
            escaped(rule_text(check)),
            *estimate(check.value, check.ci_low, check.ci_high, check.unit or "score"),
            escaped(unit_text(check.unit, check.higher_is_better)),
            with_commands("; ".join(part for part in (check.reason, decision.waiver_text(check)) if part)),
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


def metric_head(contents: RunContents) -> tuple[str, ...]:
    """The head of a table of :func:`metric_row`."""
    other = ("Baseline",) if contents.baseline else ()
    return "Measured", "Value", "Interval", *other, "n", "What it shows", "Name"


def metric_row(contents: RunContents, metric: Metric) -> tuple[str, ...]:
    """A metric with its title, the baseline's number and what it shows; its name comes last."""
    shown = figures(metric)
    return (
        escaped(full_title(contents.manifest, metric)),
        escaped(shown.value),
        escaped(shown.interval),
        *baseline_cell(contents, metric),
        f"{metric.n:,}",
        escaped(sentence(metric, narrow=metric.task in contents.looked_at), REASON_LIMIT),
        escaped(metric_label(metric)),
    )


def baseline_cell(contents: RunContents, metric: Metric) -> tuple[str, ...]:
    """The baseline's number in a row of a table; no cell without a baseline."""
    if contents.baseline is None:
        return ()
    other = contents.baseline.of(metric)
    return (escaped(figures(other).estimate) if other else ABSENT,)


def change_lines(contents: RunContents) -> list[str]:
    """The section on what changed against the baseline; empty without one."""
    baseline, manifest = contents.baseline, contents.manifest
    if baseline is None:
        why = escaped(contents.no_baseline, REASON_LIMIT)
        return [f"The baseline is not shown next to the run: {why}.", ""] if contents.no_baseline else []
    listed = [f"- {escaped(task_title(manifest, one.task))}: {one.counts}" for one in baseline.changes]
    listed = listed or [f"- {baseline.none_changed}"]
    listed += [
        f"- the runs scored different items: {escaped(task_title(manifest, one.task))}: {one.counts}"
        for one in baseline.shared
        if one.is_apart
    ]
    refused = [(metric, reason) for reason, metrics in baseline.not_compared.items() for metric in metrics]
    listed += [
        f"- not compared with the baseline: {escaped(full_title(manifest, metric))}: {escaped(reason, REASON_LIMIT)}"
        for metric, reason in refused
    ]
    named = f"Baseline: {escaped(baseline.reference.run_id)} ({escaped(baseline.reference.model)})."
    return ["## Changed against the baseline", "", named, "", *listed, ""]


def _cut_lines(contents: RunContents, primary: Sequence[Metric], metrics: Sequence[Metric]) -> list[str]:
    """How many answers the limit of tokens cut, for each primary metric that they leave open."""
    bounds = [(metric, cut_text(metric, metrics)) for metric in primary]
    lines = [f"- {escaped(full_title(contents.manifest, metric))}: {escaped(text)}" for metric, text in bounds if text]
    return ["Cut answers:", "", *lines, ""] if lines else []


def _draw_lines(contents: RunContents, primary: Sequence[Metric], metrics: Sequence[Metric]) -> list[str]:
    """What several answers to each item show, for each primary metric that is their mean."""
    known = [(metric, draws(metric, metrics)) for metric in primary]
    lines = [f"- {escaped(full_title(contents.manifest, metric))}: {escaped(text)}" for metric, text in known if text]
    return ["Several answers:", "", *lines, ""] if lines else []


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
            escaped(f"{gap.title} ({gap.what})" if gap.title else gap.what),
            gap.needed_by,
            with_commands(gap.why),
            with_commands(gap.settled_by),
        )
        for gap in gaps
    ]
    head = ("What", "Asked for by", "Why it is open", "What would settle it")
    return ["## Not assessed", "", *table(head, rows), ""]


def identity_lines(contents: RunContents) -> list[str]:
    """Which checkpoint it is, and what it is meant for."""
    manifest, model = contents.manifest, contents.manifest.model
    size = f", {parameters_text(model.parameter_count)} parameters" if model.parameter_count else ""
    stored = f", stored as {escaped(model.quantization)}" if model.quantization else ""
    named = f"Checkpoint: {escaped(model.architecture)} from {escaped(model.source)}{size}, {model.dtype}{stored}."
    use = manifest.config.get("intended_use")
    said = f"as stated: {escaped(use, REASON_LIMIT)}" if use else f"not stated ({STATE_USE})."
    return [named, "", f"Intended use: {said}", ""]


def failure_lines(contents: RunContents) -> list[str]:
    """The section on typical failures: why each was explained, and how far its explanation can be believed."""
    failures = typical_failures(contents.tasks)
    if not failures:
        return []
    lines = ["## Typical failures", ""]
    for one in failures[:MAX_LISTED]:
        made = one.attribution
        title = escaped(task_title(contents.manifest, one.task.task))
        head = f"- {title}: {escaped(made.reason)}, explained by {escaped(made.method)}: **{made.verdict}**."
        features = ", ".join(f"{code(text, 60)} {value}" for text, value in strongest_features(made))
        shown = f" Strongest: {features}." if features and not one.hidden else ""
        lines.append(f"{head} {MEANING[made.verdict]}{shown}")
    return [*lines, ""]


def waiver_lines(decision: Decision | None) -> list[str]:
    """The section on waivers; empty where none were given."""
    if decision is None or decision.waiver_file is None:
        return []
    rows = [
        (
            escaped(one.id),
            escaped(one.rule),
            "no: " + escaped(one.fault) if one.fault else "yes",
            str(one.expires),
            escaped(one.owner),
            escaped(one.approver),
            escaped(one.reason, REASON_LIMIT),
        )
        for one in decision.waivers
    ]
    head = ("Waiver", "Rule on", "Takes effect", "Until", "Owner", "Approved by", "Reason")
    return ["## Waivers", "", *table(head, rows), ""]


def rating_lines(contents: RunContents) -> list[str]:
    """What people said of the outputs, how far they agree, and which metrics follow them."""
    lines = rating_table(contents) if contents.ratings else []
    for one in contents.people:
        counts = f"{counted(one.items, 'rated item')}, {counted(one.raters, 'rater')}"
        lines += [*([""] if lines else []), f"Project {escaped(one.project)} ({counts}):", ""]
        lines += [f"- {escaped(about)}: {escaped(sentence, REASON_LIMIT)}" for about, sentence in one.said]
    return lines


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
