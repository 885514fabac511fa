"""Page: a run next to another one: what changed, by how much, and in which items."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from audit.app import access, links, menu, stored
from audit.app.elements import live
from audit.app.elements.changed import TO_SAMPLE_KEY, show_items
from audit.app.frame import run_label
from audit.app.untrusted import plain, wrapped_table
from audit.core.formatting import counted, estimate, metric_label, number, signed
from audit.core.run_folder import RunFolder
from audit.reports.browsing.other_run import others, usual_other
from audit.reports.comparison.mismatch_text import by_reason, mismatch_rows, outcome_text
from audit.reports.comparison.series_text import p_text
from audit.reports.comparison.shifts import TESTS, picture
from audit.reports.errors.words import LOOKED_AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import Comparison, MetricDifference


def page(run: RunFolder, settings: AppSettings) -> None:
    """Which runs, the differences of their metrics, and the items that changed; or one item side by side."""
    if TO_SAMPLE_KEY in st.session_state:
        menu.open_page("sample", **st.session_state.pop(TO_SAMPLE_KEY))
    links.leave_out("sample")
    name = run.path.name
    other = _other(name, run, settings)
    if other is None:
        return
    access.log("opened", page="compare", run=name, baseline=other.path.name)
    invalid = stored.fault(other)
    if invalid:
        st.error(plain(f"Do not believe the numbers of the baseline. {invalid}"), icon=":material/dangerous:")
    index = stored.pairs(other, run)
    if links.chosen("item") is None:
        st.title("Compare", anchor=False)
        _sides(other, run)
        for one in (other, run):
            live.watch(one)
        if not invalid:
            _metrics(other, run)
    show_items(index, other, run)


def _other(name: str, run: RunFolder, settings: AppSettings) -> RunFolder | None:
    """The run to compare with, by a box in the sidebar; None, and why, where there is none."""
    summaries = stored.summaries(settings.runs)
    offered = others(name, summaries)
    if not offered:
        st.title("Compare", anchor=False)
        st.info("There is no other run in this folder to compare with. This audits another checkpoint:")
        st.code(f"audit run --model PATH --out {quote(str(settings.runs))}", language="bash", wrap_lines=True)
        return None
    wanted = links.chosen("with")
    if wanted is not None and wanted not in (name, *offered):
        st.title("This run is not here", anchor=False)
        st.error(plain(f"There is no run {wanted} in this folder to compare with."), icon=":material/link_off:")
        st.button("Compare with another run", type="primary", on_click=links.choose, args=("with", None))
        return None
    usual = usual_other(name, summaries, stored.decision(run)[0])
    options = [usual, *(one for one in offered if one != usual)] if usual else offered
    with st.sidebar:
        found = links.pick("with", "Compare with", options, run_label)
        st.caption(plain(found))
        st.button("Swap", icon=":material/swap_horiz:", on_click=_swap, args=(name, found))
    return RunFolder.open(settings.runs / found)


def _swap(name: str, other: str) -> None:
    """Make the baseline the run that is looked at, and the other way round."""
    links.choose("item", None)
    links.choose("run", other)
    links.choose("with", name)


def _sides(baseline: RunFolder, candidate: RunFolder) -> None:
    """Both runs in a line each."""
    rows = []
    for side, run in (("Baseline", baseline), ("This run", candidate)):
        manifest = stored.manifest(run)
        precision = ", ".join(part for part in (manifest.model.dtype, manifest.model.quantization) if part)
        rows.append(
            {
                "Role": side,
                "Checkpoint": manifest.model.name,
                "Ran in": precision,
                "Started, UTC": f"{manifest.started:%Y-%m-%d %H:%M}",
                "Status": manifest.status,
                "Run": run.path.name,
            }
        )
    wrapped_table(rows)


def _metrics(baseline: RunFolder, candidate: RunFolder) -> None:
    """Differences as ``audit compare`` finds them, or its one line on why there are none."""
    found, reason = stored.comparison(baseline, candidate)
    if found is None:
        st.error(plain(reason or ""), icon=":material/error:")
        return
    compared = [one for one in found.differences if one.error is None]
    st.header("Metrics", anchor=False)
    if not found.differences:
        st.warning("The runs have no metric in common: nothing was compared.", icon=":material/warning:")
    elif compared:
        _draw(found, candidate)
    _not_compared(found, expanded=not compared)
    _mismatches(found)
    if compared:
        _every_number(baseline, candidate)


def _draw(found: Comparison, candidate: RunFolder) -> None:
    place = {name: links.chosen(name) or "" for name in ("run", "with")}

    def items_of(task: str) -> str:
        return f"compare?{urlencode({**place, 'in': task})}"

    st.html(picture(found, stored.manifest(candidate), stored.metrics(candidate), items_of))
    level = f"{100 * found.confidence:g} %"
    st.caption(
        f"This run minus the baseline, on the items that both have scored. Better and worse need a {level} interval "
        f"without 0 and a p-value of at most {1 - found.confidence:.2g} when adjusted for all metrics "
        "(Benjamini–Hochberg)."
    )
    narrow = sorted({one.task for one in found.differences} & {*found.looked_at})
    if narrow:
        st.warning(plain(f"{', '.join(narrow)}: {LOOKED_AT}"), icon=":material/warning:")


def _not_compared(found: Comparison, *, expanded: bool) -> None:
    reasons = by_reason(found.differences)
    if reasons:
        count = counted(sum(map(len, reasons.values())), "metric")
        with st.expander(f"Not compared: {count}, and why", icon=":material/warning:", expanded=expanded):
            wrapped_table([{"Metrics": ", ".join(names), "Why": reason} for reason, names in reasons.items()])
    for side, names in (("the baseline", found.only_baseline), ("this run", found.only_candidate)):
        if names:
            st.caption(plain(f"Only in {side}: {', '.join(names)}"))


def _mismatches(found: Comparison) -> None:
    """In what else the runs differ."""
    if found.mismatches:
        with st.expander(f"What else differs: {len(found.mismatches)}", icon=":material/difference:"):
            wrapped_table(mismatch_rows(found.mismatches))


def _every_number(baseline: RunFolder, candidate: RunFolder) -> None:
    """The differences of all metrics and slices, once somebody asks: they take seconds in large runs."""
    with st.expander("All metrics and slices, with tests", icon=":material/list:"):
        if not st.toggle("Compare them, as `audit compare --all` does", key="compare_all"):
            return
        found, reason = stored.comparison(baseline, candidate, everything=True)
        if found is None:
            st.error(plain(reason or ""), icon=":material/error:")
            return
        wrapped_table(_rows([one for one in found.differences if one.error is None]))
        st.caption(f"P-values are adjusted for all {len(found.differences):,} metrics and slices.")


def _rows(compared: Sequence[MetricDifference]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one in compared:
        _, ends = estimate(one.difference, one.ci_low, one.ci_high, one.unit)
        rows.append(
            {
                "Metric": metric_label(one),
                "Outcome": outcome_text(one),
                "Baseline": number(one.baseline, one.unit),
                "This run": number(one.candidate, one.unit),
                "Difference": signed(one.difference or 0.0, one.unit),
                "Interval": ends,
                "Items": f"{one.n:,}",
                "Up / down": "—" if one.higher is None else f"{one.higher:,} / {one.lower or 0:,}",
                "Adjusted p": p_text(one.p_adjusted),
                "Test": TESTS.get(one.test or "", one.test or "—"),
            }
        )
    return rows
