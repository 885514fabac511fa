"""Attributions of a sample on a page: the most faithful ones next to each other, all folded, and how far they agree.

:mod:`audit.reports.attribution.views` makes the pictures harmless, as for the report card; ``st.html`` sanitizes
once more and runs no script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from markupsafe import Markup

from audit.app.untrusted import plain, readable, wrapped_table
from audit.core.formatting import number
from audit.reports.attribution.agreement import correlation_text, mean_agreement
from audit.reports.attribution.counterfactuals import sentences
from audit.reports.attribution.heatmap import strongest_features
from audit.reports.attribution.order import by_sample, is_worth_showing
from audit.reports.attribution.views import comparison, style, view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Attribution
    from audit.reports.attribution.views import View

BELIEF_ICONS = {"believable": ":material/verified:", "weak": ":material/help:", "do not believe": ":material/block:"}
BELIEF_COLOURS = {"believable": "green", "weak": "orange", "do not believe": "red"}
SIDE_BY_SIDE = 2
"""Methods that are open next to each other; a third column would be too narrow for a prompt."""
NOTHING_OPEN = "None of these explanations is reliable, so all are folded."


def show(attributions: Sequence[Attribution]) -> None:
    """All attributions of one sample: those that may be believed next to each other, everything else folded.

    An attention sink, and what is not to be believed, is never open.

    Args:
        attributions: Of one sample.
    """
    st.html(style())
    for place, group in enumerate(by_sample(attributions)):
        opened = [one for one in group if is_worth_showing(one)][:SIDE_BY_SIDE] if place == 0 else []
        if len(opened) == 1:
            _one(opened[0])
        elif opened:
            _side_by_side(opened)
        elif place == 0:
            st.info(NOTHING_OPEN, icon=BELIEF_ICONS["do not believe"])
        _compare(group)
        for attribution in group if len(opened) != 1 else [one for one in group if one is not opened[0]]:
            label = f"{plain(attribution.method)} · {attribution.verdict}"
            with st.expander(label, icon=BELIEF_ICONS[attribution.verdict]):
                _one(attribution)


def _side_by_side(opened: Sequence[Attribution]) -> None:
    """The heat maps of several methods, the most faithful first; each has a fold with its numbers further down."""
    _target(opened[0])
    for column, attribution in zip(st.columns(len(opened), gap="medium"), opened, strict=True):
        with column:
            _map(attribution, view(attribution))


def panel(*parts: Markup) -> Markup:
    """Pictures on their ground.

    Args:
        parts: Of :mod:`audit.reports.attribution.views`.
    """
    return Markup('<div class="attribution">{}</div>').format(Markup("").join(parts))


def _compare(group: Sequence[Attribution]) -> None:
    """Rank agreement and values of the methods compared, where there are several."""
    grids = comparison(group)
    if not grids:
        return
    agreement = mean_agreement(group)
    mean = f": mean rank agreement {correlation_text(agreement)}" if agreement is not None else ""
    st.markdown(f"**Methods compared{mean}**")
    st.html(panel(*grids))


def _one(attribution: Attribution) -> None:
    """One method: verdict, coloured prompt, waterfall, matrix, heads, numbers."""
    shown = view(attribution)
    _target(attribution)
    _map(attribution, shown)
    for sentence in sentences(attribution):
        st.text(sentence)
    _more(shown)
    _numbers(shown)


def _target(attribution: Attribution) -> None:
    """What is explained."""
    against = f"\nRather than: {readable(attribution.against, 300)}" if attribution.against else ""
    st.text(f"Target: {readable(attribution.target, 300)}{against}")


def _map(attribution: Attribution, shown: View) -> None:
    """Method and verdict, the coloured prompt, and its strongest features."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(attribution.method)}**", width="content")
        colour = BELIEF_COLOURS[attribution.verdict]
        st.badge(attribution.verdict, color=colour, icon=BELIEF_ICONS[attribution.verdict])  # type: ignore[arg-type] # one of its colours
    st.caption(shown.meaning)
    st.html(panel(shown.legend, shown.heat_map))
    strongest = ", ".join(f"“{text}” {moved}" for text, moved in strongest_features(attribution))
    st.text(f"Strongest: {strongest or 'nothing moved the target'}")


def _more(shown: View) -> None:
    """Waterfall and matrix; heads behind a fold."""
    if shown.waterfall is not None:
        st.html(panel(shown.waterfall))
    if shown.matrix is not None:
        with st.expander("Input × output", icon=":material/grid_on:", expanded=True):
            st.html(panel(shown.matrix))
    if shown.heads:
        with st.expander("Attention heads", icon=":material/visibility:"):
            st.html(panel(*shown.heads))
    for remark in shown.left_out:
        st.caption(plain(remark))


def _numbers(shown: View) -> None:
    """What was measured, and what it cost."""
    attribution = shown.attribution
    with st.expander("Faithfulness and numbers", icon=":material/science:"):
        st.caption(shown.measures_legend)
        wrapped_table([{"Measure": one.name, "Unit": one.unit, "Value": one.text} for one in shown.measures])
        baseline = number(attribution.baseline_log_prob, "nats")
        log_prob = number(attribution.target_log_prob, "nats")
        st.text(f"Log-probability of the target: {log_prob} nats; with everything masked: {baseline} nats.")
        st.text(f"{attribution.evaluations:,} forward passes, {attribution.seconds:.1f} s.")
        st.text(f"Chosen as: {readable(attribution.reason)}.")
        if attribution.note:
            st.text(readable(attribution.note))
