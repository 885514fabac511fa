"""A rating project as it was made, and how it is found again."""

from __future__ import annotations

import json
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from sqlalchemy import select

from audit.core.errors import UsageError, did_you_mean
from audit.core.records import Record
from audit.core.text import named
from audit.ratings.database import exists, reading
from audit.ratings.projects.asking import AnyKind, LikertScale, PreferenceChoice
from audit.ratings.tables import ProjectRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEASE_SECONDS = 900
"""Seconds for which a slot is kept for a rater who does not answer."""


class ProjectPlan(Record):
    """What does not change about a project."""

    made_by: str
    """Who made it."""
    questions: Annotated[list[AnyKind], Field(min_length=1, max_length=20)]
    """What raters are asked about each item."""
    raters_per_item: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of raters that each item gets."""
    seed: int = 1234
    """Decides the order of each rater's items and the side of each output."""
    lease_seconds: Annotated[int, Field(ge=1)] = LEASE_SECONDS
    """Seconds after which the slot of a rater who does not answer is free again."""
    hidden_names: list[str] = Field(default_factory=list)
    """Names of the checkpoints; they are masked in whatever raters see."""


class Project(ProjectPlan):
    """A project of the database."""

    id: int
    """Its number."""
    name: str
    """What it is called."""
    created: datetime
    """When it was made, UTC."""

    @property
    def scale(self) -> LikertScale | None:
        """The scale of the ratings that reports and gate rules use: the first one of 5 points."""
        scales = (one for one in self.questions if isinstance(one, LikertScale) and one.points == 5)
        return next(scales, None)

    @property
    def preference(self) -> PreferenceChoice | None:
        """The first question for a preference."""
        return next((one for one in self.questions if isinstance(one, PreferenceChoice)), None)


def find(connection: Connection, name: str) -> Project:
    """The project of a name.

    Raises:
        UsageError: There is none.
    """
    row = connection.execute(select(ProjectRow.__table__).where(ProjectRow.name == name)).mappings().first()
    if row is None:
        known = list(connection.execute(select(ProjectRow.name)).scalars())
        there = f": there are {', '.join(map(named, known))}" if known else ": make one with 'audit ratings assign'"
        msg = f"no rating project is called {named(name)!r}{there}.{did_you_mean(name, known)}"
        raise UsageError(msg)
    return of_row(dict(row))


def of_row(row: dict[str, object]) -> Project:
    """The project of a row."""
    plan = ProjectPlan.model_validate(json.loads(str(row["content"])))
    known = {"id": row["id"], "name": row["name"], "created": row["created"]}
    return Project.model_validate({**plan.model_dump(), **known})


def read_projects(database_url: str) -> list[Project]:
    """All projects, the newest first; none if there is no database."""
    if not exists(database_url):
        return []
    with reading(database_url) as connection:
        rows = connection.execute(select(ProjectRow.__table__).order_by(ProjectRow.id.desc())).mappings().all()
    return [of_row(dict(row)) for row in rows]
