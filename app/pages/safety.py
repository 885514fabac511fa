"""Page: whom the checkpoint may hurt, probe by probe."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from audit.app import links, menu, stored
from audit.app.elements.results import heading, result_cell
from audit.app.untrusted import is_masked, plain, readable, show_mask, show_text, wrapped_table
from audit.core import words
from audit.core.formatting import counted, metric_label, number
from audit.reports.browsing.selection import Selection
from audit.reports.errors.words import LOOKED_AT
from audit.reports.render.anchors import anchor
from audit.reports.render.face import crossed_table, face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import Decision, Metric, RunManifest, Sample, Suite
    from audit.core.run_folder import RunFolder
    from audit.reports.browsing.sample_index import SampleIndex

SUITE: Suite = "safety"
WORST = 5
"""Samples of a probe that are listed."""
FEW = 10
"""Groups up to which their table is open."""
TALL = 220
"""Pixels of a long text, which then scrolls."""


def page(run: RunFolder, _settings: AppSettings) -> None:
    """All probes on one scale; then one of them: question, sentences, groups, what limits it, its worst samples."""
    links.leave_out("sample")
    st.title("Safety", anchor=False)
    manifest = stored.manifest(run)
    metrics = [metric for metric in stored.metrics(run) if metric.suite == SUITE]
    not_run = [one for one in manifest.not_run if one.suite == SUITE]
    if not_run:
        st.warning(f"{counted(len(not_run), 'probe')} not run: nothing is known about what they look for.")
        wrapped_table([{"Probe": words.task_title(manifest, one.task), "Why": one.reason} for one in not_run])
    if not metrics:
        st.info("This run has no samples yet, or its configuration has no probes.")
        return
    _scale(manifest, metrics, stored.decision(run)[0])
    tasks = {f"{SUITE}/{task}": task for task in dict.fromkeys(metric.task for metric in metrics)}
    chosen = links.pick("task", "Probe", list(tasks), lambda name: words.task_title(manifest, tasks[name]))
    task = tasks[chosen]
    _probe(manifest, [metric for metric in metrics if metric.task == task])
    if (SUITE, task) in stored.tasks(run) and (table := stored.crossed(run, SUITE, task)):
        st.html(crossed_table(table))
    _worst(stored.index(run), chosen)


def _scale(manifest: RunManifest, metrics: Sequence[Metric], decision: Decision | None) -> None:
    """Primary metrics of all probes from worst to best; titles lead to the probe."""
    tasks = {anchor(SUITE, metric.task): f"{SUITE}/{metric.task}" for metric in metrics}

    def href(place: str) -> str:
        return f"safety?{urlencode({'run': manifest.run_id, 'task': tasks[place]})}" if place in tasks else ""

    st.html(face(manifest, metrics, decision, href, sentences=False))


def _probe(manifest: RunManifest, metrics: Sequence[Metric]) -> None:
    """What a probe asks, what it found over all items, and in each group."""
    task = metrics[0].task
    narrow = task in manifest.looked_at
    st.header(plain(words.task_title(manifest, task)), anchor=False)
    question = words.task_question(manifest, task)
    if question:
        st.text(question)
    if narrow:
        st.warning(LOOKED_AT, icon=":material/warning:")
    for metric in metrics:
        if metric.primary and metric.slice is None:
            st.markdown(f"**{plain(words.metric_title(metric))}**: {plain(words.sentence(metric, narrow=narrow))}")
            for note in words.notes(metric, narrow=narrow):
                st.caption(plain(note))
            if metric.note:
                st.caption(plain(readable(metric.note, 1000)))
    parts = [metric for metric in metrics if metric.slice is not None and metric.primary]
    _table("By group", parts, narrow=narrow, expanded=len(parts) <= FEW)
    _table("Further metrics", [one for one in metrics if one.slice is None and not one.primary], narrow=narrow)


def _table(title: str, metrics: Sequence[Metric], *, narrow: bool, expanded: bool = False) -> None:
    if metrics:
        with st.expander(f"{title}: {len(metrics)}", icon=":material/list:", expanded=expanded):
            wrapped_table([_row(metric, narrow=narrow) for metric in metrics])


def _row(metric: Metric, *, narrow: bool) -> dict[str, object]:
    shown = words.figures(metric)
    return {
        "Metric": metric_label(metric),
        "Value": shown.value if metric.error is None else "not computed",
        "Interval": "too narrow" if narrow and shown.interval else shown.interval,
        "Better": words.direction_text(metric),
        "n": metric.n,
        "Why not": metric.error or "",
    }


def _worst(index: SampleIndex, task: str) -> None:
    """The worst samples of a probe, their texts hidden until somebody asks for one."""
    st.header("Worst samples", anchor=False)
    found = index.find(Selection(tasks=(task,), sort="worst"))
    if not len(found):
        st.caption("This probe left no samples.")
        return
    keys = found.page(1, WORST)
    facts = index.facts(keys)
    for key, (sample_id, result, _), sample in zip(keys, facts, index.samples(keys), strict=True):
        with st.container(border=True):
            if _sample(sample, result, str(key)):
                links.keep(Selection(tasks=(task,), sort="worst"))
                links.choose("task", task)
                links.choose("sample", sample_id)
                menu.open_page("sample", **links.here(), task=task, sample=sample_id)
    if st.button(f"All {len(found):,} samples, worst first", icon=":material/table_rows:"):
        links.keep(Selection(tasks=(task,), sort="worst"))
        menu.open_page("samples", **links.here())


def _sample(sample: Sample, result: str, key: str) -> bool:
    """One sample: what it came to and, once it is shown, its texts; whether its page is wanted."""
    masked = is_masked(sample)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(_heading(sample, result, is_masked=masked), width="stretch")
        if masked:
            show_mask(sample, f"show_{key}", shortcut=None, inline=True)
        is_wanted = st.button("Open", key=f"open_{key}", icon=":material/article:")
    kinds: dict[str, int] = {}
    for finding in sample.findings:
        kinds[str(finding.kind)] = kinds.get(str(finding.kind), 0) + 1
    if kinds:
        said = ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items()))
        st.caption(plain(f"Personal data found, by kind: {said}."))
    if not masked:
        _texts(sample)
    return is_wanted


def _heading(sample: Sample, result: str, *, is_masked: bool) -> str:
    """What it came to: for what a probe looks for a word, and by how much."""
    if result not in ("found", "not found"):
        return heading(sample, result, is_masked=is_masked)
    choice = sample.choice
    gap = f", gap of {number(choice.gap, 'nats')} {choice.gap_unit}" if choice and choice.gap is not None else ""
    return result_cell(result).text + gap


def _texts(sample: Sample) -> None:
    prompt, output = st.columns(2, gap="medium")
    with prompt:
        st.caption("Prompt")
        show_text(sample.prompt, absent="none", height=TALL)
    with output:
        st.caption("Output")
        show_text(sample.output, absent="Nothing came back, or it was not kept.", height=TALL)
