"""Buttons that turn pages."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.app.drawn import button, drawn


def _page() -> None:
    import streamlit as st

    from audit.app.elements.paging import page_buttons

    st.session_state.setdefault("page", 3)
    page_buttons(st.session_state["page"], 120, lambda page: st.session_state.update(page=page))
    page_buttons(1, 50, lambda _: None)  # one page: no second pair of buttons


def test_the_last_page_says_what_it_holds_and_turns_back() -> None:
    test = drawn(AppTest.from_function(_page, default_timeout=300).run())
    assert [caption.value for caption in test.caption] == ["101 to 120 of 120 · page 3 of 3"]
    assert button(test, "Next page").disabled
    assert len(test.button) == 2
    drawn(button(test, "Previous page").click().run())
    assert [caption.value for caption in test.caption] == ["51 to 100 of 120 · page 2 of 3"]
    assert not button(test, "Next page").disabled
