"""Page: all runs of the folder, the newest first, and how a metric went over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access, links, menu, stored
from audit.app.elements import live
from audit.app.elements.charts import trend_chart
from audit.app.elements.rows import Cell, Column, Sorting, TableRow, rows_table
from audit.app.frame import say_no_runs
from audit.core import words
from audit.core.formatting import counted, estimate_text, metric_label, number
from audit.core.text import printable
from audit.core.units import unit_of
from audit.reports.browsing.run_list import RunSummary, matching
from audit.reports.drawing.charts import NOT_DRAWN, ends_to_draw
from audit.reports.drawing.trend import TrendPanel, TrendPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.elements.rows import Tone
    from audit.app.settings import AppSettings
    from audit.core.records import Metric

REFRESH_SECONDS = 5
"""How often the list is drawn again while a run goes on."""
LOOKING_SECONDS = 1.0
"""For which verdicts are looked at before the list is drawn; the others follow a second at a time."""
SHOWN_METRICS = 3
SIZE = 100
"""Runs on the page at most: the filter finds the others."""
STATUSES: dict[str, tuple[str, Tone]] = {
    "complete": ("✓ Complete", "good"),
    "partial": ("! Partial", "warn"),
    "failed": ("✕ Failed", "bad"),
    "running": ("… Running", "muted"),
}
VERDICTS: dict[str, tuple[str, Tone]] = {
    "PASS": ("✓ PASS", "good"),
    "INCONCLUSIVE": ("? INCONCLUSIVE", "warn"),
    "FAIL": ("✕ FAIL", "bad"),
}
KEYS = "A row opens by a click, or by Enter: Tab leads into the table, ↑ and ↓ walk through it."
CHECKED = "This list compares metrics with their digests. A run that is opened is checked in full, samples included."
LEAST_RUNS, TREND_WIDTH = 2, 520
"""Of a trend; its width in pixels at most."""


def page(settings: AppSettings) -> None:
    """A filter, the table of runs, and the trend of one metric."""
    if st.session_state.pop("run_to_open", False):
        menu.open_page("overview", run=links.chosen("run") or "")
    links.leave_out("run", "task", "sample")
    every = stored.summaries(settings.runs)
    if not every:
        say_no_runs(settings.runs)
        return
    st.title("Runs", anchor=False)
    text = st.text_input(
        "Filter", key="runs_text", placeholder="Model, task, status, verdict or date", icon=":material/search:"
    )
    pace = _pace(*_with_verdicts(settings, every, 0.0))
    st.fragment(_table, run_every=pace)(settings, text, pace)
    _trend(matching(every, text))


def _pace(every: Sequence[RunSummary], unknown: set[str]) -> float | None:
    """Seconds after which the table is drawn again; None where nothing will change by itself."""
    if unknown:
        return LOOKING_SECONDS
    return REFRESH_SECONDS if any(one.is_running for one in every) else None


def _table(settings: AppSettings, text: str, pace: float | None) -> None:
    """The table; drawn again by itself while a run goes on or a verdict is unknown."""
    if not access.may("viewer"):
        st.rerun()  # the role was taken: the frame of the page, which a fragment passes by, says so
    if st.session_state.get("run_to_open"):
        st.rerun()  # a row was opened: the page goes there
    every, unknown = _with_verdicts(settings, stored.summaries(settings.runs), LOOKING_SECONDS)
    if pace is not None and _pace(every, unknown) != pace:
        st.rerun()  # the page alone can set another pace, or none
    found = _sorted(matching(every, text))
    broken = sum(one.fault is not None for one in found)
    said = f"{counted(len(found), 'run')}" + (f", {broken:,} broken" if broken else "")
    st.markdown(f"**{said}**" + (f" of {len(every):,}" if len(found) < len(every) else ""))
    if not found:
        st.info("No run fits this filter.")
        return
    by, descending = st.session_state.get("runs_sort", ("started", True))
    rows_table(
        "Runs",
        "runs_table",
        _columns(),
        [_row(one, unknown) for one in found[:SIZE]],
        _open,
        Sorting(by, descending, _sort),
    )
    if len(found) > SIZE:
        st.caption(f"The first {SIZE:,} are shown: narrow the filter to see others.")
    st.caption(f"{KEYS} {CHECKED}")


def _columns() -> list[Column]:
    return [
        Column("Model and run", "main", sort="model"),
        Column("Status", sort="status"),
        Column("Verdict", sort="verdict"),
        Column("Started, UTC", sort="started", minor=True),
        Column("Main metrics", "prose"),
    ]


def _sort(by: str) -> None:
    before, descending = st.session_state.get("runs_sort", ("started", True))
    st.session_state["runs_sort"] = (by, by == before and not descending)


def _sorted(found: Sequence[RunSummary]) -> list[RunSummary]:
    by, descending = st.session_state.get("runs_sort", ("started", True))

    def key(one: RunSummary) -> str:
        manifest = one.manifest
        values = {
            "status": "broken" if one.fault or manifest is None else manifest.status,
            "verdict": one.verdict or "",
            "model": manifest.model.name if manifest else one.name,
            "started": manifest.started.isoformat() if manifest else "",
        }
        return values[by]

    return sorted(found, key=lambda one: (key(one), one.name), reverse=descending)


def _open(name: str) -> None:
    links.choose("run", name)
    st.session_state["run_to_open"] = True


def _with_verdicts(
    settings: AppSettings, every: Sequence[RunSummary], seconds: float
) -> tuple[list[RunSummary], set[str]]:
    """The runs with their verdicts, and names of those whose verdict was not looked at yet."""
    judged = [one.name for one in every if one.is_judged]
    known = stored.verdicts(settings.runs, judged, seconds)
    return [replace(one, verdict=known.get(one.name)) for one in every], {*judged} - {*known}


def _row(one: RunSummary, unknown: set[str]) -> TableRow:
    manifest, now = one.manifest, datetime.now(UTC)
    if one.fault is not None or manifest is None:
        names = [Cell(manifest.model.name), Cell(one.name, "muted")] if manifest else [Cell(one.name)]
        started = f"{manifest.started:%Y-%m-%d %H:%M}" if manifest else None
        return TableRow(one.name, [names, Cell("✕ Broken", "bad"), None, started, printable(one.fault or "", 300)])
    if one.verdict is not None:
        verdict: Cell | None = Cell(*VERDICTS[one.verdict])
    else:
        verdict = Cell("… checking" if one.name in unknown else "not valid", "muted") if one.is_judged else None
    return TableRow(
        one.name,
        [
            [Cell(manifest.model.name), Cell(one.name, "muted")],
            _status(one, now),
            verdict,
            f"{manifest.started:%Y-%m-%d %H:%M}",
            _metrics_cell(one, now),
        ],
    )


def _status(one: RunSummary, now: datetime) -> Cell:
    if one.is_silent(now):
        return Cell("! Stopped?", "warn")
    if one.manifest and one.manifest.shard and not one.is_running:
        return Cell(one.manifest.shard.name.capitalize(), "muted")
    return Cell(*STATUSES[one.manifest.status]) if one.manifest else Cell("✕ Broken", "bad")


def _metrics_cell(one: RunSummary, now: datetime) -> str | list[Cell]:
    """The first primary metrics; of a run that goes on, how far it is."""
    if one.is_running or one.manifest is None:
        return live.progress_text(one, now)
    shown = [metric for metric in one.metrics if metric.suite != "explain" and metric.value is not None]
    cells: list[Cell] = []
    for metric in shown[:SHOWN_METRICS]:
        if metric.words is None:
            cells.append(Cell(f"{metric_label(metric)} {number(metric.value, metric.unit)}"))
        else:
            cells.append(Cell(f"{words.full_title(one.manifest, metric)} {words.figures(metric).value}"))
    more, tasks = len(shown) - SHOWN_METRICS, counted(len(one.tasks), "task")
    return [*cells, *([Cell(f"and {more} more, of {tasks}", "muted")] if more > 0 else [])]


def _trend(found: Sequence[RunSummary]) -> None:
    """One metric over the runs that the filter finds, in the order of their start."""
    sound = sorted((one for one in found if one.fault is None and one.manifest), key=_started)
    measured: dict[str, list[tuple[RunSummary, Metric]]] = {}
    for one in sound:
        for metric in one.metrics:
            if metric.value is not None and metric.suite != "explain":
                measured.setdefault(metric_label(metric), []).append((one, metric))
    several = {name: points for name, points in measured.items() if _is_comparable(points)}
    if not several:
        return
    st.header("Trend", anchor=False)
    name = st.selectbox(
        "Metric", list(several), format_func=lambda name: _metric_title(name, several[name]), key="trend_metric"
    )
    points = several[name]
    panel = TrendPanel(
        title=name,
        axis="run, by its start",
        unit=unit_of(points[0][1].unit).title,
        suite=points[0][1].suite,
        points=[_point(place, one, metric) for place, (one, metric) in enumerate(points)],
    )
    with st.container(width=TREND_WIDTH):
        st.altair_chart(trend_chart(panel))
    st.caption(
        "Bars are confidence intervals of each run alone. Whether runs differ is tested on the items that they share: "
        "`audit compare RUN RUN RUN`."
    )
    if any(one.manifest and metric.task in one.manifest.looked_at for one, metric in points):
        st.caption(f"{NOT_DRAWN[0].upper()}{NOT_DRAWN[1:]}.")


def _metric_title(name: str, points: Sequence[tuple[RunSummary, Metric]]) -> str:
    """Title and name of a metric, as the newest run words it; the name alone where it has no title."""
    run, metric = points[-1]
    if run.manifest is None or metric.words is None or metric.slice is not None:
        return name
    return f"{words.full_title(run.manifest, metric)} · {name}"


def _is_comparable(points: Sequence[tuple[RunSummary, Metric]]) -> bool:
    return len(points) >= LEAST_RUNS and len({metric.unit for _, metric in points}) == 1


def _started(one: RunSummary) -> str:
    return one.manifest.started.isoformat() if one.manifest else ""


def _point(place: int, one: RunSummary, metric: Metric) -> TrendPoint:
    manifest = one.manifest
    ends = ends_to_draw(metric.task, (metric.ci_low, metric.ci_high), manifest.looked_at if manifest else ())
    text = estimate_text(metric.value, *ends, metric.unit)
    label = f"{manifest.started:%m-%d %H:%M}" if manifest else one.name
    value = metric.value if metric.value is not None else 0.0
    return TrendPoint(place, label, value, *ends, text=f"{printable(one.name, 60)}: {text}")
