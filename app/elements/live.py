"""A run that goes on: how far it is, and the page drawn again when it has written something."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access, stored
from audit.core.formatting import counted, duration_text
from audit.reports.browsing import run_list

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder
    from audit.reports.browsing.run_list import RunSummary

REFRESH_SECONDS = 5
"""How often a run that goes on is looked at."""


def progress_text(one: RunSummary, now: datetime) -> str:
    """How far a run is that goes on, and what to do where it has probably stopped.

    Args:
        one: The run.
        now: The time.
    """
    done = f"{counted(len(one.tasks), 'task')} done"
    since = f"last written {duration_text(now - one.written)} ago" if one.written else "nothing written yet"
    resume = ": if it was interrupted, resume it with audit run --resume" if one.is_silent(now) else ""
    return f"{done}, {since}{resume}"


def watch(run: RunFolder) -> None:
    """Where a run goes on, say so, and draw the page again when a task is done or the run has ended."""
    if stored.manifest(run).status == "running":
        st.fragment(_look, run_every=REFRESH_SECONDS)(run, _stamp(run))


def _look(run: RunFolder, before: tuple[object, ...]) -> None:
    if not access.may("viewer"):  # the role may be gone since the page was drawn
        return
    if _stamp(run) != before:
        st.rerun()
    one = run_list.summary(run.path)
    st.info(f"This run is in progress: {progress_text(one, datetime.now(UTC))}.", icon=":material/progress_activity:")


def _stamp(run: RunFolder) -> tuple[object, ...]:
    """What changes when a task is done; not the journal, which changes with every answer."""
    return tuple(part for part in run_list.stamp(run.path) if "journal" not in str(part))
