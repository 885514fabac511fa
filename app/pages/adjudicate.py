"""Page: the items of a rating project on which its raters disagree or that they flagged, to be decided."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import streamlit as st

from audit.app import access, drafts
from audit.app.elements.rating import keys
from audit.app.elements.rating.item import show_item
from audit.app.elements.rating.project import choose_project, show_guidelines
from audit.app.elements.rating.questions import is_at_once, show_go_on, show_questions, take_written
from audit.app.elements.rows import Column, Sorting, TableRow, rows_table
from audit.app.pages.rate import Acting, said_of
from audit.app.untrusted import plain, show_text, wrapped_table
from audit.core.errors import AuditError
from audit.ratings.projects.adjudicating import Case, adjudicate, exclude, queue, read_case

if TYPE_CHECKING:
    from audit.app.settings import AppSettings
    from audit.ratings.projects.blinding import ShownItem

CASE_KEY, FAULT_KEY, SAID_KEY = "adjudicated_case", "adjudicate_fault", "adjudicate_said"


def page(settings: AppSettings) -> None:
    """The queue, or the item that was opened from it."""
    st.html(keys.NO_REPEAT, unsafe_allow_javascript=True)
    st.title("Adjudicate", anchor=False)
    chosen = choose_project(settings.database_url, "adjudicator")
    if chosen is None:
        return
    project, user = chosen
    who = Acting(settings.database_url, project, user)
    show_guidelines(settings.database_url, project, user)
    fault, said = st.session_state.pop(FAULT_KEY, None), st.session_state.pop(SAID_KEY, None)
    if fault:
        st.error(plain(f"Not saved: {fault}"), icon=":material/error:")
    if said:
        st.success(said, icon=":material/check_circle:")
    opened: tuple[tuple[str, str, str], str, Case] | None = st.session_state.get(CASE_KEY)
    if opened is not None and opened[0] == who.common:
        _show_case(who, opened[2], opened[1])
        return
    _show_queue(who)


def _show_queue(who: Acting) -> None:
    waiting = queue(who.database_url, who.project, who.user)
    if not waiting:
        st.success("Nothing waits for a decision: no complete item is disagreed on, and none is flagged.")
        return
    st.caption(f"{len(waiting):,} to decide: flagged items first, then those whose raters are furthest apart")
    columns = [
        Column("Item", "main"),
        Column("Disagreement on", "text"),
        Column("Apart", "number", help="0: they agree; 1: as far apart as possible"),
        Column("Flags", "number"),
    ]
    rows = [
        TableRow(
            str(one.item_id),
            [
                f"{one.item_id} · {one.task}",
                ", ".join(one.disagreements) or None,
                f"{one.spread:.2f}" if one.disagreements else None,
                str(one.flags),
            ],
        )
        for one in waiting
    ]
    rows_table(
        "Items to decide",
        "adjudicate_queue",
        columns,
        rows,
        lambda key: _open(who, key),
        Sorting("", descending=False, change=lambda _: None),
    )


def _open(who: Acting, item_id: str) -> None:
    """Read the case, which is written down, once."""
    try:
        access.require("adjudicator")
        case = read_case(who.database_url, who.project, who.user, int(item_id))
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    st.session_state[CASE_KEY] = who.common, uuid4().hex, case


def _show_case(who: Acting, case: Case, key: str) -> None:
    item = case.item
    st.button("Back to the queue", key="adjudicate_back", shortcut="K", on_click=_close)
    st.caption(plain(f"Item {item.item_id} · {item.task}"))
    shown_key = f"adjudicate_shown_{key}"
    masked = item.may_offend and not st.session_state.get(shown_key)
    show_item(item, (lambda: st.session_state.update({shown_key: True})) if masked else None)
    if case.answers:
        st.markdown("**What the raters said**")
        wrapped_table(
            [
                {"rater": rater, **{name: said_of({name: value})[len(name) + 1 :] for name, value in given.items()}}
                | {"comment": case.comments.get(rater, "—")}
                for rater, given in case.answers.items()
            ]
            if len({tuple(given) for given in case.answers.values()}) == 1
            else [
                {"rater": rater, "answers": said_of(given), "comment": case.comments.get(rater, "—")}
                for rater, given in case.answers.items()
            ]
        )
    for reason in case.flags:
        st.markdown("**Flagged**")
        show_text(reason, absent="none", height=200)
    place = (*who.common, item.item_id, "adjudicated")
    draft = drafts.draft_of(place)
    st.header("Your decision", anchor=False)
    show_questions(item.questions, item.outputs, draft, key, _no_send, off=masked)
    with st.container(horizontal=True, vertical_alignment="center"):
        args = (who, item, place, key)
        st.button(
            "Decide", key=f"decide_{key}", shortcut="S", type="primary", disabled=masked, on_click=_decide, args=args
        )
        if not is_at_once(item.questions):
            show_go_on(item.questions, draft, "adjudicate_next")
        st.button("Exclude the item", key=f"exclude_{key}", on_click=_exclude, args=args)
    st.caption(
        "The comment is stored as the reason, which is needed to exclude an item. The decision replaces all answers."
    )


def _no_send() -> None:
    """A decision is sent by its own button: it replaces what others said."""


def _decide(who: Acting, item: ShownItem, place: drafts.Place, key: str) -> None:
    draft = _written(item, place, key)
    try:
        access.require("adjudicator")
        adjudicate(who.database_url, who.project, who.user, item.item_id, draft.answers, draft.comment.strip())
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    _done(place, f"Item {item.item_id} is decided.")


def _exclude(who: Acting, item: ShownItem, place: drafts.Place, key: str) -> None:
    draft = _written(item, place, key)
    try:
        access.require("adjudicator")
        exclude(who.database_url, who.project, who.user, item.item_id, draft.comment)
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    _done(place, f"Item {item.item_id} is excluded.")


def _written(item: ShownItem, place: drafts.Place, key: str) -> drafts.Draft:
    """The draft with the last words typed, which may reach the server together with the press."""
    draft = drafts.draft_of(place)
    take_written(item.questions, draft, key)
    return draft


def _done(place: drafts.Place, said: str) -> None:
    drafts.forget(place)
    st.session_state[SAID_KEY] = said
    _close()


def _close() -> None:
    st.session_state.pop(CASE_KEY, None)
