"""The ratings table for SQLAlchemy. Its columns are created by :mod:`audit.ratings.migrations`."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC. SQLite stores no time zone, so it is removed and restored here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC before writing."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Mark the value as UTC."""
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
    """A rating that its rater withdrew. It stays in the ratings table but no longer counts."""

    __tablename__ = "ratings_withdrawn"

    rating_id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime)


class ProjectRow(Base):
    """A rating project; what may change about it (guidelines, roles) is among its events."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    name: Mapped[str]
    content: Mapped[str]
    """JSON in ASCII, which holds NUL and lone surrogates as well (``ratings/projects/project.py``)."""


class ItemRow(Base):
    """What is rated, with everything that raters and exports need of the run that it came from."""

    __tablename__ = "project_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    kind: Mapped[str]
    content: Mapped[str]
    """JSON in ASCII (``ratings/projects/item.py``)."""


class SlotRow(Base):
    """One of the places for raters that an item has; the only table whose rows change."""

    __tablename__ = "project_slots"

    item_id: Mapped[int] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    person: Mapped[str | None]
    """Who leases or filled it, in the common form of all spellings (:func:`audit.ratings.raters.person`)."""
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the lease ends."""
    done: Mapped[bool]
    """Whether its rater has answered."""


class EventRow(Base):
    """Something that somebody saw, said, changed or decided in a project; never changed once written."""

    __tablename__ = "project_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    project_id: Mapped[int]
    kind: Mapped[str]
    person: Mapped[str]
    item_id: Mapped[int | None]
    submission: Mapped[str | None]
    """Identifies one press of a button: sent again, it is stored once."""
    content: Mapped[str]
    """JSON in ASCII."""


class AppEventRow(Base):
    """Something that somebody saw or changed in the app outside projects; never changed once written."""

    __tablename__ = "app_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str]
    person: Mapped[str]
    content: Mapped[str]
    """JSON in ASCII."""
