"""A judge's answers in a project: what is still to be judged, and events that are never changed."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field
from sqlalchemy import false, select, update

from audit.core.errors import UsageError
from audit.core.records import Record, digest_of
from audit.core.text import named
from audit.ratings.database import reading, writing
from audit.ratings.database import require as require_database
from audit.ratings.judging.asking_judges import VERSION, can_judge, requests_about
from audit.ratings.projects.asking import TIE, A, B, LabelChoice, PreferenceChoice
from audit.ratings.projects.events import append, read_events
from audit.ratings.projects.item import read_items
from audit.ratings.projects.leasing import lock
from audit.ratings.projects.making import guidelines_of
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import acting, names_of, require
from audit.ratings.tables import EventRow, SlotRow

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
    """Who judges. One name stands for one checkpoint with one set of settings, for each way of answering."""

    name: str
    """Name under which the answers stand."""
    checkpoint: str
    """Digest of the checkpoint's files (``ModelRecord.digest``)."""
    by: str
    """``likelihood`` of the possible answers, or ``generation``."""
    settings: dict[str, str] = Field(default_factory=dict)
    """What else decides its answers, by name, e.g. ``dtype`` (:func:`audit.safety.judges.wording.settings_of`)."""


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
    """Make sure that a user may have a project judged, that there is something to judge, and that it can be written.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such project, it asks nothing that a judge can answer, or the database cannot be
            written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        require(connection, found, user, "admin")
        # Of no row: a SQLite file that cannot be written is opened for reading without a word.
        connection.execute(update(SlotRow).where(false()).values(done=False))
    if not any(map(can_judge, found.questions)):
        msg = (
            f"the project {named(found.name)} asks nothing that a judge can answer: a scale, one label or a preference"
        )
        raise UsageError(msg)


def waiting(database_url: str, project: str, user: str, judge: RatingJudge) -> Waiting:
    """Items that a judge has not judged with the guidelines in force and the present wording.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such project, the judge has the name of a person or of another judge, or the database
            is gone or cannot be written.
    """
    require_database(database_url)
    with writing(database_url) as connection:
        found = find(connection, project)
        require(connection, found, user, "admin")
        who = _name(connection, found, judge)
        version, text = guidelines_of(connection, found.id)
        done = _submissions(connection, found, who)
        items = [
            one
            for one in read_items(connection, found.id)
            if _submission(found.id, one.id, who, judge, version) not in done
        ]
    left_out = [one.name for one in found.questions if not can_judge(one)]
    return Waiting([requests_about(item, found, text) for item in items], left_out, version)


def still_waiting(
    database_url: str, project: str, judge: RatingJudge, left: Waiting, items: Sequence[list[JudgePrompt]]
) -> list[list[JudgePrompt]]:
    """Those of some waiting items that the same judge, at work elsewhere, has not answered meanwhile.

    Raises:
        UsageError: The database is gone or cannot be read.
    """
    require_database(database_url)
    with reading(database_url) as connection:
        found = find(connection, project)
        who = acting(judge.name)
        done = _submissions(connection, found, who)
    return [
        requests
        for requests in items
        if _submission(found.id, requests[0].item_id, who, judge, left.guidelines) not in done
    ]


def store(
    database_url: str,
    project: str,
    user: str,
    judge: RatingJudge,
    replies: Sequence[tuple[JudgePrompt, JudgeReply]],
    guidelines: int,
) -> set[int]:
    """Write what a judge answered about some items, all requests about each of them.

    Returns:
        The items about which it was written: not those that the same judge, at work elsewhere, has answered meanwhile.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such project, the judge has the name of a person or of another judge, or the database
            is gone or cannot be written.
    """
    by_item: defaultdict[int, list[tuple[JudgePrompt, JudgeReply]]] = defaultdict(list)
    for request, reply in replies:
        by_item[request.item_id].append((request, reply))
    written = set()
    require_database(database_url)  # a database that was deleted meanwhile is not made again
    with writing(database_url) as connection:
        found = find(connection, project)
        admin = require(connection, found, user, "admin")
        items = {item.id: item for item in read_items(connection, found.id)}
        lock(connection, min(items))  # judges of a project write one after another
        who = _name(connection, found, judge)
        done = _submissions(connection, found, who)
        for number, of_item in by_item.items():
            submission = _submission(found.id, number, who, judge, guidelines)
            if submission not in done:
                content = {"judge": judge.model_dump(), "asked_by": admin, "guidelines": guidelines, "wording": VERSION}
                content |= _answers(found, items[number], of_item)
                append(connection, found.id, "judged", who, item_id=number, submission=submission, content=content)
                written.add(number)
    return written


def _submission(project_id: int, item_id: int, who: str, judge: RatingJudge, guidelines: int) -> str:
    """Identifies what one judge answers about an item: it is stored once."""
    identity = (judge.checkpoint, judge.by, judge.settings)
    return digest_of("judged", project_id, item_id, who, identity, guidelines, VERSION)


def _submissions(connection: Connection, project: Project, who: str) -> set[str | None]:
    """Whatever was stored under a judge's name."""
    of_judge = (EventRow.kind == "judged") & (EventRow.person == who)
    wanted = select(EventRow.submission).where(EventRow.project_id == project.id, of_judge)
    return set(connection.execute(wanted).scalars())


