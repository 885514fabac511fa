"""Page: the checkpoints of a sweep, and how their metrics went over training steps, quantisation levels or time."""

from __future__ import annotations

from collections import Counter
from shlex import quote
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import links, menu, stored
from audit.app.elements.charts import trend_chart
from audit.app.elements.rows import Cell, Column, Sorting, TableRow, rows_table
from audit.app.untrusted import plain, wrapped_table
from audit.core.formatting import ABSENT, counted, estimate, interval, metric_label, number, signed
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.reports.comparison.figures import trend_panel
from audit.reports.comparison.mismatch_text import by_reason
from audit.reports.comparison.series_text import AXES, p_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.app.elements.rows import Tone
    from audit.app.settings import AppSettings
    from audit.core.records import SeriesComparison, SeriesMetric, Sweep, SweptCheckpoint

STATES: dict[str, tuple[str, Tone]] = {
    "audited": ("✓ Audited", "good"),
    "partial": ("! Partial", "warn"),
    "interrupted": ("! Interrupted", "warn"),
    "broken": ("✕ Broken", "bad"),
    "failed": ("✕ Failed", "bad"),
    "being written": ("… Being written", "muted"),
    "audited elsewhere": ("… Audited elsewhere", "muted"),
    "waiting": ("… Waiting", "muted"),
}
NO_TREND, NO_CHANGE = "none shown", "no change shown"
SHOWN = 12
"""Metrics that are drawn before the reader asks for all."""


def page(settings: AppSettings) -> None:
    """The trends of all metrics, their charts, and the checkpoints."""
    if st.session_state.pop("run_to_open", False):
        menu.open_page("overview", run=links.chosen("run") or "")
    links.leave_out("run", "task", "sample")
    found, fault = stored.sweep(settings.runs)
    if found is None:
        _say_none(settings.runs)
        return
    st.title("Sweep", anchor=False)
    states = Counter(one.state for one in found.checkpoints)
    st.markdown(
        plain(
            f"{counted(len(found.checkpoints), 'checkpoint')}: "
            + ", ".join(f"{count:,} {state}" for state, count in states.items())
        )
    )
    if fault is not None:
        st.error(plain(f"Do not believe a comparison. {fault} Repeat the sweep."), icon=":material/dangerous:")
    elif found.trend is None:
        st.info(plain(f"Not compared: {found.no_trend}"), icon=":material/info:")
    else:
        _compared(found, found.trend, settings.runs)
    st.header("Checkpoints", anchor=False)
    _checkpoints(found)


def _say_none(runs: Path) -> None:
    """The page of a folder without a sweep: what to run."""
    st.title("No sweep here yet", anchor=False)
    st.write("A sweep audits every checkpoint that matches and compares them:")
    st.code(f"audit sweep 'ckpts/step-*' --out {quote(str(runs))}", language="bash", wrap_lines=True)


def _compared(found: Sweep, trend: SeriesComparison, runs: Path) -> None:
    """The trends in a table, a chart for each metric, and what was not compared."""
    compared = [one for one in trend.metrics if one.error is None]
    titles = _titles(found, runs)
    if compared:
        st.header(f"Trend by {AXES[found.axis]}", anchor=False)
        wrapped_table([_trend_row(one, trend, titles) for one in compared])
        level = f"{100 * trend.confidence:g} %"
        st.caption(
            f"Change along the least-squares line from the first to the last checkpoint, with its {level} interval; "
            "p-values are adjusted for all metrics (Benjamini–Hochberg). A metric changed at a checkpoint where its "
            "difference from the one before is shown, adjusted for all such steps of the metric (Holm)."
        )
        _charts(compared, trend, titles)
    for reason, names in by_reason(trend.metrics).items():
        st.warning(plain(f"Not compared: {', '.join(names)}: {reason}"), icon=":material/warning:")
    if found.left_out:
        st.caption(plain(f"Audited, but too many to be compared: {', '.join(found.left_out)}"))
    if found.unplaced:
        st.caption(plain(f"Audited, but not compared, with no {AXES[found.axis]}: {', '.join(found.unplaced)}"))


