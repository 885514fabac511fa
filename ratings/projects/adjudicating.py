"""Disagreements and flagged items: what waits for an adjudicator, and what was decided.

The answers of others are hidden from everyone until an item is complete, and from its raters until it is decided.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import Field

from audit.core.errors import UsageError
from audit.core.records import Record
from audit.ratings.database import reading, writing
from audit.ratings.projects.answers import ItemAnswers, collect, is_complete
from audit.ratings.projects.asking import LikertScale, checked
from audit.ratings.projects.blinding import ShownItem, shown
from audit.ratings.projects.events import append
from audit.ratings.projects.leasing import lock, release, release_all
from audit.ratings.projects.making import guidelines_of
from audit.ratings.projects.project import find
from audit.ratings.projects.rating import seen_form, stored_form
from audit.ratings.projects.roles import NotAllowed, require, roles_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audit.ratings.projects.project import Project


class OpenCase(Record):
    """An item that waits for a decision."""

    item_id: int
    """Its number."""
    task: str
    """The task."""
    disagreements: list[str]
    """Questions to which the raters gave different answers."""
    spread: float
    """How far they are apart, 0 to 1: of a scale, the range of the points; of anything else, the share of pairs of
    raters that differ. The largest over the questions."""
    flags: int
    """How many raters flagged it."""


class Case(Record):
    """An item with what its raters said."""

    item: ShownItem
    """As raters see it."""
    answers: dict[str, dict[str, Any]]
    """Answers by question of each rater; raters are ``rater 1``, ``rater 2``, … in the order of their answers, and a
    preference is for a side of ``item``."""
    comments: dict[str, str]
    """Their comments."""
    flags: list[str]
    """Why it was flagged."""
    decided: dict[str, Any] | None = Field(default=None)
    """What was decided; null where nothing was."""


def queue(database_url: str, project: str, user: str) -> list[OpenCase]:
    """Items to decide: flagged ones first, then complete ones whose raters disagree, those furthest apart first.

    Those that the user has rated are left out: somebody else decides them.

    Raises:
        NotAllowed: The user is not an adjudicator of the project.
        UsageError: There is no such project, or the database cannot be read.
    """
    with reading(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "adjudicator")
        others = [one for one in collect(connection, found.id) if who not in one.by_rater and _waits(one, found)]
    waiting = [_open_case(one, found) for one in others]
    return sorted(waiting, key=lambda case: (-case.flags, -case.spread, case.item_id))


def read_case(database_url: str, project: str, user: str, item_id: int) -> Case:
    """An item with the answers of its raters, without their names; that they were seen is written down.

    Adjudicators see complete and flagged items, raters those that they answered themselves and that are decided.

    Raises:
        NotAllowed: The user may not see them, or not yet.
        UsageError: There is no such item, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "adjudicator", "rater")
        lock(connection, item_id)
        about = _about(collect(connection, found.id), item_id)
        if not _may_see(about, found, who, is_adjudicator="adjudicator" in roles_of(connection, found.id, who)):
            until = "it is complete, and from its raters until it is decided"
            msg = f"item {item_id}: the answers of others are hidden until {until}"
            raise NotAllowed(msg)
        release(connection, item_id, who)  # who has seen the answers of others rates it no more
        append(connection, found.id, "answers_seen", who, item_id=item_id)
        version = guidelines_of(connection, found.id)[0]
    called = {rater: f"rater {number}" for number, rater in enumerate(about.by_rater, 1)}
    return Case(
        item=shown(about.item, found, version),
        answers={called[rater]: seen_form(found, about.item, given) for rater, given in about.by_rater.items()},
        comments={called[rater]: text for rater, text in about.comments.items() if text},
        flags=list(about.flags.values()),
        decided=about.decided and seen_form(found, about.item, about.decided),
    )


