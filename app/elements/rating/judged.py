"""Judges of a rating project against people, as a picture, a table and a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app.elements.charts import interval_chart
from audit.app.untrusted import plain, wrapped_table
from audit.ratings.results.judge_figures import judge_figures
from audit.ratings.results.sentences import judge_sentence
from audit.reports.drawing.charts import IntervalRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.ratings.results.judges import JudgeValidity


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
        wrapped_table([{"figure": name, "value": value, "items": items} for name, value, items in judge_figures(one)])
        st.text(judge_sentence(one))
