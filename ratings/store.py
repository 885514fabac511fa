"""Writing ratings and reading them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from audit.core.errors import UsageError
from audit.ratings.database import exists, reading, writing
from audit.ratings.raters import person, spelling
from audit.ratings.records import NewRating, Rating
from audit.ratings.tables import RatingRow, WithdrawalRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select

_WITHDRAWN = select(WithdrawalRow.rating_id)


def add(database_url: str, rating: NewRating) -> Rating:
    """Append a rating. An earlier rating of the same sample by the same rater is kept; the new one counts.

    A rater who is known in another spelling (``Ada`` for ``ada``) is stored under the known one.

    Raises:
        UsageError: The database cannot be opened or written.
    """
    created = datetime.now(UTC)
    with writing(database_url) as connection:
        values = {"created": created, **rating.model_dump(), "rater": spelling(rating.rater, _raters(connection))}
        identity = connection.execute(insert(RatingRow).values(**values).returning(RatingRow.id)).scalar_one()
    return Rating(id=identity, **values)


def withdraw(database_url: str, rating_id: int) -> None:
    """Withdraw a rating: it stays in the database but no longer counts; the one before it counts again.

    Raises:
        UsageError: There is no such rating, or the database cannot be opened or written.
    """
    with writing(database_url) as connection:
        if connection.execute(select(RatingRow.id).where(RatingRow.id == rating_id)).first() is None:
            msg = f"there is no rating {rating_id} to withdraw"
            raise UsageError(msg)
        if connection.execute(_WITHDRAWN.where(WithdrawalRow.rating_id == rating_id)).first() is None:
            connection.execute(insert(WithdrawalRow).values(rating_id=rating_id, created=datetime.now(UTC)))


def known_raters(database_url: str) -> list[str]:
    """Names of all raters as stored, in the order of their first rating; none if there is no database.

    Raises:
        UsageError: The database cannot be opened.
    """
    if not exists(database_url):
        return []
    with reading(database_url) as connection:
        return _raters(connection)


def read_all(database_url: str, run_id: str | None = None) -> list[Rating]:
    """All rows, superseded and withdrawn ones included, in the order they were written.

    Args:
        database_url: URL of the database.
        run_id: Only ratings of this run.

    Returns:
        Nothing when the SQLite file does not exist; reading never makes one.
    """
    query = _rows().order_by(RatingRow.id)
    return _read(database_url, query.where(RatingRow.run_id == run_id) if run_id is not None else query)


def read_latest(database_url: str, run_id: str, rater: str | None = None) -> list[Rating]:
    """The ratings of a run that count: the latest per rater and sample that was not withdrawn.

    Args:
        database_url: URL of the database.
        run_id: The rated run.
        rater: Only this person's, in whatever spelling.
    """
    latest = select(func.max(RatingRow.id)).where(RatingRow.run_id == run_id, RatingRow.id.not_in(_WITHDRAWN))
    latest = latest.group_by(RatingRow.rater, RatingRow.sample_id)
    found = _read(database_url, _rows().where(RatingRow.id.in_(latest)).order_by(RatingRow.id))
    # Databases of earlier versions hold several spellings of one person.
    counted = {(person(rating.rater), rating.sample_id): rating for rating in found}
    wanted = None if rater is None else person(rater)
    return sorted(
        (rating for (who, _), rating in counted.items() if wanted in (None, who)), key=lambda rating: rating.id
    )


def _rows() -> Select[tuple[object, ...]]:
    """All columns of the ratings, and whether each was withdrawn."""
    return select(RatingRow.__table__, RatingRow.id.in_(_WITHDRAWN).label("withdrawn"))


def _raters(connection: Connection) -> list[str]:
    first = func.min(RatingRow.id)
    return list(connection.execute(select(RatingRow.rater).group_by(RatingRow.rater).order_by(first)).scalars())


def _read(database_url: str, query: Select[tuple[object, ...]]) -> list[Rating]:
    if not exists(database_url):
        return []
    with reading(database_url) as connection:
        rows: Sequence[object] = connection.execute(query).mappings().all()
        known = _raters(connection)
    first = {name: spelling(name, known) for name in known}
    return [Rating.model_validate({**row, "rater": first[row["rater"]]}) for row in rows]  # type: ignore[dict-item, index]
