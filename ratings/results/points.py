"""The answers of projects as ratings of 1 to 5, for reports, gate rules and explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from audit.ratings.database import exists, reading
from audit.ratings.projects.answers import collect
from audit.ratings.projects.project import of_row
from audit.ratings.records import Rating
from audit.ratings.tables import ProjectRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audit.ratings.projects.answers import ItemAnswers
    from audit.ratings.projects.project import Project

DECIDED = "adjudicated"
"""Stands for the rater where an adjudicator decided."""


def points(database_url: str, run_id: str | None = None) -> list[Rating]:
    """Ratings of single outputs that count: of each project's scale of 5 points, the latest answer of each rater.

    Where an adjudicator decided, the decision alone counts. Calibration, gold and excluded items do not.

    Args:
        database_url: URL of the database.
        run_id: Only ratings of this run.

    Raises:
        UsageError: The database cannot be opened.
    """
    if not exists(database_url):
        return []
    with reading(database_url) as connection:
        rows = connection.execute(select(ProjectRow.__table__).order_by(ProjectRow.id)).mappings().all()
        found = [one for row in rows for one in _of_project(connection, of_row(dict(row)))]
    return [one for one in found if run_id in (None, one.run_id)]


def _of_project(connection: Connection, project: Project) -> list[Rating]:
    scale = project.scale
    if scale is None:
        return []
    counting = [about for about in collect(connection, project.id) if counts(about) and len(about.item.outputs) == 1]
    return [one for about in counting for one in _of_item(about, scale.name)]


def counts(about: ItemAnswers) -> bool:
    """Whether what was said about an item counts in results: calibration, gold and excluded items do not."""
    return about.item.kind == "regular" and not about.excluded


def _of_item(about: ItemAnswers, question: str) -> list[Rating]:
    given = {rater: (value, about.written[rater]) for rater, value in about.values(question).items()}
    if about.decided is not None and about.decided_at is not None:
        given = {DECIDED: (about.decided[question], about.decided_at)} if question in about.decided else {}
    output = about.item.outputs[0]
    of_output = {"run_id": output.run_id, "sample_id": output.sample_id, "output_sha256": output.sha256}
    return [
        Rating(
            id=about.item.id,
            created=when,
            rater=rater,
            suite=about.item.suite,
            task=about.item.task,
            rating=value,
            comment=about.comments.get(rater, ""),
            **of_output,
        )
        for rater, (value, when) in given.items()
    ]