def _titles(found: Sweep, runs: Path) -> dict[str, str]:
    """Titles of metrics, as the last run that was compared has them."""
    from audit.reports.comparison.titles import titles  # noqa: PLC0415 - only where something is compared

    return titles(RunFolder(runs / (found.compared[-1].run or "")))


def _trend_row(one: SeriesMetric, trend: SeriesComparison, titles: dict[str, str]) -> dict[str, object]:
    line = one.trend
    changed = [f"{trend.runs[step.to].label}: {step.outcome}" for step in one.steps if step.outcome]
    return {
        "Metric": titles.get(metric_label(one)) or metric_label(one),
        "Trend": (line.outcome or NO_TREND) if line else (one.no_trend or NO_TREND),
        "Change": "—" if line is None else signed(line.change, one.unit),
        "Interval": "—" if line is None else interval(line.ci_low, line.ci_high, one.unit),
        "Adjusted p": p_text(line.p_adjusted if line else None),
        "Items": f"{one.n:,}",
        "Changed at": ", ".join(changed) or "—",
    }


def _charts(compared: Sequence[SeriesMetric], trend: SeriesComparison, titles: dict[str, str]) -> None:
    """Each metric over the checkpoints, two next to each other where there is room."""
    st.header("Metrics", anchor=False)
    st.caption(
        "Checkpoints that share a letter are not shown to differ, which does not make them equal (all pairs of a "
        "metric, Holm); the best has an a. A coloured line is a change that is shown."
    )
    everything = len(compared) <= SHOWN or st.toggle(f"All {len(compared):,} metrics", key="sweep_all")
    shown = compared if everything else compared[:SHOWN]
    for place in range(0, len(shown), 2):
        for column, one in zip(st.columns(2, gap="large"), shown[place : place + 2], strict=False):
            with column:
                label = metric_label(one)
                st.markdown(f"**{plain(titles.get(label) or label)}**")
                if label in titles:
                    st.caption(plain(label))
                st.altair_chart(trend_chart(trend_panel(one, trend)))
                with st.expander("Values and changes"):
                    wrapped_table(_values(one, trend))


def _values(one: SeriesMetric, trend: SeriesComparison) -> list[dict[str, object]]:
    steps = {step.to: step for step in one.steps}
    rows: list[dict[str, object]] = []
    for place, (run, value) in enumerate(zip(trend.runs, one.values, strict=True)):
        step = steps.get(place)
        _, ends = estimate(value.value, value.ci_low, value.ci_high, one.unit)
        rows.append(
            {
                "Checkpoint": run.label,
                "Value": number(value.value, one.unit),
                "Interval": ends,
                "Letters": value.letters,
                "Change": signed(step.difference, one.unit) if step else None,
                "Adjusted p": p_text(step.p_adjusted) if step else None,
                "Outcome": (step.outcome or NO_CHANGE) if step else None,
            }
        )
    return rows


def _checkpoints(found: Sweep) -> None:
    """Every checkpoint in a row; one with a run opens it."""
    placed = found.axis != "order"
    columns = [
        Column("Checkpoint and run", "main"),
        *([Column(AXES[found.axis].capitalize(), "number")] if placed else []),
        Column("State"),
        Column("Why", "prose"),
    ]
    rows = [_row(one, placed=placed) for one in found.checkpoints]
    rows_table(
        "Checkpoints", "sweep_table", columns, rows, _open, Sorting("", descending=False, change=lambda _by: None)
    )
    st.caption("A row with a run opens it, by a click or by Enter.")


def _row(one: SweptCheckpoint, *, placed: bool) -> TableRow:
    why = one.reason or (f"same files as {one.same_as}" if one.same_as else "")
    names = [Cell(one.name), *([Cell(one.run, "muted")] if one.run else [])]
    place = [one.at_text or ABSENT] if placed else []
    return TableRow(one.run or f"no run: {one.model}", [names, *place, Cell(*STATES[one.state]), printable(why, 300)])


def _open(key: str) -> None:
    if not key.startswith("no run: "):
        links.choose("run", key)
        st.session_state["run_to_open"] = True
