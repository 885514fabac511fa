"""What drives answers across samples, on a page; words of hidden texts are shown when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app.untrusted import plain, wrapped_table
from audit.reports.render import drivers as rendering

if TYPE_CHECKING:
    from audit.core.records import Drivers


def show(drivers: Drivers | None) -> None:
    """Sentences by kind of answer, and a table of what was found.

    Args:
        drivers: Of a run; None where it looked for nothing.
    """
    if drivers is None:
        return
    st.header("What drives answers", anchor=False)
    for sentence in rendering.sentences(drivers):
        st.text(sentence)
    rows, hidden = rendering.rows(drivers, hidden=False), rendering.rows(drivers, hidden=True)
    if hidden and st.toggle(f"Show words of hidden texts (may be offensive): {len(hidden)}", key="show_drivers"):
        rows += hidden
    if rows:
        wrapped_table(
            [
                {
                    "Answers": row.answers,
                    "Word or part": row.name,
                    "Kind": row.kind,
                    "Samples": row.samples,
                    "Mean value, nats": row.value,
                    "q": row.q,
                }
                for row in rows
            ]
        )
    st.caption(plain(rendering.reading(drivers)))
