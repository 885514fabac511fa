"""Which rating project a page is about, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access, drafts, messages
from audit.app.untrusted import excerpt, plain, show_text
from audit.ratings.projects.making import read_guidelines
from audit.ratings.projects.project import read_projects
from audit.ratings.projects.roles import acting, my_roles

if TYPE_CHECKING:
    from audit.ratings.projects.roles import Role

CHOSEN_KEY, BOX_KEY = "rating_project", "rating_project_box"


def choose_project(database_url: str, *roles: Role) -> tuple[str, str] | None:
    """The project that the reader looks at, and who reads; None without a name or project, which the page then says.

    The address names it and nothing else: whoever rates sees the name of no run.

    Args:
        database_url: URL of the database.
        roles: Only projects in which the reader has one of them.

    Raises:
        UsageError: The database cannot be read, or the reader's name is none.
    """
    user = access.user()
    if not user:
        access.ask_name()
        return None
    names = [one.name for one in read_projects(database_url)]
    mine = [name for name in names if not my_roles(database_url, name, user).isdisjoint(roles)]
    wanted = st.query_params.get("project") or st.session_state.get(CHOSEN_KEY)
    if wanted and wanted not in mine:
        st.warning(
            plain(f"{user} does not have the role {' or '.join(roles)} in a project called {excerpt(wanted)}."),
            icon=":material/lock:",
        )
    if not mine:
        _say_none(" or ".join(roles))
        return None
    current = wanted if wanted in mine else mine[0]
    st.session_state[CHOSEN_KEY] = st.session_state[BOX_KEY] = current
    if st.query_params.to_dict() != {"project": current}:
        st.query_params.from_dict({"project": current})
    if len(mine) > 1:
        st.selectbox("Project", mine, key=BOX_KEY, on_change=_chosen, args=(mine,))
    else:
        st.caption(plain(f"Project {current}"))
    return current, user


def _chosen(mine: list[str]) -> None:
    name = messages.accepted(st.session_state[BOX_KEY], messages.one_of(mine), BOX_KEY)
    if name is not None:
        st.session_state[CHOSEN_KEY] = st.query_params["project"] = name


def _say_none(role: str) -> None:
    st.info(f"You are {role} of no rating project. Make one from a run on the command line, with its people:")
    st.code("audit ratings assign latest --project NAME --rater YOUR_NAME --adjudicator OTHER_NAME", language="bash")


def show_guidelines(database_url: str, project: str, user: str) -> None:
    """How to rate; folded once it is read.

    Raises:
        NotAllowed: The user has no role in the project.
        UsageError: The database cannot be read.
    """
    version, text = read_guidelines(database_url, project, user)
    if not text.strip():
        return
    place = (database_url, project, acting(user), version)
    unread = not drafts.is_read(place)
    # The key says whether it is read: Streamlit keeps an element of the same key as its reader left it.
    with st.expander(f"Guidelines, version {version}", expanded=unread, key=f"guidelines_{version}_{unread}"):
        show_text(text, absent="none", height=300)
        if unread:
            st.button("I have read them", key="guidelines_read", on_click=drafts.mark_read, args=(place,))
