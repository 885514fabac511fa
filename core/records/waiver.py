"""A waiver: one rule of a policy that may be broken, by which checkpoint, for how long, and who says so."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from audit.core.records.base import Record
from audit.core.text import printable

MOST_DAYS = 90
"""Days that a waiver may hold after it was granted."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _id(text: str) -> str:
    """Refuse what could be more than a name: it is printed in tables, summaries and file names."""
    if not _ID.fullmatch(text):
        msg = f"must be 1 to 64 letters, digits, dots, hyphens and underscores (found {printable(text, 80)!r})"
        raise ValueError(msg)
    return text


def _digest(text: str) -> str:
    """Refuse a digest that is cut or not of SHA-256."""
    if not _DIGEST.fullmatch(text):
        msg = f"must be a SHA-256 of 64 hexadecimal digits in lower case (found {printable(text, 80)!r})"
        raise ValueError(msg)
    return text


def _day(value: object) -> object:
    """A day as YAML or JSON has it. A time of day, with an offset or without, would name two days somewhere."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            msg = f"{value} is not a day of the calendar"
            raise ValueError(msg) from error
    found = printable(str(value), 80)
    msg = f"must be a day such as 2026-12-31, without a time: days are those of UTC (found {found!r})"
    raise ValueError(msg)


def _name(text: str) -> str:
    """Refuse a name that names nobody."""
    if not any(character.isalnum() for character in text):
        msg = f"must name a person or a role (found {printable(text, 80)!r})"
        raise ValueError(msg)
    return text


def _said(text: str) -> str:
    """Refuse a text of blanks."""
    if not text.strip():
        msg = "must not be empty"
        raise ValueError(msg)
    return text


Digest = Annotated[str, AfterValidator(_digest)]
Day = Annotated[date, BeforeValidator(_day)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_name)]


class WaiverScope(Record):
    """Which checkpoint, run and policy a waiver is good for: all that it names must fit."""

    model: str | None = None
    """Name of the checkpoint, as in the manifest; it also fits another checkpoint of the same name."""
    digest: Digest | None = None
    """SHA-256 of the checkpoint, as in the manifest (``model.digest``)."""
    run: str | None = None
    """Run-id."""
    policy: Digest | None = None
    """SHA-256 of the policy file."""

    @model_validator(mode="after")
    def _names_what_was_judged(self) -> Self:
        if self.model is None and self.digest is None and self.run is None:
            msg = "name the checkpoint that it is good for: model, digest or run"
            raise ValueError(msg)
        return self


class Waiver(Record):
    """One rule that may be broken for a while."""

    id: Annotated[str, AfterValidator(_id)]
    """Unique in its file, e.g. a ticket."""
    rule: Annotated[str, Field(min_length=1, max_length=1000)]
    """The metric, as the rule of the policy names it."""
    slice: dict[str, str] | None = None
    """The subset, where the rule is on one."""
    scope: WaiverScope
    """What it is good for."""
    reason: Annotated[str, Field(max_length=2000), AfterValidator(_said)]
    """Why the rule may be broken."""
    owner: Name
    """Who asked for it, and sees to it that it is no longer needed."""
    approver: Name
    """Who granted it; somebody else."""
    granted: Day
    """First day on which it holds, UTC."""
    expires: Day
    """Last day on which it holds, UTC; at most 90 days after the first."""

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        if self.expires < self.granted:
            msg = f"expires {self.expires} is before granted {self.granted}"
            raise ValueError(msg)
        if self.expires - self.granted > timedelta(days=MOST_DAYS):
            last = self.granted + timedelta(days=MOST_DAYS)
            msg = f"expires {self.expires} is more than {MOST_DAYS} days after granted {self.granted}: {last} at most"
            raise ValueError(msg)
        return self

    @property
    def text(self) -> str:
        """What a reader of a waived check must know."""
        return f"waived by {self.id} until {self.expires} UTC, approved by {self.approver}: {self.reason}"


class JudgedWaiver(Waiver):
    """A waiver of the file that a decision was made with."""

    fault: str | None
    """Why it waives nothing: expired, unused, self-approved; null where it waives a check."""
