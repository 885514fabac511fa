"""What happened in a project: every role, answer, change and look, one row each, never changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from sqlalchemy import insert, select

from audit.core.records import Record
from audit.ratings.tables import EventRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

EventKind = Literal[
    "role_given", "role_taken", "guidelines", "items_added", "shown", "revealed", "answered", "changed", "skipped",
    "flagged", "excluded", "adjudicated", "answers_seen", "own_answers_seen", "results_seen", "exported", "imported",
    "judged",
]  # fmt: skip
"""``shown``: an item was leased to a rater; ``revealed``: text that may offend was unfolded; ``answers_seen``: somebody
saw the answers of others; ``results_seen``: agreement, progress or means were looked at; ``judged``: a checkpoint
answered."""


class Event(Record):
    """One row."""

    id: int
    """Ascending number."""
    created: datetime
    """When, UTC."""
    project_id: int
    """The project."""
    kind: EventKind
    """What happened."""
    person: str
    """Who did it, in the common form of all spellings of a name."""
    item_id: int | None = None
    """About which item."""
    submission: str | None = None
    """Identifies one press of a button; the same one again is not stored twice."""
    content: dict[str, Any] = Field(default_factory=dict)
    """Details: ``answers`` and ``guidelines`` (version) of an answer, ``reason`` of a skip, ``role``, …"""


def append(
    connection: Connection,
    project_id: int,
    kind: EventKind,
    person: str,
    *,
    item_id: int | None = None,
    submission: str | None = None,
    content: dict[str, Any] | None = None,
) -> Event:
    """Write an event, inside the caller's transaction."""
    values: dict[str, Any] = {"created": datetime.now(UTC), "project_id": project_id, "kind": kind, "person": person}
    values |= {"item_id": item_id, "submission": submission}
    row = insert(EventRow).values(**values, content=to_json(content or {})).returning(EventRow.id)
    return Event(id=connection.execute(row).scalar_one(), **values, content=content or {})


def read_events(
    connection: Connection,
    project_id: int,
    kinds: Iterable[EventKind] = (),
    *,
    person: str | None = None,
    item_id: int | None = None,
) -> list[Event]:
    """Events in the order in which they were written.

    Args:
        connection: To the database.
        project_id: The project.
        kinds: Which; all where it is empty.
        person: Only this person's.
        item_id: Only about this item.
    """
    wanted = select(EventRow.__table__).where(EventRow.project_id == project_id).order_by(EventRow.id)
    if kinds:
        wanted = wanted.where(EventRow.kind.in_(list(kinds)))
    if person is not None:
        wanted = wanted.where(EventRow.person == person)
    if item_id is not None:
        wanted = wanted.where(EventRow.item_id == item_id)
    return [of_row(dict(row)) for row in connection.execute(wanted).mappings()]


def of_submission(connection: Connection, submission: str) -> Event | None:
    """The event that a press of a button has led to, if there is one."""
    row = connection.execute(select(EventRow.__table__).where(EventRow.submission == submission)).mappings().first()
    return of_row(dict(row)) if row else None


def of_row(row: dict[str, Any]) -> Event:
    """The event of a row."""
    return Event.model_validate({**row, "content": json.loads(row["content"])})


def to_json(content: dict[str, Any]) -> str:
    """JSON in ASCII: PostgreSQL's texts hold no NUL, and no UTF-8 holds half a character of UTF-16."""
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"))
