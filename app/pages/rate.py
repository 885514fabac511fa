"""Page: the items of a rating project one by one, blind, with a key for each answer; and one's own answers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import streamlit as st

from audit.app import access, drafts
from audit.app.elements.rating import keys
from audit.app.elements.rating.item import show_item
from audit.app.elements.rating.project import choose_project, show_guidelines
from audit.app.elements.rating.questions import is_at_once, show_go_on, show_questions, take_written
from audit.app.elements.rows import Column, Sorting, TableRow, rows_table
from audit.app.untrusted import excerpt, plain
from audit.core.errors import AuditError
from audit.ratings.projects.progress import progress
from audit.ratings.projects.rating import LONGEST_REASON, change, flag, next_item, own_answers, reveal, skip, submit
from audit.ratings.projects.roles import acting

if TYPE_CHECKING:
    from audit.app.settings import AppSettings
    from audit.ratings.projects.blinding import ShownItem
    from audit.ratings.projects.progress import ProjectProgress

NEXT, MINE = "Next item", "My answers"
VIEW_KEY, SHOWN_KEY, CHANGED_KEY, REVEALED_KEY = "rate_view", "rate_item", "rate_changed", "rate_revealed"
SAVED_KEY, FAULT_KEY, PROGRESS_KEY, WHO_KEY = "rate_said", "rate_refused", "rate_progress", "rate_who"


@dataclass(frozen=True, slots=True)
class Acting:
    """Who rates in which project."""

    database_url: str
    """The database."""
    project: str
    """Name of the project."""
    user: str
    """Who rates."""

    @property
    def common(self) -> tuple[str, str, str]:
        """The three, with the common form of the name; the drafts of another person are others."""
        return self.database_url, self.project, acting(self.user)


@dataclass(frozen=True, slots=True)
class Showing:
    """An item on the page, from when it appears until it is answered."""

    place: drafts.Place
    """Where its draft is."""
    item: ShownItem
    """The item."""
    is_masked: bool
    """Whether its text is hidden."""
    submission: str = field(default_factory=lambda: uuid4().hex)
    """Identifies the press that answers it: pressed twice, one answer is stored."""
    since: float = field(default_factory=time.monotonic)
    """When it appeared, by the monotonic clock."""


def page(settings: AppSettings) -> None:
    """Who rates in which project, how to rate, what is left, the item, the questions."""
    st.html(keys.NO_REPEAT, unsafe_allow_javascript=True)
    st.title("Rate outputs", anchor=False)
    chosen = choose_project(settings.database_url, "rater")
    if chosen is None:
        return
    project, user = chosen
    who = Acting(settings.database_url, project, user)
    if st.session_state.get(WHO_KEY) != who.common:
        # Another person or project: nothing of the one before stays.
        st.session_state[WHO_KEY] = who.common
        for key in (SHOWN_KEY, CHANGED_KEY, REVEALED_KEY, SAVED_KEY, PROGRESS_KEY):
            st.session_state.pop(key, None)
    show_guidelines(settings.database_url, project, user)
    view = st.segmented_control(
        "What to see", [NEXT, MINE], default=NEXT, key=VIEW_KEY, label_visibility="collapsed", required=True
    )
    _say_saved()
    if view == MINE:
        _own_answers(who)
        return
    item = next_item(who.database_url, project, user)
    _show_progress(who, item)
    if item is None:
        _say_done()
        return
    _ask(who, item, is_change=False)


def _show_progress(who: Acting, item: ShownItem | None) -> None:
    """How far rater and project are; read once per item, since each look at it is written down."""
    known: tuple[Any, int | None, ProjectProgress] | None = st.session_state.get(PROGRESS_KEY)
    about = who.common, item.item_id if item else None
    if known is None or known[:2] != about:
        known = (*about, progress(who.database_url, who.project, who.user))
        st.session_state[PROGRESS_KEY] = known
    far = known[2]
    mine = next((one.answered for one in far.raters if acting(one.rater) == about[0][2]), 0)
    done = far.answers / far.wanted if far.wanted else 1.0
    st.progress(
        min(done, 1.0), text=f"{mine:,} answered by you · {far.answers:,} of {far.wanted:,} answers in the project"
    )


def _say_done() -> None:
    st.success("Nothing is left for you here. Thank you.", icon=":material/check_circle:")
    st.write(
        f"Look at what you said under “{MINE}”, or choose another project above. Items that other raters "
        "hold become available when they are released: look again later."
    )
    st.button("Look again", icon=":material/refresh:")


def _say_saved() -> None:
    """What became of the last press."""
    fault = st.session_state.pop(FAULT_KEY, None)
    if fault:
        st.error(plain(f"Not saved: {fault}"), icon=":material/error:")
    said = st.session_state.get(SAVED_KEY)
    if said:
        st.caption(plain(said))


def _ask(who: Acting, item: ShownItem, *, is_change: bool) -> None:
    """The item, its questions, and what else can be done with it."""
    place = (*who.common, item.item_id, is_change)
    masked = item.may_offend and item.item_id not in st.session_state.get(REVEALED_KEY, set())
    showing = _now_shown(place, item, masked=masked)
    given = item.model_dump()["answers"]
    draft = drafts.draft_of(place, given, item.comment)
    kind = " · for practice: the expected answer is shown afterwards" if item.calibration else ""
    st.caption(plain(f"{item.task}{kind}"))
    show_item(item, _Reveal(who, item.item_id) if masked else None)

    def send() -> None:
        _send(who, showing, draft, is_change=is_change)

    show_questions(item.questions, item.outputs, draft, showing.submission, send, off=masked)
    with st.container(horizontal=True, vertical_alignment="center"):
        if not is_at_once(item.questions):
            label = "Save change" if is_change else "Submit"
            st.button(
                label, key=f"send_{showing.submission}", shortcut="S", type="primary", disabled=masked, on_click=send
            )
            show_go_on(item.questions, draft, "go_on")
        if is_change:
            st.button("Leave it as it is", key="leave", shortcut="K", on_click=_leave)
    if not is_change:
        _turn_down(who, showing)
    st.caption("Keys work outside text boxes. No scores and no names of checkpoints are shown here.")


def _turn_down(who: Acting, showing: Showing) -> None:
    """Skip or flag, with a reason."""
    key = f"reason_{showing.submission}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Reason to skip or flag", key=key, max_chars=LONGEST_REASON, placeholder="needed for both")
        for label, pressed, flagged in (("Skip", "K", False), ("Flag: it cannot be rated", "F", True)):
            st.button(
                label,
                key=f"{pressed}_{showing.submission}",
                shortcut=pressed,
                on_click=_give_back,
                args=(who, showing, key, flagged),
            )


@dataclass(frozen=True, slots=True)
class _Reveal:
    who: Acting
    item_id: int

    def __call__(self) -> None:
        try:
            access.require("rater")
            reveal(self.who.database_url, self.who.project, self.who.user, self.item_id)
        except AuditError as error:
            st.session_state[FAULT_KEY] = str(error)
            return
        st.session_state[REVEALED_KEY] = {*st.session_state.get(REVEALED_KEY, set()), self.item_id}


def _now_shown(place: drafts.Place, item: ShownItem, *, masked: bool) -> Showing:
    """The showing that is drawn now: one goes on while the same item stays, an answer ends it."""
    shown: Showing | None = st.session_state.get(SHOWN_KEY)
    if shown is None or (shown.place, shown.is_masked) != (place, masked):
        shown = Showing(place, item, masked)
        st.session_state[SHOWN_KEY] = shown
    return shown


def _send(who: Acting, showing: Showing, draft: drafts.Draft, *, is_change: bool) -> None:
    """Store the answer; on an error the item stays where it is and the page says why.

    One answer per showing: what comes after it was meant for the same item, and what comes at once cannot be about an
    item that was read. The draft is that of the page: another window may have sent the item and begun a new one.
    """
    if st.session_state.get(SHOWN_KEY) is not showing or showing.is_masked:
        return
    item = showing.item
    take_written(item.questions, draft, showing.submission)
    if time.monotonic() - showing.since < keys.LEAST_SECONDS:
        if is_at_once(item.questions):
            draft.answers.clear()
        st.session_state[FAULT_KEY] = "this item had only just appeared. Answer it again."
        return
    about: dict[str, Any] = {"submission": showing.submission, "comment": draft.comment.strip()}
    expected: dict[str, Any] = {}
    try:
        access.require("rater")
        if is_change:
            change(who.database_url, who.project, who.user, item.item_id, draft.answers, **about)
        else:
            done = submit(who.database_url, who.project, who.user, item.item_id, draft.answers, **about)
            expected = done.expected
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    said = f"Saved: {said_of(draft.answers)}"
    st.session_state[SAVED_KEY] = f"{said} · expected: {said_of(expected)}" if expected else said
    st.session_state[SHOWN_KEY] = st.session_state[CHANGED_KEY] = None
    drafts.forget(showing.place)


def said_of(answers: dict[str, Any]) -> str:
    """Answers on one line."""
    return " · ".join(f"{name} {_said(value)}" for name, value in answers.items() if value != "") or "—"


def _said(value: Any) -> str:  # noqa: ANN401 - any answer
    if isinstance(value, list):
        return ", ".join(
            f"{one['label']} {one['start']}–{one['end']}" if isinstance(one, dict) else one for one in value
        ) or ("none")
    sides = {"a": "A", "b": "B", "tie": "equally good", "both_bad": "neither is good"}
    return sides.get(value) or excerpt(str(value)) or ""


def _give_back(who: Acting, showing: Showing, key: str, flagged: bool) -> None:
    if st.session_state.get(SHOWN_KEY) is not showing:
        return
    reason, turn_down = st.session_state.get(key) or "", flag if flagged else skip
    try:
        access.require("rater")
        turn_down(who.database_url, who.project, who.user, showing.item.item_id, reason)
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    st.session_state[SHOWN_KEY], st.session_state[SAVED_KEY] = None, "Flagged." if flagged else "Skipped."


def _own_answers(who: Acting) -> None:
    """What this rater has answered, to be changed."""
    mine = own_answers(who.database_url, who.project, who.user)
    if not mine:
        st.info("You have not answered anything yet.")
        return
    wanted = st.session_state.get(CHANGED_KEY)
    item = next((one for one in mine if one.item_id == wanted), None)
    if item is not None:
        _ask(who, item, is_change=True)
        return
    columns = [Column("Prompt", "main"), Column("Your answer", "text"), Column("Comment", "text", minor=True)]
    rows = [
        TableRow(
            str(one.item_id),
            [
                "(hidden: it may offend)" if one.may_offend else excerpt(one.prompt, end=True) or "(empty)",
                said_of(one.model_dump()["answers"]),
                excerpt(one.comment) or None,
            ],
        )
        for one in mine
    ]
    rows_table(
        "Your answers, the latest first",
        "own_answers",
        columns,
        rows,
        _open,
        Sorting("", descending=False, change=lambda _: None),
    )


def _open(item_id: str) -> None:
    st.session_state[CHANGED_KEY] = int(item_id)


def _leave() -> None:
    """Change nothing: the draft of the change goes too."""
    showing: Showing | None = st.session_state.get(SHOWN_KEY)
    if showing is not None:
        drafts.forget(showing.place)
    st.session_state[SHOWN_KEY] = st.session_state[CHANGED_KEY] = None
