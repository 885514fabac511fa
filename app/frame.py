"""What every page starts with: the chosen run, and what to say when there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import links, stored
from audit.app.settings import AppSettings
from audit.app.untrusted import plain
from audit.core.errors import AuditError
from audit.core.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_RUN_NAME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)\d\dZ-(.+)-([0-9a-f]{6})")


def framed(body: Callable[[RunFolder, AppSettings], None]) -> Callable[[], None]:
    """A page around ``body``: the sidebar, the chosen run, and errors that a user can act on as one line."""

    def page() -> None:
        settings = AppSettings.from_environment()
        try:
            run = choose_run(settings.runs)
            if run is None:
                say_no_runs(settings.runs)
                return
            invalid = stored.fault(run)
            if invalid:
                st.error(plain(f"Do not believe these numbers. {invalid}"), icon=":material/dangerous:")
            body(run, settings)
        except AuditError as error:
            st.error(plain(str(error)), icon=":material/error:")

    return page


def choose_run(runs: Path) -> RunFolder | None:
    """The run that the reader looks at, by a select box in the sidebar; None when the folder holds none."""
    found = {run.path.name: run for run in RunFolder.all(runs)}
    if not found:
        return None
    wanted = links.chosen("run")
    with st.sidebar:
        name = links.pick("run", "Run", list(found), run_label)
        st.caption(plain(name))
        if wanted is not None and wanted != name:
            st.warning(f"There is no run {plain(wanted)} here. This is the newest one.")
    return RunFolder.open(found[name].path)


def run_label(name: str) -> str:
    """A run-id for people: when, which run, which model; other folder names stay as they are.

    The model comes last: a box that is too narrow cuts the end, and the whole id stands below it.
    No two runs have one label: Streamlit finds the choice by it, and would go on with the namesake.
    """
    parts = _RUN_NAME.fullmatch(name)
    if parts is None:
        return name
    year, month, day, hour, minute, model, digest = parts.groups()
    return f"{year}-{month}-{day} {hour}:{minute} · {digest} · {model}"


def say_no_runs(runs: Path) -> None:
    """The page of an empty folder: what to run."""
    st.title("No run here yet")
    st.write("Audit a checkpoint first; its results then appear on this page. Runs are read from this folder:")
    st.code(str(runs.absolute()), language=None)
    st.write("The embedded 135M-parameter chat model, a few minutes on two CPU cores:")
    st.code(f"audit run --profile quick --out {runs}", language="bash")
    st.write("Your own checkpoint:")
    st.code(f"audit run --model PATH --out {runs}", language="bash")
    st.write("Runs in another folder:")
    st.code("audit app --runs DIR", language="bash")
    st.button("Look again", icon=":material/refresh:", type="primary")
