"""Who is at the browser: the name that a person typed, kept as long as the session."""

from __future__ import annotations

import streamlit as st

from audit.app.settings import AppSettings
from audit.core.errors import AuditError
from audit.ratings import known_raters, spelling

RATER_KEY, FAULT_KEY = "rater", "name_fault"


def user() -> str | None:
    """The name that was typed; None where :func:`ask_name` is to be called."""
    typed: str | None = st.session_state.get(RATER_KEY)
    return typed or None


def ask_name() -> None:
    """A form, so that Enter ends the typing: in a box that keeps the focus, rating keys would go on with the name."""
    with st.form("rater_form", border=False):
        st.text_input("Your name", key="rater_box", max_chars=100)
        st.form_submit_button("Start", type="primary", on_click=_start)
    fault = st.session_state.pop(FAULT_KEY, None)
    if fault:
        st.error("The name could not be kept:", icon=":material/error:")
        st.text(fault)
    st.info("Ratings are stored under your name, which also decides the order in which you see the outputs.")


def _start() -> None:
    """Keep the name, in the spelling that the person has used before."""
    known = known_raters(AppSettings.from_environment().database_url)
    try:
        st.session_state[RATER_KEY] = spelling(st.session_state.get("rater_box", ""), known)
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
