"""Who may do what in the app as a whole, where people sign in.

The roles are those of projects: ``viewer`` opens all runs, ``rater`` and ``adjudicator`` open the page Rate, where the
roles in each project decide the rest, ``admin`` gives roles and sees the log. As in a project, no role comes with
another one.

Whoever has the machine itself (the command line, an app without sign-in) may give any role: the database is a file
there. Such a caller says so with ``at_machine``; every other one is checked inside the transaction that writes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from audit.core.errors import UsageError, did_you_mean
from audit.core.records import Record
from audit.core.text import named
from audit.ratings.access.app_events import append_app_event, read_app_events
from audit.ratings.database import exists, reading, writing
from audit.ratings.projects.roles import ROLES, NotAllowed, Role, acting
from audit.ratings.raters import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


class AppMember(Record):
    """Somebody with a role in the app."""

    person: str
    """In the common form of all spellings of a name."""
    name: str
    """As first written."""
    roles: list[Role]
    """In the order of :data:`audit.ratings.projects.roles.ROLES`; at least one."""


def give_app_role(database_url: str, user: str, to: str, role: str, *, at_machine: bool = False) -> None:
    """Give a person a role in the app; nothing is written where the person has it.

    Raises:
        NotAllowed: The user is not an admin of the app.
        UsageError: There is no such role, a name is none, or the database cannot be written.
    """
    known = _known(role)
    with writing(database_url) as connection:
        who = acting(user) if at_machine else require_app_role(connection, user, "admin")
        if known not in _roles(connection, acting(to)):
            content = {"to": acting(to), "name": cleaned(to), "role": known}
            append_app_event(connection, "role_given", who, content)


def take_app_role(database_url: str, user: str, to: str, role: str, *, at_machine: bool = False) -> None:
    """Take a role from a person; nothing is written where the person does not have it.

    Raises:
        NotAllowed: The user is not an admin of the app.
        UsageError: There is no such role, the person is the last admin, a name is none, or the database cannot be
            written.
    """
    known = _known(role)
    with writing(database_url) as connection:
        who = acting(user) if at_machine else require_app_role(connection, user, "admin")
        if known not in _roles(connection, acting(to)):
            return
        if known == "admin" and _admins(connection) == [acting(to)]:
            msg = f"{named(cleaned(to))} is the last admin of the app: make somebody else admin first"
            raise UsageError(msg)
        content = {"to": acting(to), "name": cleaned(to), "role": known}
        append_app_event(connection, "role_taken", who, content)


def app_roles(database_url: str, user: str) -> frozenset[Role]:
    """The roles that a person has in the app now; none where there is no database.

    Raises:
        UsageError: The name is none, or the database cannot be read.
    """
    who = acting(user)
    if not exists(database_url):
        return frozenset()
    with reading(database_url) as connection:
        return frozenset(_roles(connection, who))


def app_admins(database_url: str) -> list[str]:
    """Names of the admins, whom others ask for roles.

    Raises:
        UsageError: The database cannot be read.
    """
    return [one.name for one in _read(database_url) if "admin" in one.roles]


@contextmanager
def reading_as_admin(database_url: str, user: str, *, at_machine: bool = False) -> Iterator[Connection]:
    """A transaction that reads what admins of the app alone may see.

    Args:
        database_url: URL of the database.
        user: Who reads.
        at_machine: Whether the reader has the machine itself, and so needs no role.

    Raises:
        NotAllowed: The user is not an admin of the app.
        UsageError: The database cannot be read.
    """
    with reading(database_url) as connection:
        if not at_machine:
            require_app_role(connection, user, "admin")
        yield connection


def app_members(database_url: str, user: str, *, at_machine: bool = False) -> list[AppMember]:
    """Everyone with a role, in the order in which they came.

    Raises:
        NotAllowed: The user is not an admin of the app.
        UsageError: The database cannot be read.
    """
    if not at_machine:
        with reading(database_url) as connection:
            require_app_role(connection, user, "admin")
    return _read(database_url)


def require_app_role(connection: Connection, user: str, *roles: Role) -> str:
    """The common form of a user's name, if the user has one of the roles.

    Raises:
        NotAllowed: The user has none of them.
    """
    who = acting(user)
    if _roles(connection, who).isdisjoint(roles):
        msg = (
            f"{named(cleaned(user))} does not have the role {' or '.join(roles)} in this app: "
            "ask one of its admins for it"
        )
        raise NotAllowed(msg)
    return who


def _known(role: str) -> Role:
    known = next((one for one in ROLES if one == role), None)
    if known is None:
        msg = f"no role is called {named(role)!r}: there are {', '.join(ROLES)}.{did_you_mean(role, ROLES)}"
        raise UsageError(msg)
    return known


def _read(database_url: str) -> list[AppMember]:
    if not exists(database_url):
        return []
    with reading(database_url) as connection:
        return _members(connection)


def _members(connection: Connection) -> list[AppMember]:
    found: dict[str, set[Role]] = {}
    names: dict[str, str] = {}
    for event in read_app_events(connection, ["role_given", "role_taken"]):
        to = event.content["to"]
        names.setdefault(to, event.content["name"])
        roles = found.setdefault(to, set())
        (roles.add if event.kind == "role_given" else roles.discard)(_known(event.content["role"]))
    ordered = {who: [role for role in ROLES if role in roles] for who, roles in found.items()}
    return [AppMember(person=who, name=names[who], roles=roles) for who, roles in ordered.items() if roles]


def _roles(connection: Connection, who: str) -> set[Role]:
    return next((set(one.roles) for one in _members(connection) if one.person == who), set())


def _admins(connection: Connection) -> list[str]:
    return [one.person for one in _members(connection) if "admin" in one.roles]
