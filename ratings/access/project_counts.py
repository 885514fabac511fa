"""How far all projects are, by counts alone: an admin of the app need not have a role in any of them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations at run time
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from audit.core.records import Record
from audit.ratings.access.app_roles import reading_as_admin
from audit.ratings.database import exists
from audit.ratings.projects.project import of_row
from audit.ratings.projects.roles import members
from audit.ratings.tables import EventRow, ProjectRow, SlotRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audit.ratings.projects.project import Project


class ProjectCount(Record):
    """How far one project is."""

    project: str
    """Its name."""
    created: datetime
    """When it was made, UTC."""
    made_by: str
    """Who made it."""
    items: int
    """Items that are not calibration or gold items and were not taken out."""
    wanted: int
    """Answers wanted to them: items times raters per item."""
    answered: int
    """Answers given to them."""
    people: dict[str, int]
    """Number of people with each role."""


def count_projects(database_url: str, user: str, *, at_machine: bool = False) -> list[ProjectCount]:
    """All projects, the newest first; none where there is no database.

    Raises:
        NotAllowed: The user is not an admin of the app.
        UsageError: The database cannot be read.
    """
    if not exists(database_url):
        return []
    with reading_as_admin(database_url, user, at_machine=at_machine) as connection:
        rows = connection.execute(select(ProjectRow.__table__).order_by(ProjectRow.id.desc())).mappings().all()
        return [_count(connection, of_row(dict(row))) for row in rows]


def _count(connection: Connection, project: Project) -> ProjectCount:
    excluded = select(EventRow.item_id).where(EventRow.project_id == project.id, EventRow.kind == "excluded")
    slots = (
        select(func.count(func.distinct(SlotRow.item_id)), func.count(), func.count().filter(SlotRow.done))
        .where(SlotRow.project_id == project.id, SlotRow.item_id.not_in(excluded))
    )  # fmt: skip
    items, wanted, answered = connection.execute(slots).one()
    people = Counter(role for roles in members(connection, project.id).values() for role in roles)
    return ProjectCount(
        project=project.name,
        created=project.created,
        made_by=project.made_by,
        items=items,
        wanted=wanted,
        answered=answered,
        people=dict(people),
    )
