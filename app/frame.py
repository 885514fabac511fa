"""What every page starts with: whether its reader may see it, the chosen run, and what to say when there is none."""

from __future__ import annotations

import hashlib
import re
from shlex import quote
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access, links, menu, messages, stored
from audit.app.settings import AppSettings
from audit.app.untrusted import excerpt, plain
from audit.core.errors import AuditError, UsageError
from audit.core.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from audit.ratings.projects.roles import Role

DEFAULT_ROLES: tuple[Role, ...] = ("viewer",)
BLIND = frozenset({"rate_run"})
"""Pages whose reader must not learn which run, and so which checkpoint, it is about."""
MARK, LINKED_KEY, BOX_KEY = "set", "blind_linked", "blind_box"
BLIND_HELP = "Each stands for a run. The run and its checkpoint are not named while you rate."
INVALID_BLIND = (
    "These outputs cannot be rated: manifest, samples or metrics of their run are invalid. The run's Overview says why."
)
_RUN_NAME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)\d\dZ-(.+)-([0-9a-f]{6})")


def framed(body: Callable[[RunFolder, AppSettings], None], *roles: Role) -> Callable[[], None]:
    """A page about one run: the sidebar, the chosen run, and errors that a user can act on as one line.

    Args:
        body: Draws the page.
        roles: Those that open it, apart from ``viewer``, which whatever is about a run needs.
    """
    name = _name(body)
    is_blind = name in BLIND

    def about_run(settings: AppSettings) -> None:
        try:
            chosen(settings)
        except AuditError as error:
            if not (is_blind and _names_a_run(str(error), settings.runs)):
                raise
            st.error(INVALID_BLIND, icon=":material/dangerous:")

    def chosen(settings: AppSettings) -> None:
        if not access.may("viewer"):
            access.door("viewer")
            return
        gone = _gone(settings.runs)
        if gone is not None:
            _say_gone(gone, settings.runs)
            return
        run = choose_blind(settings.runs) if is_blind else choose_run(settings.runs)
        if run is None:
            say_no_runs(settings.runs)
            return
        access.log("opened", page=name, run=run.path.name)
        invalid = stored.fault(run)
        if invalid and is_blind:  # why would name the run
            st.error(INVALID_BLIND, icon=":material/dangerous:")
            return
        if invalid:
            st.error(plain(f"Do not believe these numbers. {invalid}"), icon=":material/dangerous:")
        body(run, settings)

    return _guarded(about_run, *roles)


def unframed(body: Callable[[AppSettings], None], *roles: Role) -> Callable[[], None]:
    """A page that is not about one run: errors that a user can act on as one line.

    Args:
        body: Draws the page.
        roles: Those that open it; ``viewer`` where none is given.
    """
    name = _name(body)

    def logged(settings: AppSettings) -> None:
        access.log("opened", page=name)
        body(settings)

    return _guarded(logged, *roles)


def _guarded(body: Callable[[AppSettings], None], *roles: Role) -> Callable[[], None]:
    """A page that is drawn for those with one of the roles alone, whatever way led to it."""
    wanted = roles or DEFAULT_ROLES

    def page() -> None:
        try:
            access.show_person()
            if access.may(*wanted):
                body(AppSettings.from_environment())
            else:
                access.door(*wanted)
        except AuditError as error:
            st.error(plain(str(error)), icon=":material/error:")

    return page


def _names_a_run(text: str, runs: Path) -> bool:
    """Whether a text holds the name of a run, which names the checkpoint; also of a folder that is broken."""
    folders = (path.name for path in runs.iterdir() if path.is_dir() and path.suffix != ".sqlite")
    return bool(_RUN_NAME.search(text)) or any(name in text for name in folders)


def _name(body: Callable[..., None]) -> str:
    """The name of a page: that of its module."""
    return body.__module__.rpartition(".")[2]


def _gone(runs: Path) -> str | None:
    """The run that the reader wants where the folder does not hold it, and holds others."""
    wanted, there = links.chosen("run"), RunFolder.all(runs)
    return wanted if wanted and there and all(run.path.name != wanted for run in there) else None


def _say_gone(name: str, runs: Path) -> None:
    """The page of a link that leads nowhere: never the numbers of another run."""
    st.title("This run is not here", anchor=False)
    st.error(
        plain(f"There is no run {excerpt(name)} in this folder: it was moved, renamed or deleted."),
        icon=":material/link_off:",
    )
    st.code(str(runs.absolute()), language=None)
    if st.button("All runs", icon=":material/folder_open:", type="primary"):
        links.choose("run", None)
        menu.open_page("runs")


def choose_run(runs: Path) -> RunFolder | None:
    """The run that the reader looks at, by a select box in the sidebar; None when the folder holds none."""
    found = {run.path.name: run for run in RunFolder.all(runs)}
    if not found:
        return None
    with st.sidebar:
        name = links.pick("run", "Run", list(found), run_label)
        st.caption(plain(name))
    return RunFolder.open(found[name].path)


def choose_blind(runs: Path) -> RunFolder | None:
    """The run that the reader looks at without learning which one it is; None when the folder holds none.

    Address and box have a mark in place of its name. A link with the name works, and the name goes from the address.

    Raises:
        UsageError: The folder holds no run of the mark in the address.
    """
    found = {_mark(run.path.name): run.path.name for run in RunFolder.all(runs)}
    if not found:
        return None
    links.leave_out("run")
    linked = st.query_params.get(MARK)
    if linked is not None and linked != st.session_state.get(LINKED_KEY):
        if linked not in found:
            msg = "the outputs of this link are not in this folder: their run was moved, renamed or deleted"
            raise UsageError(msg)
        links.remember("run", found[linked])
    chosen = links.chosen("run")
    mark = _mark(chosen) if chosen in found.values() and chosen else next(iter(found))
    links.remember("run", found[mark])
    st.session_state[LINKED_KEY] = st.session_state[BOX_KEY] = mark
    if linked != mark:
        st.query_params[MARK] = mark
    # In the order of the marks: that of the runs would tell which one is the newest.
    st.sidebar.selectbox(
        "Outputs",
        sorted(found),
        format_func=lambda one: f"Outputs {one}",
        key=BOX_KEY,
        on_change=_blind_picked,
        args=(found,),
        help=BLIND_HELP,
    )
    return RunFolder.open(runs / found[mark])


def _mark(name: str) -> str:
    """Stands for a run where its name must not be read."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _blind_picked(found: Mapping[str, str]) -> None:
    mark = messages.accepted(st.session_state[BOX_KEY], messages.one_of(found), BOX_KEY)
    if mark is not None:
        links.remember("run", found[mark])
        st.session_state[LINKED_KEY] = st.query_params[MARK] = mark


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
    folder = quote(str(runs))
    st.code(f"audit run --profile quick --out {folder}", language="bash")
    st.write("Your own checkpoint:")
    st.code(f"audit run --model PATH --out {folder}", language="bash")
    st.write("Runs in another folder:")
    st.code("audit app --runs DIR", language="bash")
    st.button("Look again", icon=":material/refresh:", type="primary")
