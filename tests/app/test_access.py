"""The name that a reader gives."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.app.drawn import button, drawn


def _page() -> None:
    import streamlit as st

    from audit.app import access

    if access.user() is None:
        access.ask_name()
    else:
        st.text(access.user())


def test_a_name_is_kept_for_the_session_and_blanks_are_none() -> None:
    test = drawn(AppTest.from_function(_page).run())
    for name, said in (("  ", []), ("  Ada ", ["Ada"])):
        test.text_input(key="user_box").set_value(name)
        drawn(button(test, "Continue").click().run())
        assert [text.value for text in test.text] == said
