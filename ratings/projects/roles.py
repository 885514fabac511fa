"""Who may do what in a project. Every function that reads or writes asks here, inside its own transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, get_args

from sqlalchemy import select

from audit.core.errors import UsageError, did_you_mean
from audit.core.text import named
from audit.ratings.database import reading, writing
from audit.ratings.projects.events import append, read_events
from audit.ratings.projects.project import find
from audit.ratings.raters import cleaned, person
from audit.ratings.tables import EventRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audit.ratings.projects.project import Project

Role = Literal["viewer", "rater", "adjudicator", "admin"]
"""``viewer``: sees progress, agreement and means; ``rater``: rates, and sees own answers; ``adjudicator``: sees all
answers of complete items and decides; ``admin``: makes items, gives roles, exports. Nobody has a role by having another
one, because whoever rates blind may see no answers of others."""
ROLES: tuple[Role, ...] = get_args(Role)
LONGEST_NAME = 200
"""Characters of a name."""


class NotAllowed(UsageError):  # noqa: N818 - a state of the person, not a malfunction
    """Somebody asked for what their roles do not allow."""


def acting(user: str) -> str:
    """The common form of a user's name.

    Raises:
        UsageError: It is empty or too long.
    """
    found = person(user)
    if not found or len(cleaned(user)) > LONGEST_NAME:
        msg = f"a user's name has 1 to {LONGEST_NAME} characters: give it with --as"
        raise UsageError(msg)
    return found


def roles_of(connection: Connection, project_id: int, who: str) -> set[Role]:
    """The roles that a person has now.

    Args:
        connection: To the database.
        project_id: The project.
        who: In the common form of all spellings.
    """
    return members(connection, project_id).get(who, set())


def require(connection: Connection, project: Project, user: str, *roles: Role) -> str:
    """The common form of a user's name, if the user has one of the roles.

    Raises:
        NotAllowed: The user has none of them.
    """
    who = acting(user)
    if roles_of(connection, project.id, who).isdisjoint(roles):
        msg = (
            f"{named(cleaned(user))} does not have the role {' or '.join(roles)} in the project "
            f"{named(project.name)}: ask one of its admins for it"
        )
        raise NotAllowed(msg)
    return who


def give_role(database_url: str, project: str, user: str, to: str, role: str) -> None:
    """Give a person a role.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such role or project, or the database cannot be written.
    """
    _change_role(database_url, project, user, to, role, given=True)


def take_role(database_url: str, project: str, user: str, to: str, role: str) -> None:
    """Take a role from a person; what the person said stays.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such role or project, the person is its last admin, or the database cannot be written.
    """
    _change_role(database_url, project, user, to, role, given=False)


def _change_role(database_url: str, project: str, user: str, to: str, role: str, *, given: bool) -> None:
    known = next((one for one in ROLES if one == role), None)
    if known is None:
        msg = f"no role is called {named(role)!r}: there are {', '.join(ROLES)}.{did_you_mean(role, ROLES)}"
        raise UsageError(msg)
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "admin")
        if not given and known == "admin" and _is_last(connection, found.id, acting(to)):
            msg = f"{named(cleaned(to))} is the last admin of the project: make somebody else admin first"
            raise UsageError(msg)
        append_role(connection, found.id, who, to, known, given=given)


def _is_last(connection: Connection, project_id: int, who: str) -> bool:
    return [one for one, roles in members(connection, project_id).items() if "admin" in roles] == [who]


def append_role(connection: Connection, project_id: int, who: str, to: str, role: Role, *, given: bool = True) -> None:
    """Write that a role was given or taken, inside the caller's transaction, which has checked that it may be."""
    content = {"to": acting(to), "name": cleaned(to), "role": role}
    append(connection, project_id, "role_given" if given else "role_taken", who, content=content)


def members(connection: Connection, project_id: int) -> dict[str, set[Role]]:
    """Everyone with a role, by the common form of their names, in the order in which they came."""
    found: dict[str, set[Role]] = {}
    kinds = EventRow.kind.in_(["role_given", "role_taken"])
    wanted = select(EventRow.kind, EventRow.content).where(EventRow.project_id == project_id, kinds)
    for kind, content in connection.execute(wanted.order_by(EventRow.id)).all():  # at every press of a button
        given = json.loads(content)
        roles = found.setdefault(given["to"], set())
        (roles.add if kind == "role_given" else roles.discard)(given["role"])
    return {who: roles for who, roles in found.items() if roles}


def names_of(connection: Connection, project_id: int) -> dict[str, str]:
    """How people are called, by the common form of their names: as first written."""
    found: dict[str, str] = {}
    for event in read_events(connection, project_id, ["role_given"]):
        found.setdefault(event.content["to"], event.content["name"])
    return found


def my_roles(database_url: str, project: str, user: str) -> set[Role]:
    """The roles that a user has in a project.

    Raises:
        UsageError: There is no such project, or the database cannot be read.
    """
    with reading(database_url) as connection:
        return roles_of(connection, find(connection, project).id, acting(user))
