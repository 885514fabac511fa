"""A judge's answers in a project: what is still to be judged, and events that are never changed."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from audit.core.errors import UsageError
from audit.core.records import Record
from audit.core.text import named
from audit.ratings.database import reading, writing
from audit.ratings.judging.asking_judges import VERSION, can_judge, requests_about
from audit.ratings.projects.asking import TIE, A, B, LabelChoice, PreferenceChoice
from audit.ratings.projects.events import append, read_events
from audit.ratings.projects.item import read_items
from audit.ratings.projects.making import guidelines_of
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import acting, names_of, require

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection

    from audit.ratings.judging.asking_judges import JudgePrompt
    from audit.ratings.projects.item import RatedItem
    from audit.ratings.projects.project import Project


class JudgeReply(Record):
    """What a judge answered to one request."""

    value: int | str | None
    """The answer, a preference by the side on which raters see it; null where there is none."""
    probabilities: dict[str, float] = Field(default_factory=dict)
    """Of each answer, by its text; empty where the reply was generated, or there is none."""
    why_none: str = ""
    """Why there is no answer."""


class RatingJudge(Record):
    """Who judges."""

    name: str
    """Name under which the answers stand."""
    checkpoint: str
    """Digest of the checkpoint's files (``ModelRecord.digest``)."""
    by: str
    """``likelihood`` of the possible answers, or ``generation``."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a judge has still to read."""

    items: list[list[JudgePrompt]]
    """The requests about each item."""
    left_out: list[str]
    """Questions that no judge can answer."""
    guidelines: int
    """Version of the guidelines that the requests hold."""


def check(database_url: str, project: str, user: str) -> None:
    """Make sure that a user may have a project judged, and that there is something to judge.

    Raises:
        NotAllowed: The user is no admin of the project.
        UsageError: There is no such project, or it asks nothing that a judge can answer.
    """
    with reading(database_url) as connection:
        found = find(connection, project)
        require(connection, found, user, "admin")
    if not any(map(can_judge, found.questions)):
        msg = (
            f"the project {named(found.name)} asks nothing that a judge can answer: a scale, one label or a preference"
        )
        raise UsageError(msg)


def waiting(database_url: str, project: str, user: str, judge: RatingJudge) -> Waiting:
    """Items that a judge has not judged with the guidelines in force and the present wording.

    Raises:
        NotAllowed: The user is no admin of the project.
        UsageError: There is no such project, the judge has a person's name, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        require(connection, found, user, "admin")
        who = _name(connection, found, judge)
        version, text = guidelines_of(connection, found.id)
        done = {
            event.item_id
            for event in read_events(connection, found.id, ["judged"], person=who)
            if (event.content["guidelines"], event.content["wording"]) == (version, VERSION)
            and event.content["judge"] == judge.model_dump()
        }
        items = [item for item in read_items(connection, found.id) if item.id not in done]
    left_out = [one.name for one in found.questions if not can_judge(one)]
    return Waiting([requests_about(item, found, text) for item in items], left_out, version)


def store(
    database_url: str,
    project: str,
    user: str,
    judge: RatingJudge,
    replies: Sequence[tuple[JudgePrompt, JudgeReply]],
    guidelines: int,
) -> None:
    """Write what a judge answered about some items, all requests about each of them.

    Raises:
        NotAllowed: The user is no admin of the project.
        UsageError: There is no such project, the judge has a person's name, or the database cannot be written.
    """
    by_item: defaultdict[int, list[tuple[JudgePrompt, JudgeReply]]] = defaultdict(list)
    for request, reply in replies:
        by_item[request.item_id].append((request, reply))
    with writing(database_url) as connection:
        found = find(connection, project)
        admin = require(connection, found, user, "admin")
        who = _name(connection, found, judge)
        items = {item.id: item for item in read_items(connection, found.id)}
        for number, of_item in by_item.items():
            content = {"judge": judge.model_dump(), "asked_by": admin, "guidelines": guidelines, "wording": VERSION}
            content |= _answers(found, items[number], of_item)
            append(connection, found.id, "judged", who, item_id=number, content=content)


def _name(connection: Connection, project: Project, judge: RatingJudge) -> str:
    who = acting(judge.name)
    if who in names_of(connection, project.id):  # or was one: what was said stays
        msg = f"{named(judge.name)} is a person of the project {named(project.name)}: give the judge another --name"
        raise UsageError(msg)
    return who


def _answers(
    project: Project, item: RatedItem, replies: Sequence[tuple[JudgePrompt, JudgeReply]]
) -> dict[str, dict[str, Any]]:
    """Answers as raters' are stored, replies of preferences in each order by run, and why some are missing."""
    answers: dict[str, Any] = {}
    orders: dict[str, list[str | None]] = {}
    why: dict[str, str] = {}
    for question in project.questions:
        asked = [request for request, _ in replies if request.question == question.name]
        if not asked:
            continue
        of_question = [reply for request, reply in replies if request.question == question.name]
        value, reason = _combined(asked[0].choices.values(), of_question)
        if value is None:
            why[question.name] = reason
        elif isinstance(question, PreferenceChoice):
            answers[question.name] = item.by_run(str(value), project.seed)
        else:
            answers[question.name] = [value] if isinstance(question, LabelChoice) else value
        if isinstance(question, PreferenceChoice):
            orders[question.name] = [
                None if one.value is None else item.by_run(str(one.value), project.seed) for one in of_question
            ]
    probabilities = {
        f"{request.question}{'.swapped' if request.swapped else ''}": reply.probabilities for request, reply in replies
    }
    return {"answers": answers, "orders": orders, "why_none": why, "probabilities": probabilities}


def _combined(values: Collection[int | str], replies: Sequence[JudgeReply]) -> tuple[int | str | None, str]:
    """One answer of the replies in each order: the likeliest on average, or the one that both have.

    Generated replies that differ are a tie, where there are ties; so are both outputs where none is likelier.
    """
    if all(one.probabilities for one in replies):
        names = replies[0].probabilities
        total = {name: sum(one.probabilities[name] for one in replies) for name in names}
        best = [name for name, sum_ in total.items() if math.isclose(sum_, max(total.values()))]
        if len(best) == 1:
            return next(value for value in values if str(value) == best[0]), ""
        tied = set(best) == {A, B} and TIE in values
        return (TIE, "") if tied else (None, "several answers are equally likely")
    missing = next((one for one in replies if one.value is None), None)
    if missing is not None:
        return None, missing.why_none
    if len({one.value for one in replies}) == 1:
        return replies[0].value, ""
    if TIE in values:
        return TIE, ""
    return None, "the answer differs with the order of the outputs"
