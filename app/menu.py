"""Which pages there are, and the way from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import streamlit as st

from audit.core.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.navigation.page import Page

    from audit.ratings.projects.roles import Role

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
    roles: tuple[Role, ...] = ("viewer",)
    """Any of them opens it, where people sign in; a page about a run needs ``viewer``, too."""

    def is_open(self, mine: frozenset[Role]) -> bool:
        """Whether roles open it."""
        return not mine.isdisjoint(self.roles) and not (self.of_run and "viewer" not in mine)


ENTRIES = (
    Entry("runs", "Runs", "folder_open", of_run=False),
    Entry("sweep", "Sweep", "timeline", of_run=False),
    Entry("overview", "Overview", "dashboard"),
    Entry("compare", "Compare", "compare_arrows"),
    Entry("samples", "Samples", "table_rows"),
    Entry("sample", "Sample", "article"),
    Entry("errors", "Errors", "bug_report"),
    Entry("safety", "Safety", "shield"),
    Entry("explanations", "Explanations", "lightbulb"),
    Entry("decision", "Decision", "gavel"),
    Entry("rate", "Rate", "thumbs_up_down", of_run=False, roles=("rater",)),
    Entry("adjudicate", "Adjudicate", "balance", of_run=False, roles=("adjudicator",)),
    Entry("ratings", "Rating results", "leaderboard", of_run=False, roles=("viewer", "rater", "adjudicator", "admin")),
    Entry("rate_run", "Rate without project", "star_half", roles=("rater", "adjudicator")),
    Entry("admin", "Admin", "admin_panel_settings", of_run=False, roles=("admin",)),
)
"""In the order of the menu."""


def pages() -> list[Page]:
    """The pages for Streamlit's menu; :func:`open_page` finds them again.

    Those that the reader may not see are not in the menu. At their addresses their frame says whom to ask.
    """
    frame = import_module("audit.app.frame")  # only now: the first reader sees a word before libraries load
    mine, made = _my_roles(), {}
    for entry in ENTRIES:
        body = import_module(f"audit.app.pages.{entry.name}").page
        draw = (frame.framed if entry.of_run else frame.unframed)(body, *entry.roles)
        made[entry.name] = st.Page(
            draw,
            title=entry.title,
            icon=f":material/{entry.icon}:",
            url_path=entry.name,
            visibility="visible" if entry.is_open(mine) else "hidden",
        )
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
    """The address without a page: the overview of the run that it names, else the first page of the reader's menu."""
    mine, run = _my_roles(), st.query_params.get("run")
    first = next((entry.name for entry in ENTRIES if entry.is_open(mine)), "runs")
    open_page("overview", run=run) if run and first == "runs" else open_page(first)


def _my_roles() -> frozenset[Role]:
    """The reader's roles; none where they cannot be read, which the frame of the page then says."""
    from audit.app import access  # noqa: PLC0415 - the first reader sees a word before libraries load

    try:
        return access.roles()
    except AuditError:
        return frozenset()
