"""Who looks at the app."""

from __future__ import annotations

import streamlit as st

NAME_KEY = "user_name"


def user() -> str | None:
    """The name that was given in this session; None as long as there is none."""
    name: str | None = st.session_state.get(NAME_KEY)
    return name


def ask_name() -> None:
    """A form for the name; Enter submits it."""
    with st.form("user_form", border=False):
        st.text_input("Your name", key="user_box", max_chars=100)
        st.form_submit_button("Continue", on_click=_keep)


def _keep() -> None:
    st.session_state[NAME_KEY] = st.session_state.get("user_box", "").strip() or None
