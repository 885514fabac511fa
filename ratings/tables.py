"""The ratings table as SQLAlchemy sees it. Its columns are made by :mod:`audit.ratings.migrations`."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite stores no time zone, so it is taken off and put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC before writing."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Say that what was read is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Registry of the tables of a ratings database."""


class RatingRow(Base):
    """One rating as stored. A re-rating is another row; triggers refuse changes and deletions."""

    __tablename__ = "ratings"

    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    rater: Mapped[str]
    run_id: Mapped[str]
    suite: Mapped[str]
    task: Mapped[str]
    sample_id: Mapped[str]
    output_sha256: Mapped[str]
    rating: Mapped[int]
    comment: Mapped[str]


class WithdrawalRow(Base):
    """A rating that its rater took back. The rating stays in its table and counts no more."""

    __tablename__ = "ratings_withdrawn"

    rating_id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
