"""A button that leads to the comparison of a run with another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app import menu

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder


def compare_link(run: RunFolder, task: str | None = None) -> None:
    """The button; the page that it opens says so where there is no other run.

    Args:
        run: The run that is looked at.
        task: The task whose items are then listed, as ``suite/task``.
    """
    if st.button("Compare with …", key="compare_link", icon=":material/compare_arrows:"):
        menu.open_page("compare", **{"run": run.path.name, "in": task or ""})