def _name(connection: Connection, project: Project, judge: RatingJudge) -> str:
    """The common form of the judge's name.

    Raises:
        UsageError: It is that of a person of the project, or of another judge.
    """
    who = acting(judge.name)
    if who in names_of(connection, project.id):  # or was one: what was said stays
        msg = f"{named(judge.name)} is a person of the project {named(project.name)}: give the judge another --name"
        raise UsageError(msg)
    for event in read_events(connection, project.id, ["judged"], person=who):
        before = RatingJudge.model_validate(event.content["judge"])
        if before.by == judge.by and (other := _difference(before, judge)):
            msg = (
                f"{named(judge.name)} has answered in the project {named(project.name)} with {other}: "
                "give this judge another --name"
            )
            raise UsageError(msg)
    return who


def _difference(before: RatingJudge, now: RatingJudge) -> str:
    """What makes a judge another one than before, in words; empty where it is the same."""
    if before.checkpoint != now.checkpoint:
        return f"another checkpoint (digest {before.checkpoint[:12]}, now {now.checkpoint[:12]})"
    if before.settings == now.settings:
        return ""
    if not before.settings:
        return "settings that were not recorded then"
    changed = [
        f"{name} {named(before.settings.get(name, 'not set'))}, now {named(now.settings.get(name, 'not set'))}"
        for name in sorted(before.settings | now.settings)
        if before.settings.get(name) != now.settings.get(name)
    ]
    return f"other settings ({'; '.join(changed)})"


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
        ties = isinstance(question, PreferenceChoice) and question.ties
        value, reason = _combined(asked[0].choices.values(), of_question, ties=ties)
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


def _combined(
    values: Collection[int | str], replies: Sequence[JudgeReply], *, ties: bool
) -> tuple[int | str | None, str]:
    """One answer of the replies in each order: the likeliest on average, or the one that both have.

    Generated replies that differ are a tie, where there are ties; so are both outputs where none is likelier.
    """
    if all(one.probabilities for one in replies):
        names = replies[0].probabilities
        total = {name: sum(one.probabilities[name] for one in replies) for name in names}
        best = [name for name, sum_ in total.items() if math.isclose(sum_, max(total.values()))]
        if len(best) == 1:
            return next(value for value in values if str(value) == best[0]), ""
        tied = ties and set(best) == {A, B}
        return (TIE, "") if tied else (None, "several answers are equally likely")
    missing = next((one for one in replies if one.value is None), None)
    if missing is not None:
        return None, missing.why_none
    if len({one.value for one in replies}) == 1:
        return replies[0].value, ""
    if ties:
        return TIE, ""
    return None, "the answer differs with the order of the outputs"
