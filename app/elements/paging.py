"""Buttons that turn the pages of a list, and which entries are on this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE_SIZE = 50
"""Entries on a page: more than anybody reads at once, few enough to be drawn at once."""


def page_buttons(page: int, total: int, turn: Callable[[int], None]) -> None:
    """The buttons; nothing where one page holds everything.

    Args:
        page: The one that is shown, counted from 1.
        total: Entries on all pages.
        turn: Given the page to show, before the page is drawn again.
    """
    pages = -(-total // PAGE_SIZE)
    if pages <= 1:
        return
    first = PAGE_SIZE * (page - 1) + 1
    with st.container(horizontal=True, vertical_alignment="center"):
        for label, key, target in (("Previous page", "Left", page - 1), ("Next page", "Right", page + 1)):
            there = 1 <= target <= pages
            st.button(label, key=f"turn_{key}", shortcut=key, disabled=not there, on_click=turn, args=(target,))
        last = min(first + PAGE_SIZE - 1, total)
        st.caption(f"{first:,} to {last:,} of {total:,} · page {page:,} of {pages:,}")
