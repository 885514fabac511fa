"""Judges of a rating project against people, as a picture, a table and a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app.elements.charts import interval_chart
from audit.app.untrusted import plain, wrapped_table
from audit.core.formatting import estimate_text
from audit.ratings.results.sentences import judge_sentence
from audit.reports.drawing.charts import IntervalRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.ratings.results.judges import JudgeValidity
    from audit.stats.interval import Interval


def show_judges(found: Sequence[JudgeValidity]) -> None:
    """Each judge's agreement with people, question by question; nothing where no checkpoint has judged."""
    if not found:
        return
    st.header("Judges against people", anchor=False)
    st.caption(
        "A judge is a checkpoint that answered the same questions (audit ratings judge). Its answers count in no "
        "result. Cohen's kappa with people's answer: 0 by chance, 1 complete."
    )
    rows = [
        IntervalRow(
            f"{one.judge} by {one.by}, {one.question}", one.agreement.value, ends.low, ends.high, n=one.agreement.items
        )
        for one in found
        if one.agreement.value is not None and (ends := one.agreement.interval) is not None
    ]
    if rows:
        st.altair_chart(interval_chart(rows, unit="agreement", title="agreement with people", reference=0))
    for one in found:
        st.markdown(f"**{plain(one.judge)}** by {one.by}, {plain(one.question)}")
        wrapped_table([{"figure": name, "value": value, "items": items} for name, value, items in _figures(one)])
        st.text(judge_sentence(one))


def _figures(one: JudgeValidity) -> Iterable[tuple[str, str, int]]:
    agreed = one.agreement
    yield agreed.name, agreed.why_none or _estimate(agreed.value, agreed.interval), agreed.items
    if one.correlation is not None:
        ranks = one.correlation
        yield "rank correlation", ranks.why_none or _estimate(ranks.value, ranks.interval), ranks.outputs
    if one.bias is not None:
        yield "bias in points", _estimate(one.bias.bias, one.bias.interval), one.bias.items
    if one.side is not None:
        yield "share for side A", _estimate(one.side.share, one.side.interval), one.side.preferences
        yield "same answer in both orders", _estimate(one.same_in_both_orders, one.same_interval), one.judged
    yield "without an answer", "", one.unanswered
    yield "people's answers tied", "", one.undecided


def _estimate(value: float | None, interval: Interval | None) -> str:
    low, high = (interval.low, interval.high) if interval else (None, None)
    return estimate_text(value, low, high)
