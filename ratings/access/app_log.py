"""The log of who saw, revealed and changed what, in the app and in its projects, for its admins."""

from __future__ import annotations

import json
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations at run time
from typing import TYPE_CHECKING, get_args

from pydantic import Field
from sqlalchemy import select

from audit.core.records import Record
from audit.ratings.access.app_events import AppEventKind
from audit.ratings.access.app_roles import reading_as_admin
from audit.ratings.database import exists
from audit.ratings.projects.events import EventKind
from audit.ratings.tables import AppEventRow, EventRow, ProjectRow

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

KINDS: tuple[str, ...] = tuple(dict.fromkeys([*get_args(AppEventKind), *get_args(EventKind)]))
"""What may have happened."""
_WHERE = ("page", "run", "baseline", "task", "sample", "waiver")


class LogFilter(Record):
    """Which lines of the log are wanted."""

    person: str | None = None
    """Only this person's, in the common form of all spellings of a name."""
    kinds: list[str] = Field(default_factory=list)
    """Of :data:`KINDS`; all where it is empty."""
    text: str = ""
    """Only lines whose details contain it: a run, a sample, a name."""
    limit: int = 500
    """Lines at most, the newest ones."""


class LogLine(Record):
    """Something that somebody saw, revealed or changed."""

    created: datetime
    """When, UTC."""
    person: str
    """Who, in the common form of all spellings of a name."""
    kind: str
    """What: one of :data:`KINDS`."""
    where: str
    """In or of what: page, run, the run it is compared with, task and sample; run and waiver; project and item; role
    and its holder. Never an answer."""


def read_log(database_url: str, user: str, wanted: LogFilter, *, at_machine: bool = False) -> list[LogLine]:
    """The newest lines of the log first; none where there is no database.

    Raises:
        NotAllowed: The user is not an admin of the app.
        UsageError: The database cannot be read.
    """
    if not exists(database_url):
        return []
    with reading_as_admin(database_url, user, at_machine=at_machine) as connection:
        lines = [*_of_app(connection, wanted), *_of_projects(connection, wanted)]
    return sorted(lines, key=lambda line: line.created, reverse=True)[: wanted.limit]


def people_in_log(database_url: str, user: str, *, at_machine: bool = False) -> list[str]:
    """Everyone in the log by the common form of their names, in alphabetical order.

    Raises:
        NotAllowed: The user is not an admin of the app.
        UsageError: The database cannot be read.
    """
    if not exists(database_url):
        return []
    with reading_as_admin(database_url, user, at_machine=at_machine) as connection:
        found = {
            who for table in (AppEventRow, EventRow) for who in connection.scalars(select(table.person).distinct())
        }
    return sorted(found)


def _of_app(connection: Connection, wanted: LogFilter) -> list[LogLine]:
    query = select(AppEventRow.created, AppEventRow.person, AppEventRow.kind, AppEventRow.content)
    query = query.where(*_conditions(AppEventRow, wanted)).order_by(AppEventRow.id.desc()).limit(wanted.limit)
    rows = connection.execute(query).all()
    return [LogLine(created=row[0], person=row[1], kind=row[2], where=_where(json.loads(row[3]))) for row in rows]


def _where(content: dict[str, str]) -> str:
    if "role" in content:
        return f"{content['role']}: {content['name']}"
    return " · ".join(content[part] for part in _WHERE if content.get(part))


def _of_projects(connection: Connection, wanted: LogFilter) -> list[LogLine]:
    query = select(
        EventRow.created, EventRow.person, EventRow.kind, EventRow.content, EventRow.item_id, ProjectRow.name
    ).join(ProjectRow, ProjectRow.id == EventRow.project_id)
    found = []
    query = query.where(*_conditions(EventRow, wanted)).order_by(EventRow.id.desc()).limit(wanted.limit)
    for created, person, kind, content, item, project in connection.execute(query):
        said = json.loads(content)
        details = [f"project {project}", *([f"item {item}"] if item is not None else [])]
        if kind in {"role_given", "role_taken"}:
            details.append(f"{said['role']}: {said['name']}")
        found.append(LogLine(created=created, person=person, kind=kind, where=" · ".join(details)))
    return found


def _conditions(table: type[AppEventRow | EventRow], wanted: LogFilter) -> list[ColumnElement[bool]]:
    """What a row must be to get through a filter."""
    found: list[ColumnElement[bool]] = []
    if wanted.person is not None:
        found.append(table.person == wanted.person)
    if wanted.kinds:
        found.append(table.kind.in_(wanted.kinds))
    if wanted.text:
        inside = table.content.icontains(json.dumps(wanted.text)[1:-1], autoescape=True)  # as the details are stored
        if table is EventRow:  # an answer is not to be guessed by searching for it
            is_role = table.kind.in_(["role_given", "role_taken"])
            inside = ProjectRow.name.icontains(wanted.text, autoescape=True) | (is_role & inside)
        found.append(inside)
    return found
