"""Who is at the browser, what they may see, and the log of what they looked at.

With sign-in (``audit app --auth FILE``) a person is the verified email address that the OpenID provider vouches for,
and roles are read from the database at every drawing, so that a role that was taken is gone at once. Without sign-in
whoever reaches the app has the machine, and with it every role; a typed name says who rates.
"""

from __future__ import annotations

import getpass
import time
import unicodedata
from typing import TYPE_CHECKING, cast

import streamlit as st

from audit.app.settings import AppSettings
from audit.core.errors import AuditError
from audit.ratings import known_raters, spelling
from audit.ratings.access.app_events import log_look
from audit.ratings.access.app_roles import app_admins, app_roles
from audit.ratings.projects.roles import ROLES, NotAllowed
from audit.ratings.raters import person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.ratings.access.app_events import Look
    from audit.ratings.projects.roles import Role

RATER_KEY, FAULT_KEY = "rater", "name_fault"
LOGGED_KEY, UNLOGGED_KEY = "logged_looks", "looks_not_logged"
UNLOGGED = "Views are not logged: the database cannot be written."
SIGNED_IN_SECONDS = 12 * 3600
"""After which people sign in again: Streamlit's own cookie holds for 30 days, whatever the provider says meanwhile."""
CLOCKS_APART = 300
"""Seconds by which the provider's clock may be ahead."""


def user() -> str | None:
    """Who is at the browser: the verified address of who signed in, or the name that was typed; None if not known."""
    if AppSettings.from_environment().login:
        return _signed_in()[0]
    typed: str | None = st.session_state.get(RATER_KEY)
    return typed


def ask_name() -> None:
    """Ask who is at the browser: a form for the name, or the button that leads to the provider.

    A form, so that Enter ends the typing: in a box that keeps the focus, rating keys would go on with the name.
    """
    settings = AppSettings.from_environment()
    if settings.login:
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
        return
    with st.form("rater_form", border=False):
        st.text_input("Your name", key="rater_box", max_chars=100)
        st.form_submit_button("Start", type="primary", on_click=_start, args=(settings.database_url,))
    fault = st.session_state.pop(FAULT_KEY, None)
    if fault:
        st.error("The name could not be saved:", icon=":material/error:")
        st.text(fault)
    st.info("Ratings are stored under your name, which also decides the order in which you see the outputs.")


def roles() -> frozenset[Role]:
    """What the person at the browser may do, app-wide, at this moment.

    Raises:
        UsageError: The database cannot be read.
    """
    settings = AppSettings.from_environment()
    if not settings.login:
        return frozenset(ROLES)
    who = _signed_in()[0]
    return app_roles(settings.database_url, who) if who else frozenset()


def may(*wanted: Role) -> bool:
    """Whether the person at the browser has one of the roles now.

    Raises:
        UsageError: The database cannot be read.
    """
    return not roles().isdisjoint(wanted)


def require(*wanted: Role) -> str:
    """The person at the browser, if they have one of the roles now: to be called where data are read or written.

    Raises:
        NotAllowed: They have none of them.
        UsageError: The database cannot be read.
    """
    if not may(*wanted):
        msg = f"this needs the role {' or '.join(wanted)}: ask an admin of the app"
        raise NotAllowed(msg)
    return acting_user()


def acting_user() -> str:
    """Who acts and is logged: as :func:`user`; without sign-in and name, the user of the machine.

    Raises:
        NotAllowed: People sign in, and this one has not.
    """
    known = user()
    if known is None and is_machine():
        return _machine_user()
    if known is None:
        msg = "sign in first"
        raise NotAllowed(msg)
    return known


def is_machine() -> bool:
    """Whether nobody signs in, so that whoever reaches the app has the machine and every role."""
    return not AppSettings.from_environment().login


def door(*wanted: Role) -> None:
    """What somebody sees who may not see a page: where to sign in, or whom to ask.

    Args:
        wanted: The roles that open the page.
    """
    who, fault = _signed_in()
    if who is None:
        st.title("Sign in", anchor=False)
        if fault:
            st.error(fault, icon=":material/block:")
        else:
            st.write("This app is for people with a role in it.")
            ask_name()
        return
    st.title("No access", anchor=False)
    needed = f"This page needs the role {' or '.join(wanted)}." if roles() else "You have no role in this app yet."
    st.write(f"{needed} Ask an admin:")
    admins = app_admins(AppSettings.from_environment().database_url)
    st.code("\n".join(admins) or "There is none: start the app with --admin EMAIL.", language=None)
    st.text(f"You are signed in as {who}.")


def show_person() -> None:
    """Who is signed in, with the way out, in the sidebar; and whether looks are not logged."""
    if not is_machine() and st.user.get("is_logged_in"):
        with st.sidebar:
            st.text(_signed_in()[0] or "Signed in")
            st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=st.logout)
    if st.session_state.get(UNLOGGED_KEY):
        st.sidebar.caption(UNLOGGED)


def log(kind: Look, **where: str) -> bool:
    """Write down that the person at the browser opened a page or sample, revealed hidden text, or acted on a waiver.

    The same look again is not written twice in a row. Reading goes on where nothing can be written, e.g. in a published
    folder on a read-only disk: the sidebar then says so.

    Args:
        kind: What was done.
        where: ``page``, ``run``, ``baseline``, ``task``, ``sample``; empty ones are left out.

    Returns:
        Whether it is in the log.
    """
    content = {part: value for part, value in where.items() if value}
    last: dict[tuple[str, ...], Mapping[str, str]] = st.session_state.setdefault(LOGGED_KEY, {})
    about = (kind, content.get("page", ""), *sorted(content))
    if last.get(about) == content:
        return True
    if is_machine() and st.session_state.get(UNLOGGED_KEY):
        return False  # a server that does not answer is not waited for again
    try:
        log_look(AppSettings.from_environment().database_url, acting_user(), kind, content)
    except AuditError:
        if not st.session_state.get(UNLOGGED_KEY):
            st.session_state[UNLOGGED_KEY] = True
            st.sidebar.caption(UNLOGGED)
        return False
    st.session_state[UNLOGGED_KEY] = False
    last[about] = content
    return True


def _signed_in() -> tuple[str | None, str | None]:
    """The verified address of who is signed in, or why it is refused; neither where nobody is signed in."""
    claims = cast("Mapping[str, object]", st.user)
    if not claims.get("is_logged_in"):
        return None, None
    email, since = claims.get("email"), claims.get("iat")
    if not isinstance(email, str) or "@" not in email:
        return None, "Your OpenID provider gave no email address: this app knows people by it."
    if claims.get("email_verified") not in (True, "true"):
        return None, "Your OpenID provider does not say that your email address is verified. Verify it there first."
    if not _is_one_spelling(email):
        return None, "Your email address has letters that look like others: this app cannot tell it from another one."
    if not isinstance(since, int | float) or not -CLOCKS_APART <= time.time() - since <= SIGNED_IN_SECONDS:
        return None, None
    return email, None


def _is_one_spelling(email: str) -> bool:
    """Whether nothing but upper and lower case is taken for the same: ``ａda@…`` is not ``ada@…`` to a provider."""
    return unicodedata.is_normalized("NFKC", email) and email.lower() == person(email)


def _machine_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _start(database_url: str) -> None:
    """Keep the name, in the spelling that the person has used before."""
    try:
        st.session_state[RATER_KEY] = (
            spelling(st.session_state.get("rater_box", ""), known_raters(database_url)) or None
        )
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
