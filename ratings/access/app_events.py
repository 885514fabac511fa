"""What happened in the app outside projects: every role, opened page and revealed text, one row each, never changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from sqlalchemy import insert, select

from audit.core.records import Record
from audit.ratings.database import writing
from audit.ratings.projects.events import to_json
from audit.ratings.projects.roles import acting
from audit.ratings.tables import AppEventRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

Look = Literal[
    "opened", "revealed", "waiver_proposed", "waiver_approved", "waiver_declined", "waiver_taken_back"
]  # fmt: skip
"""``opened``: a page, or a sample on it; ``revealed``: text that may offend was unfolded; what became of a waiver."""
AppEventKind = Literal["role_given", "role_taken", Look]


class AppEvent(Record):
    """One row."""

    id: int
    """Ascending number."""
    created: datetime
    """When, UTC."""
    kind: AppEventKind
    """What happened."""
    person: str
    """Who did it, in the common form of all spellings of a name."""
    content: dict[str, str] = Field(default_factory=dict)
    """Details: ``to``, ``name`` and ``role`` of a role; ``page``, ``run``, ``baseline``, ``task`` and ``sample`` of a
    look; ``run`` and ``waiver``."""


def append_app_event(connection: Connection, kind: AppEventKind, person: str, content: Mapping[str, str]) -> None:
    """Write an event, inside the caller's transaction."""
    values = {"created": datetime.now(UTC), "kind": kind, "person": person, "content": to_json(dict(content))}
    connection.execute(insert(AppEventRow).values(**values))


def read_app_events(connection: Connection, kinds: Iterable[AppEventKind]) -> list[AppEvent]:
    """Events of some kinds, in the order in which they were written."""
    wanted = select(AppEventRow.__table__).where(AppEventRow.kind.in_(list(kinds))).order_by(AppEventRow.id)
    rows = connection.execute(wanted).mappings()
    return [AppEvent.model_validate({**row, "content": json.loads(row["content"])}) for row in rows]


def log_look(database_url: str, user: str, kind: Look, where: Mapping[str, str]) -> None:
    """Write down what somebody looks at, or does about a waiver.

    Args:
        database_url: URL of the database.
        user: Who looks.
        kind: What was done.
        where: ``page``, and as far as there are any ``run``, ``baseline``, ``task`` and ``sample``.

    Raises:
        UsageError: The name is none, or the database cannot be written.
        WriteError: Its folder cannot be made.
    """
    who = acting(user)
    with writing(database_url) as connection:
        append_app_event(connection, kind, who, where)
