"""Which pages there are, and the way from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.navigation.page import Page

PAGES_KEY = "menu_pages"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: the module of its name in ``audit.app.pages`` draws it, and ``/name`` is its address.

    Its function ``page`` takes the run and the settings, or the settings alone.
    """

    name: str
    """Module and address."""
    title: str
    """In the menu."""
    icon: str
    """A Material symbol."""
    of_run: bool = True
    """Whether it is about one run, which the sidebar then lets the reader choose."""


ENTRIES = (
    Entry("runs", "Runs", "folder_open", of_run=False),
    Entry("overview", "Overview", "dashboard"),
    Entry("samples", "Samples", "table_rows"),
    Entry("sample", "Sample", "article"),
    Entry("errors", "Errors", "bug_report"),
    Entry("rate", "Rate", "thumbs_up_down", of_run=False),
    Entry("adjudicate", "Adjudicate", "balance", of_run=False),
    Entry("ratings", "Rating results", "leaderboard", of_run=False),
    Entry("rate_run", "Rate without project", "star_half"),
)
"""In the order of the menu."""


def pages() -> list[Page]:
    """The pages for Streamlit's menu; :func:`open_page` finds them again."""
    from audit.app.frame import framed, unframed  # noqa: PLC0415 - the first reader sees a word before libraries load

    made = {}
    for entry in ENTRIES:
        body = import_module(f"audit.app.pages.{entry.name}").page
        draw = framed(body) if entry.of_run else unframed(body)
        made[entry.name] = st.Page(draw, title=entry.title, icon=f":material/{entry.icon}:", url_path=entry.name)
    st.session_state[PAGES_KEY] = made
    # Streamlit ignores the path of the default page: a hidden one stands there, and every page has its address.
    start = st.Page(partial(_start), title="Start", url_path="start", default=True, visibility="hidden")
    return [start, *made.values()]


def open_page(name: str, **place: str | Sequence[str]) -> None:
    """Switch to another page; not within a callback, where Streamlit cannot.

    Args:
        name: Its name in :data:`ENTRIES`.
        place: The parts of its address; empty ones are left out.
    """
    st.switch_page(
        st.session_state[PAGES_KEY][name], query_params={part: value for part, value in place.items() if value}
    )


def _start() -> None:
    """The address without a page: the overview of the run that it names, else the list of runs."""
    run = st.query_params.get("run")
    open_page("overview", run=run) if run else open_page("runs")
