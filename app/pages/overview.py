"""Page: what a run found, at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

import streamlit as st

from audit.app import links, stored
from audit.app.elements import drivers, live
from audit.app.elements.charts import interval_chart
from audit.app.elements.compare_link import compare_link
from audit.app.untrusted import plain, readable, wrapped_table
from audit.core.formatting import (
    DIRECTIONS,
    counted,
    duration_text,
    estimate,
    interval,
    metric_label,
    no_interval_text,
    number,
    parameters_text,
)
from audit.core.units import unit_of
from audit.gate import decisions
from audit.gate.decide import not_judged_lines
from audit.ratings import RatingSummary, summary
from audit.reports.decision.rule_views import rule_views
from audit.reports.lost_metrics import lost_metrics
from audit.reports.render.anchors import anchor
from audit.reports.render.baseline_text import baseline_lines, rule_text
from audit.reports.render.face import face
from audit.reports.render.figures import rating_row
from audit.reports.settings import settings_of
from audit.stats.aggregate import UNSCORED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import Decision, Metric, RunManifest
    from audit.core.run_folder import RunFolder

Colour = Literal["green", "orange", "red", "blue", "gray"]
STATUS_COLOURS: dict[str, Colour] = {"complete": "green", "partial": "orange", "failed": "red", "running": "blue"}
VERDICT_COLOURS: dict[str, Colour] = {"PASS": "green", "INCONCLUSIVE": "orange", "FAIL": "red"}


def page(run: RunFolder, settings: AppSettings) -> None:
    """Status, verdict, what a reader should know first, the rules, ratings, all metrics, and how it was run."""
    links.leave_out("task", "sample")
    manifest, metrics = stored.manifest(run), stored.metrics(run)
    decision, stale = stored.decision(run)
    _head(run, manifest, decision, stale)
    live.watch(run)
    _say_incomplete(manifest, metrics)
    _glance(manifest, metrics, decision)
    _decision(run, manifest, metrics, decision, stale)
    drivers.show(stored.drivers(run))
    _ratings(summary(settings.database_url, manifest.run_id))
    _metrics(metrics, manifest.looked_at)
    _settings(metrics)
    _how(manifest, run)


def _head(run: RunFolder, manifest: RunManifest, decision: Decision | None, stale: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(manifest.model.name), width="content", anchor=False)
        st.badge(manifest.status, color=STATUS_COLOURS[manifest.status], icon=":material/play_circle:")
        if decision is None:
            label = "verdict out of date" if stale else "not judged"
            st.badge(label, color="gray", icon=":material/gavel:", help="Judge it with: audit gate RUN")
        else:
            colour = VERDICT_COLOURS[decision.verdict]
            st.badge(decision.verdict, color=colour, icon=":material/gavel:", help=plain(f"Policy: {decision.policy}"))
        st.space("stretch")
        with st.container(horizontal=True, width="content"):
            compare_link(run)
            card = stored.report(run)
            if card is not None:
                name, icon = f"{manifest.run_id}.html", ":material/download:"
                st.download_button("Report card", card, name, "text/html", icon=icon, on_click="ignore")


def _facts(manifest: RunManifest, run: RunFolder) -> None:
    items = stored.index(run).total()
    span = manifest.finished - manifest.started if manifest.finished else None
    facts = {
        "Parameters": parameters_text(manifest.model.parameter_count),
        "Ran in": f"{manifest.model.dtype} on {manifest.model.device}",
        "Quantized": manifest.model.quantization or "no",
        "Started": f"{manifest.started:%Y-%m-%d %H:%M} UTC",
        "Took": duration_text(span),
        "Samples": f"{items:,}",
    }
    for column, (label, value) in zip(st.columns(len(facts)), facts.items(), strict=True):
        column.caption(label)
        column.text(value)


def _say_incomplete(manifest: RunManifest, metrics: Sequence[Metric]) -> None:
    """What a reader must know before believing a number: one line, and the details behind it."""
    if manifest.broken:
        st.error(plain(manifest.broken), icon=":material/dangerous:")
    failed = lost_metrics(metrics)
    unscored = [metric for metric in metrics if metric.metric == UNSCORED and metric.value]
    items = round(sum(metric.value or 0 for metric in unscored))
    parts = [
        (len(manifest.not_run), "task", " not run"),
        (sum(lost.count for lost in failed), "metric", " not computed"),
        (items, "item", " not scored"),
        (len(manifest.remarks), "warning", ""),
    ]
    said = [counted(number, word) + fate for number, word, fate in parts if number]
    if not said:
        return
    st.warning(" · ".join(said), icon=":material/warning:")
    with st.expander("What is missing, and why", icon=":material/help:"):
        _details("Tasks not run", [{"Suite": t.suite, "Task": t.task, "Why": t.reason} for t in manifest.not_run])
        _details("Metrics not computed", [{"Metric": lost.label, "Why": lost.why} for lost in failed])
        _details("Items not scored", [{"Task": m.task, "Not scored": m.value, "Of": m.n} for m in unscored])
        for warning in manifest.remarks:
            st.text(readable(warning, 2000))


def _details(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        st.markdown(f"**{title}**")
        wrapped_table(rows)


def _glance(manifest: RunManifest, metrics: Sequence[Metric], decision: Decision | None) -> None:
    """The sentences that open the report card, and all primary metrics on one scale; titles lead to the samples."""
    if not metrics:
        st.caption("The run has not written any metrics yet.")
        return
    tasks = {anchor(metric.suite, metric.task): f"{metric.suite}/{metric.task}" for metric in metrics}

    def samples_of(place: str) -> str:
        return f"samples?{urlencode({'run': manifest.run_id, 'tasks': tasks[place]})}" if place in tasks else ""

    st.html(face(manifest, metrics, decision, samples_of))


def _metric_rows(metrics: Iterable[Metric], looked_at: Collection[str]) -> list[dict[str, object]]:
    """The rows of a table of metrics; intervals of tasks that were looked at while they ran are too narrow."""
    return [
        {
            "Metric": metric_label(metric),
            **_estimate(metric),
            "Unit": metric.unit,
            "Better": DIRECTIONS[metric.higher_is_better][0],
            "n": metric.n,
            "Note": metric.error or "; ".join(filter(None, [_on_interval(metric, looked_at), metric.note])),
        }
        for metric in metrics
    ]


def _on_interval(metric: Metric, looked_at: Collection[str]) -> str | None:
    """Why a metric has no interval, or one that is too narrow."""
    narrow = metric.task in looked_at and metric.ci_low is not None
    return "interval too narrow: see the warnings" if narrow else no_interval_text(metric)


def _estimate(metric: Metric) -> dict[str, object]:
    """The cells of a value and its interval."""
    value, ends = estimate(metric.value, metric.ci_low, metric.ci_high, metric.unit)
    return {"Value": value, "Interval": ends}


def _decision(
    run: RunFolder, manifest: RunManifest, metrics: Sequence[Metric], decision: Decision | None, stale: str | None
) -> None:
    """The rules of the verdict, or why a verdict that exists is not shown."""
    if decision is None and stale is None:
        return
    st.header("Release gate", anchor=False)
    if decision is None:
        reason = plain(stale or "")
        st.warning(f"The verdict in decision.json is not shown: {reason}. Run the gate again: `audit gate RUN`")
        return
    rows = [
        {
            "Verdict": view.check.verdict + (", waived" if view.waived else ""),
            "Rule": f"{view.title}: {rule_text(view.check)}",
            "Measured": view.measured or "—",
            "Why": "; ".join(filter(None, [view.reason, view.waived])),
        }
        for view in rule_views(decision, manifest, metrics)
    ]
    wrapped_table(rows)
    st.markdown(
        f"[Every rule with its evidence, and what would decide it](decision?{urlencode({'run': run.path.name})})"
    )
    for text in baseline_lines(decision, decisions.unchecked(run, decision)):
        st.caption(plain(text[:1].upper() + text[1:]))
    for warning in decision.warnings:
        st.warning(plain(warning), icon=":material/rule:")
    for text in not_judged_lines(decision):
        st.caption(plain(f"Not judged: {text}"))


def _ratings(summaries: Sequence[RatingSummary]) -> None:
    st.header("Ratings by people", anchor=False)
    if not summaries:
        st.caption("Nobody has rated an output of this run yet: see Rate and Rate without project.")
        return
    left, right = st.columns([5, 4], gap="large")
    rows = [
        {
            "Task": row.task,
            "Mean (1 to 5)": number(row.mean, "rating"),
            "Interval": interval(row.ci_low, row.ci_high, "rating"),
            "Ratings": row.n_ratings,
            "Samples": row.n_samples,
            "Raters": row.n_raters,
        }
        for row in summaries
    ]
    with left:
        wrapped_table(rows)
    points = [rating_row(row) for row in summaries]
    right.altair_chart(interval_chart(points, unit="rating", title=unit_of("rating").title))


def _metrics(metrics: Sequence[Metric], looked_at: Collection[str]) -> None:
    """Every metric by its name, primary ones first."""
    primary = [metric for metric in metrics if metric.primary and metric.slice is None]
    others = [metric for metric in metrics if metric not in primary]
    if metrics:
        with st.expander(f"All {counted(len(metrics), 'metric')}, slices included", icon=":material/list:"):
            for some in (primary, others):
                if some:
                    wrapped_table(_metric_rows(some, looked_at))


def _settings(metrics: Sequence[Metric]) -> None:
    """What decided the numbers, task by task."""
    rows = [
        {"Task": task, "Setting": one.name, "Value": one.value, "Metrics": ", ".join(one.metrics) or "all"}
        for task in dict.fromkeys(metric.task for metric in metrics)
        for one in settings_of(metric for metric in metrics if metric.task == task)
    ]
    if rows:
        with st.expander("Settings of the metrics", icon=":material/tune:"):
            wrapped_table(rows)


def _how(manifest: RunManifest, run: RunFolder) -> None:
    with st.expander("How it was run", icon=":material/settings:"):
        _facts(manifest, run)
        st.caption("Signature")
        st.code(manifest.signature, language=None, wrap_lines=True)
        st.caption("Assets")
        assets = [
            asset.model_dump(include={"name", "kind", "source", "version", "licence"}) for asset in manifest.assets
        ]
        wrapped_table(assets)
        st.caption("Manifest")
        st.json(manifest.model_dump(mode="json", exclude={"assets"}), expanded=1)
