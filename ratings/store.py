"""Writing ratings and reading them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from audit.ratings.database import exists, reading, writing
from audit.ratings.records import NewRating, Rating
from audit.ratings.tables import RatingRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select


def add(database_url: str, rating: NewRating) -> Rating:
    """Append a rating. A rating of the same sample by the same rater stays where it is; this one counts.

    Raises:
        UsageError: The database cannot be opened or written.
    """
    created = datetime.now(UTC)
    values = {"created": created, **rating.model_dump()}
    with writing(database_url) as connection:
        identity = connection.execute(insert(RatingRow).values(**values).returning(RatingRow.id)).scalar_one()
    return Rating(id=identity, **values)


def read_all(database_url: str, run_id: str | None = None) -> list[Rating]:
    """All rows, superseded ones included, in the order they were written.

    Args:
        database_url: Where.
        run_id: Only ratings of this run.

    Returns:
        Nothing when the SQLite file does not exist; reading never makes one.
    """
    query = select(RatingRow.__table__).order_by(RatingRow.id)
    return _read(database_url, query.where(RatingRow.run_id == run_id) if run_id is not None else query)


def read_latest(database_url: str, run_id: str, rater: str | None = None) -> list[Rating]:
    """The ratings of a run that count: the latest per rater and sample.

    Args:
        database_url: Where.
        run_id: The rated run.
        rater: Only this person's.
    """
    latest = select(func.max(RatingRow.id)).where(RatingRow.run_id == run_id)
    if rater is not None:
        latest = latest.where(RatingRow.rater == rater)
    latest = latest.group_by(RatingRow.rater, RatingRow.sample_id)
    return _read(database_url, select(RatingRow.__table__).where(RatingRow.id.in_(latest)).order_by(RatingRow.id))


def _read(database_url: str, query: Select[tuple[object, ...]]) -> list[Rating]:
    if not exists(database_url):
        return []
    with reading(database_url) as connection:
        rows: Sequence[object] = connection.execute(query).mappings().all()
    return [Rating.model_validate(row) for row in rows]
