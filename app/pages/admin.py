"""Page: who has which role, how far the rating projects are, who looked at what, and what the app runs on."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access, messages
from audit.app.untrusted import plain, wrapped_table
from audit.core.errors import AuditError
from audit.core.formatting import counted, percent
from audit.ratings.access.app_log import KINDS, LogFilter, people_in_log, read_log
from audit.ratings.access.app_roles import app_members, give_app_role, take_app_role
from audit.ratings.access.project_counts import count_projects
from audit.ratings.database import shown_url, size_bytes
from audit.ratings.projects.roles import ROLES

if TYPE_CHECKING:
    from audit.app.settings import AppSettings

LINES = 300
"""Of the log, at most."""
SAID_KEY, FAULT_KEY = "admin_said", "admin_fault"
MEANINGS = {
    "viewer": "opens all runs, and reveals hidden text",
    "rater": "opens Rate, and there the projects in which the person is a rater",
    "adjudicator": "opens Rate, and there the projects in which the person is an adjudicator",
    "admin": "opens this page, gives and takes roles",
}


def page(settings: AppSettings) -> None:
    """Roles, projects, log, database and versions; for admins alone."""
    who = access.require("admin")
    st.title("Admin", anchor=False)
    if access.is_machine():
        st.info(
            "Sign-in is off: everyone who reaches this app has every role. The roles below apply when the app is "
            "started with `--auth FILE`."
        )
    _people(settings, who)
    _projects(settings, who)
    _log(settings, who)
    _installation(settings)


def _people(settings: AppSettings, who: str) -> None:
    st.header("People", anchor=False)
    members = app_members(settings.database_url, who, at_machine=access.is_machine())
    if members:
        wrapped_table([{"Person": one.name, "Roles": ", ".join(one.roles)} for one in members])
    else:
        st.caption("Nobody has a role.")
    with st.form("admin_role", border=False):
        left, right = st.columns([2, 1])
        left.text_input("Email address", key="admin_name", max_chars=200)
        right.selectbox("Role", ROLES, key="admin_role_box")
        with st.container(horizontal=True):
            st.form_submit_button("Give", type="primary", on_click=_change, args=(settings.database_url,))
            st.form_submit_button("Take", on_click=_change, args=(settings.database_url,), kwargs={"given": False})
    said, fault = st.session_state.pop(SAID_KEY, None), st.session_state.pop(FAULT_KEY, None)
    if said:
        st.success(plain(said), icon=":material/check:")
    if fault:
        st.error(plain(fault), icon=":material/error:")
    with st.expander("What the roles mean", icon=":material/help:"):
        wrapped_table([{"Role": role, "Who has it": MEANINGS[role]} for role in ROLES])
        st.caption("No role includes another.")


def _change(database_url: str, *, given: bool = True) -> None:
    """Give or take a role; whether the reader may is checked where it is written."""
    to, role = st.session_state["admin_name"].strip(), st.session_state["admin_role_box"]
    if messages.accepted(role, messages.one_of(ROLES), "admin_role_box") is None:
        return
    if "@" not in to:
        st.session_state[FAULT_KEY] = "Give an email address: people sign in with theirs."
        return
    change = give_app_role if given else take_app_role
    try:
        change(database_url, access.acting_user(), to, role, at_machine=access.is_machine())
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    st.session_state[SAID_KEY] = f"{to} is {role} now." if given else f"{to} is no longer {role}."


def _projects(settings: AppSettings, who: str) -> None:
    st.header("Rating projects", anchor=False)
    found = count_projects(settings.database_url, who, at_machine=access.is_machine())
    if not found:
        st.caption("There is no rating project. audit ratings assign makes one.")
        return
    wrapped_table(
        [
            {
                "Project": one.project,
                "Made": f"{one.created:%Y-%m-%d} by {one.made_by}",
                "Items": f"{one.items:,}",
                "Answers": f"{one.answered:,} of {one.wanted:,}",
                "Done": percent(one.answered / one.wanted) if one.wanted else "—",
                "People": ", ".join(counted(one.people[role], role) for role in ROLES if role in one.people),
            }
            for one in found
        ]
    )


def _log(settings: AppSettings, who: str) -> None:
    st.header("Log", anchor=False)
    url, at_machine = settings.database_url, access.is_machine()
    left, middle, right = st.columns(3)
    people = people_in_log(url, who, at_machine=at_machine)
    person = left.selectbox("Person", people, index=None, placeholder="everyone", key="admin_person")
    kinds = middle.multiselect("What", KINDS, key="admin_kinds", placeholder="everything", format_func=_words)
    text = right.text_input("Run, task, sample, project or name", key="admin_text")
    wanted = LogFilter(person=person, kinds=kinds, text=text.strip(), limit=LINES)
    lines = read_log(url, who, wanted, at_machine=at_machine)
    if not lines:
        st.caption("Nothing was logged." if wanted == LogFilter(limit=LINES) else "Nothing fits this filter.")
        return
    if len(lines) == LINES:
        st.caption(f"The newest {LINES:,} lines.")
    wrapped_table(
        [
            {"UTC": f"{one.created:%Y-%m-%d %H:%M:%S}", "Who": one.person, "What": _words(one.kind), "Where": one.where}
            for one in lines
        ]
    )


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _installation(settings: AppSettings) -> None:
    st.header("Installation", anchor=False)
    size = size_bytes(settings.database_url)
    facts = {
        "Ratings database": shown_url(settings.database_url),
        "Its size": "not made yet" if size is None else f"{size / 1e6:,.1f} MB",
        "Runs": str(settings.runs.absolute()),
        "Sign-in": "none" if access.is_machine() else "OpenID Connect",
        "checkpoint-audit": metadata.version("checkpoint-audit"),
        "Python": platform.python_version(),
        **{name: metadata.version(name) for name in ("streamlit", "sqlalchemy", "duckdb")},
    }
    wrapped_table([{"Fact": name, "Value": value} for name, value in facts.items()])