def adjudicate(
    database_url: str, project: str, user: str, item_id: int, answers: dict[str, Any], reason: str = ""
) -> None:
    """Decide an item: these answers count instead of those of its raters.

    Args:
        database_url: URL of the database.
        project: Name of the project.
        user: The adjudicator.
        item_id: The item.
        answers: As of a rater.
        reason: Why.

    Raises:
        NotAllowed: The user is not an adjudicator, has rated the item, or may not see the answers yet.
        UsageError: There is no such item, it waits for no decision, an answer is impossible, or the database cannot be
            written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "adjudicator")
        about = _waiting(connection, found, who, item_id)
        if not _may_see(about, found, who, is_adjudicator=True):
            msg = f"item {item_id}: it is not complete yet: decide it when all its raters have answered"
            raise NotAllowed(msg)
        if not _waits(about, found):
            raise UsageError(_closed(item_id))
        lengths = {side: len(output.text) for side, output in about.item.sides(found.seed).items()}
        by_run, _ = stored_form(found, about.item, checked(found.questions, answers, lengths))
        append(connection, found.id, "adjudicated", who, item_id=item_id, content={"answers": by_run, "reason": reason})


def exclude(database_url: str, project: str, user: str, item_id: int, reason: str) -> None:
    """Take an item out: nobody gets it any more, and it counts nowhere.

    Raises:
        NotAllowed: The user is not an adjudicator of the project, or has rated the item.
        UsageError: There is no such item, it is decided or excluded, there is no reason, or the database cannot be
            written.
    """
    if not reason.strip():
        msg = f"item {item_id}: say why it is taken out"
        raise UsageError(msg)
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "adjudicator")
        _waiting(connection, found, who, item_id)
        release_all(connection, item_id)
        append(connection, found.id, "excluded", who, item_id=item_id, content={"reason": reason})


def _waiting(connection: Connection, project: Project, who: str, item_id: int) -> ItemAnswers:
    """An item that nobody has decided or excluded, locked until the transaction ends.

    Raises:
        NotAllowed: The adjudicator has rated it.
        UsageError: There is no such item, or somebody else was quicker.
    """
    lock(connection, item_id)
    about = _about(collect(connection, project.id), item_id)
    if about.decided is not None or about.excluded:
        raise UsageError(_closed(item_id))
    if who in about.by_rater:
        msg = f"item {item_id}: you have rated it: another adjudicator decides it"
        raise NotAllowed(msg)
    return about


def _closed(item_id: int) -> str:
    return f"item {item_id} no longer needs a decision: go back to the queue"


def _waits(about: ItemAnswers, project: Project) -> bool:
    """Whether an item is flagged, or complete with raters who disagree, and neither decided nor excluded."""
    if about.decided is not None or about.excluded:
        return False
    return bool(about.flags) or bool(_disagreements(about, project))


def _disagreements(about: ItemAnswers, project: Project) -> list[str]:
    """Questions of a complete item to which its raters gave different answers."""
    if not is_complete(about, project):
        return []
    # Two raters who write a free text never write the same.
    asked = [one for one in project.questions if one.kind != "text"]
    return [one.name for one in asked if _spread(list(about.values(one.name).values()), one) > 0]


def _may_see(about: ItemAnswers, project: Project, who: str, *, is_adjudicator: bool) -> bool:
    if who in about.by_rater and about.decided is not None:
        return True
    return is_adjudicator and who not in about.by_rater and (is_complete(about, project) or bool(about.flags))


def _about(found: list[ItemAnswers], item_id: int) -> ItemAnswers:
    about = next((one for one in found if one.item.id == item_id), None)
    if about is None:
        msg = f"the project has no item {item_id}"
        raise UsageError(msg)
    return about


def _open_case(about: ItemAnswers, project: Project) -> OpenCase:
    spreads = {one.name: _spread(list(about.values(one.name).values()), one) for one in project.questions}
    apart = _disagreements(about, project)
    return OpenCase(
        item_id=about.item.id,
        task=about.item.task,
        disagreements=apart,
        spread=max((spreads[name] for name in apart), default=0.0),
        flags=len(about.flags),
    )


def _spread(values: list[Any], question: object) -> float:
    if len(values) < 2:
        return 0.0
    if isinstance(question, LikertScale):
        return float(max(values) - min(values)) / (question.points - 1)
    texts = [json.dumps(value, sort_keys=True) for value in values]
    pairs = [(one, other) for place, one in enumerate(texts) for other in texts[:place]]
    return sum(one != other for one, other in pairs) / len(pairs)
