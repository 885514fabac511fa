"""Page: where a task goes wrong, and how."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import links, menu, stored
from audit.app.elements.charts import ON_DARK, curve_chart, interval_chart
from audit.app.elements.compare_link import compare_link
from audit.app.untrusted import plain, wrapped_table
from audit.core.formatting import counted, estimate, number
from audit.core.words import task_title
from audit.reports.browsing.selection import Selection
from audit.reports.drawing.charts import NOT_DRAWN, SUITE_COLOURS
from audit.reports.drawing.curves import reliability_chart, risk_chart
from audit.reports.errors.words import (
    LOOKED_AT,
    answer_lines,
    calibration_lines,
    calibration_rows,
    format_lines,
    group_label,
    option_lines,
    search_lines,
)
from audit.reports.render.error_figures import found_rows, reliability_points, risk_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import RunManifest
    from audit.core.run_folder import RunFolder
    from audit.reports.errors.analysis import ErrorAnalysis
    from audit.reports.errors.answers import AnswerTable
    from audit.reports.errors.calibrated import ConfidenceAnalysis

CURVE_HEIGHT = 380
"""Pixels of a curve, axes included."""


def page(run: RunFolder, _settings: AppSettings) -> None:
    """The error analysis of one task."""
    links.leave_out("sample")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Errors", anchor=False, width="stretch")
        compare_link(run, links.chosen("task"))
    tasks = {f"{suite}/{task}": (suite, task) for suite, task in stored.tasks(run)}
    if not tasks:
        st.info("This run has no samples yet.")
        return
    suite, task = tasks[links.pick("task", "Task", list(tasks), partial(_label, stored.manifest(run)))]
    analysis = stored.analysis(run, suite, task)
    if analysis is None:
        return
    _samples_link(run, f"{suite}/{task}")
    looked_at = stored.manifest(run).looked_at
    if task in looked_at:
        st.warning(LOOKED_AT, icon=":material/warning:")
    if analysis.overall is None:
        st.info("None of the samples of this task could be scored.")
    else:
        _groups(analysis, narrow=task in looked_at)
    if analysis.formats:
        _lines("Answers that could not be read", format_lines(analysis.formats))
    if analysis.answers:
        _answers(analysis.answers)
    if analysis.options:
        _lines("Position and length of options", option_lines(analysis.options))
    if analysis.calibration:
        _calibration(analysis.calibration, SUITE_COLOURS[suite])
    left, right = st.columns(2, gap="large")
    with left:
        _counts("Flags", analysis.flags, "No sample of this task carries a flag.")
    with right:
        _counts("Why samples could not be scored", analysis.errors, "All samples of this task are scored.")


def _label(manifest: RunManifest, name: str) -> str:
    """Title and name of a task; the name alone where it has no title. No two are equal."""
    title = task_title(manifest, name.partition("/")[2])
    return name if title in name else f"{title} · {name}"


def _samples_link(run: RunFolder, task: str) -> None:
    """A button that lists the wrong answers, or all samples where answers are not right or wrong."""
    index = stored.index(run)
    wrong, every = (Selection(tasks=(task,), result=result, sort="worst") for result in ("wrong", None))
    count = len(index.find(wrong))
    label = counted(count, "wrong answer") if count else counted(len(index.find(every)), "sample")
    if st.button(f"{label}, worst first", key="list_samples", icon=":material/table_rows:"):
        links.keep(wrong if count else every)
        menu.open_page("samples", **links.here())


def _groups(analysis: ErrorAnalysis, *, narrow: bool) -> None:
    st.header("Where errors gather" if analysis.quantity == "error rate" else "Groups that differ", anchor=False)
    first, *others = search_lines(analysis.search, analysis.quantity, analysis.unit)
    st.markdown(plain(first))
    for line in others:
        st.caption(plain(line))
    found, overall = analysis.search.groups, analysis.overall
    if not found or overall is None:
        return
    rows = found_rows(analysis, narrow=narrow)
    st.altair_chart(interval_chart(rows, unit=analysis.unit, title=analysis.quantity, reference=overall.value))
    bars = f"{NOT_DRAWN[0].upper()}{NOT_DRAWN[1:]}" if narrow else "Bars are confidence intervals that hold together"
    st.caption(f"{bars}; the dashed line is the value over all samples.")
    unit = analysis.unit
    lines = []
    for group in found:
        low, high = (None, None) if narrow else (group.difference.low, group.difference.high)
        difference, span = estimate(group.value - group.rest, low, high, unit)
        lines.append(
            {
                "Group": group_label(group),
                "Value": number(group.value, unit, group.rest),
                "Rest": number(group.rest, unit, group.value),
                "Difference": difference,
                "Interval": span,
                "n": group.n,
            }
        )
    wrapped_table(lines)
    _examples(analysis)


def _examples(analysis: ErrorAnalysis) -> None:
    """A button per group that opens its worst sample."""
    st.caption("Open the worst sample of a group:")
    with st.container(horizontal=True):
        for place, group in enumerate(analysis.search.groups):
            if st.button(plain(group_label(group)), key=f"group_{place}", icon=":material/article:"):
                links.keep(Selection())  # of all samples, whatever was filtered before
                task, sample = f"{analysis.suite}/{analysis.task}", group.examples[0]
                links.choose("task", task)
                links.choose("sample", sample)
                menu.open_page("sample", **links.here(), task=task, sample=sample)


def _answers(found: AnswerTable) -> None:
    """Sentences, and the table of right against given answers."""
    st.header("Answers" if found.of == "answer" else "Positions of chosen options", anchor=False)
    for line in answer_lines(found):
        st.markdown(plain(line))
    labels = [row.label or "(empty)" for row in found.rows]
    st.caption(f"Samples by right {found.of} (rows) and given {found.of} (columns):")
    lines = [
        {
            "right": label,
            **{f"given: {one}": count for one, count in zip(labels, counts, strict=True)},
            "all": row.right,
        }
        for label, counts, row in zip(labels, found.confusion, found.rows, strict=True)
    ]
    given = {f"given: {label}": row.given for label, row in zip(labels, found.rows, strict=True)}
    wrapped_table([*lines, {"right": "all given", **given, "all": found.n}])


def _lines(title: str, lines: Sequence[str]) -> None:
    st.header(title, anchor=False)
    for line in lines:
        (st.caption if line.startswith("Not tested") else st.markdown)(plain(line))


def _calibration(found: ConfidenceAnalysis, colour: str) -> None:
    """Sentences, the two curves, and all measures."""
    st.header("Calibration", anchor=False)
    first, *others = calibration_lines(found)
    st.markdown(plain(first))
    for line in others:
        st.caption(plain(line))
    if found.refused:
        return
    shown = ON_DARK[colour] if st.context.theme.type == "dark" else colour
    left, right = st.columns(2, gap="large")
    with left:
        st.altair_chart(curve_chart(reliability_chart(reliability_points(found), shown), CURVE_HEIGHT))
        st.caption("On the dashed line a checkpoint is right as often as it is sure. Bars are confidence intervals.")
    with right:
        st.altair_chart(curve_chart(risk_chart(risk_points(found), 1 - found.right, shown), CURVE_HEIGHT))
        st.caption("Error rate among the most confident answers; the dashed line is that of all answers.")
    with st.expander("Measures of calibration"):
        wrapped_table(
            [
                {"Measure": row.measure, "Value": row.value, "Compare with": row.compared}
                for row in calibration_rows(found)
            ]
        )


def _counts(title: str, counts: dict[str, int], none: str) -> None:
    st.markdown(f"**{title}**")
    if counts:
        wrapped_table([{"What": what.replace("_", " "), "Samples": count} for what, count in counts.items()])
    else:
        st.caption(none)
