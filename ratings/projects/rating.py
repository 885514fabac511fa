"""What raters do: get an item, answer, change an answer, skip, flag, look at their own answers.

Every function takes the acting user and checks the role in its own transaction. What is seen and said is an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from audit.core.errors import UsageError
from audit.ratings.database import reading, writing
from audit.ratings.projects.asking import checked
from audit.ratings.projects.blinding import ShownItem, shown
from audit.ratings.projects.events import append, of_submission, read_events
from audit.ratings.projects.item import RatedItem, read_item, read_items
from audit.ratings.projects.leasing import candidates, current, fill, has_filled, lease, lock, release
from audit.ratings.projects.making import guidelines_of
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import require

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audit.ratings.projects.asking import Value
    from audit.ratings.projects.events import Event
    from audit.ratings.projects.project import Project

TRIED = 10
"""Free items that are tried before they are looked for again."""
LONGEST_REASON = 5_000
"""Characters of a comment or a reason."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """An answer that was stored."""

    event: Event
    """As it was stored."""
    expected: dict[str, Any]
    """What was expected of a calibration item, preferences by the side on which it is shown; empty for others."""


def next_item(database_url: str, project: str, user: str) -> ShownItem | None:
    """Lease the next item to a rater; the same one again until it is answered, skipped or flagged.

    Returns:
        None where no item is left for this rater.

    Raises:
        NotAllowed: The user is not a rater of the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with reading(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "rater")
        held = current(connection, found.id, who)
        wanted = [held] if held is not None else list(islice(candidates(connection, found, who), TRIED))
    # Looked for without the write lock, for which all raters wait; what others have taken meanwhile is passed over.
    for item_id in wanted:
        with writing(database_url) as connection:
            require(connection, found, user, "rater")
            item = read_item(connection, found.id, item_id)
            until = lease(connection, found, who, item_id, item.kind)
            if until is None:
                continue
            if item_id != held:
                append(connection, found.id, "shown", who, item_id=item_id)
            return shown(item, found, guidelines_of(connection, found.id)[0]).model_copy(update={"until": until})
    return next_item(database_url, project, user) if wanted else None


def submit(
    database_url: str,
    project: str,
    user: str,
    item_id: int,
    answers: dict[str, Any],
    *,
    submission: str,
    comment: str = "",
) -> Submitted:
    """Store a rater's answer to a leased item.

    Args:
        database_url: URL of the database.
        project: Name of the project.
        user: The rater.
        item_id: The item, as :func:`next_item` gave it.
        answers: By name of the question; a preference by the side, ``a`` or ``b``.
        submission: Identifies this press of the button, e.g. a UUID: sent again, it is stored once.
        comment: Free text.

    Raises:
        NotAllowed: The user is not a rater of the project.
        UsageError: The rater does not hold the item any more, an answer is missing or impossible, or the database
            cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "rater")
        item = read_item(connection, found.id, item_id)
        before = of_submission(connection, submission)
        if before is not None:
            return Submitted(_same(before, found, who, item_id), _expected(found, item))
        content = _content(connection, found, item, answers, comment)
        lock(connection, item_id)
        if not fill(connection, item_id, who):
            before = of_submission(connection, submission)  # sent twice at once: the other one was first
            if before is None:
                raise UsageError(_why_not(connection, item_id, who))
            return Submitted(_same(before, found, who, item_id), _expected(found, item))
        event = append(connection, found.id, "answered", who, item_id=item_id, submission=submission, content=content)
    return Submitted(event, _expected(found, item))


def change(
    database_url: str,
    project: str,
    user: str,
    item_id: int,
    answers: dict[str, Any],
    *,
    submission: str,
    comment: str = "",
) -> Event:
    """Change one's own answer; the answers before stay, and the latest one counts.

    Raises:
        NotAllowed: The user is not a rater of the project.
        UsageError: The user has not answered the item, it was adjudicated, an answer is impossible, it is a calibration
            item, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "rater")
        item = read_item(connection, found.id, item_id)
        lock(connection, item_id)  # who decides it does not see one answer and replace another
        before = of_submission(connection, submission)
        if before is not None:
            return _same(before, found, who, item_id)
        if not has_filled(connection, item_id, who):
            msg = f"item {item_id}: you have not answered it, so there is nothing to change"
            raise UsageError(msg)
        if item.kind == "calibration":
            msg = f"item {item_id}: its expected answer was shown to you: calibration items cannot be answered again"
            raise UsageError(msg)
        if read_events(connection, found.id, ["adjudicated", "excluded"], item_id=item_id):
            msg = f"item {item_id}: it is decided, so that answers to it cannot be changed any more"
            raise UsageError(msg)
        content = _content(connection, found, item, answers, comment)
        return append(connection, found.id, "changed", who, item_id=item_id, submission=submission, content=content)


def skip(database_url: str, project: str, user: str, item_id: int, reason: str) -> None:
    """Give an item back for others; the rater gets it again when nothing else is left.

    Raises:
        NotAllowed: The user is not a rater of the project.
        UsageError: The rater does not hold it, there is no reason, or the database cannot be written.
    """
    _give_back(database_url, project, user, item_id, reason, flagged=False)


def flag(database_url: str, project: str, user: str, item_id: int, reason: str) -> None:
    """Say that an item cannot be rated, and why; adjudicators decide what becomes of it.

    Raises:
        NotAllowed: The user is not a rater of the project.
        UsageError: The rater does not hold it, there is no reason, or the database cannot be written.
    """
    _give_back(database_url, project, user, item_id, reason, flagged=True)


def reveal(database_url: str, project: str, user: str, item_id: int) -> None:
    """Write down that a rater unfolds text that may offend.

    Raises:
        NotAllowed: The user is not a rater of the project.
        UsageError: The rater neither holds nor has answered the item, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "rater")
        if current(connection, found.id, who) != item_id and not has_filled(connection, item_id, who):
            msg = f"item {item_id}: it is not yours to see"
            raise UsageError(msg)
        append(connection, found.id, "revealed", who, item_id=item_id)


def own_answers(database_url: str, project: str, user: str) -> list[ShownItem]:
    """What a rater has answered, the latest first, with the items as they were shown.

    Raises:
        NotAllowed: The user is not a rater of the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "rater")
        mine = read_events(connection, found.id, ["answered", "changed"], person=who)
        latest = {event.item_id: event for event in mine}
        items = {item.id: item for item in read_items(connection, found.id) if item.id in latest}
        append(connection, found.id, "own_answers_seen", who)
    order = sorted(latest, key=lambda item_id: latest[item_id].id, reverse=True)
    return [_answered(items[item_id], found, latest[item_id]) for item_id in order if item_id is not None]


def _answered(item: RatedItem, project: Project, event: Event) -> ShownItem:
    seen = shown(item, project, event.content["guidelines"])
    answers = seen_form(project, item, event.content["answers"])
    said = {"answers": answers, "comment": event.content["comment"]}
    return ShownItem.model_validate({**seen.model_dump(), **said})


def _content(
    connection: Connection, project: Project, item: RatedItem, answers: dict[str, Any], comment: str
) -> dict[str, Any]:
    """What an answer is stored as: preferences by run, with the sides as they were seen."""
    if len(comment) > LONGEST_REASON:
        msg = f"the comment has {len(comment):,} characters: at most {LONGEST_REASON:,}"
        raise UsageError(msg)
    lengths = {side: len(output.text) for side, output in item.sides(project.seed).items()}
    given = checked(project.questions, answers, lengths)
    by_run, seen = stored_form(project, item, given)
    version = guidelines_of(connection, project.id)[0]
    return {"answers": by_run, "seen": seen, "guidelines": version, "comment": comment}


def stored_form(project: Project, item: RatedItem, given: dict[str, Value]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Checked answers as they are stored: preferences and marked spans by run, and the sides that were pressed."""
    plain = {name: _plain(value) for name, value in given.items()}
    kinds = {one.name: one.kind for one in project.questions}
    by_run = {
        name: item.by_run(value, project.seed) if kinds.get(name) == "preference" else value
        for name, value in _spans_moved(project, item, plain).items()
    }
    return by_run, {name: value for name, value in plain.items() if kinds.get(name) == "preference"}


def seen_form(project: Project, item: RatedItem, stored: dict[str, Any]) -> dict[str, Any]:
    """Stored answers as raters see them: preferences and marked spans by the sides on which the outputs are shown."""
    asked = {one.name for one in project.questions if one.kind == "preference"}
    moved = _spans_moved(project, item, stored)
    return {name: item.by_side(value, project.seed) if name in asked else value for name, value in moved.items()}


def _spans_moved(project: Project, item: RatedItem, answers: dict[str, Any]) -> dict[str, Any]:
    """Answers with marked spans by run instead of by side, or the other way round."""
    marked = {one.name for one in project.questions if one.kind == "spans"}
    return {
        name: [item.other_side(span, project.seed) for span in value] if name in marked else value
        for name, value in answers.items()
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - any answer
    return (
        [one.model_dump() if hasattr(one, "model_dump") else one for one in value] if isinstance(value, list) else value
    )


def _expected(project: Project, item: RatedItem) -> dict[str, Any]:
    return seen_form(project, item, item.model_dump()["expected"]) if item.kind == "calibration" else {}


def _same(event: Event, project: Project, who: str, item_id: int) -> Event:
    """The stored event of a submission that was sent again.

    Raises:
        UsageError: The identifier was used for something else.
    """
    if (event.project_id, event.person, event.item_id) != (project.id, who, item_id):
        msg = f"the submission {event.submission} is already that of another answer: use a new identifier for each"
        raise UsageError(msg)
    return event


def _why_not(connection: Connection, item_id: int, who: str) -> str:
    if has_filled(connection, item_id, who):
        return f"item {item_id}: you have answered it already: change that answer instead"
    return f"item {item_id}: its lease has ended and it is no longer yours: go on with the next one"


def _give_back(database_url: str, project: str, user: str, item_id: int, reason: str, *, flagged: bool) -> None:
    why = reason.strip()
    if not why or len(why) > LONGEST_REASON:
        msg = f"say why, in at most {LONGEST_REASON:,} characters"
        raise UsageError(msg)
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "rater")
        read_item(connection, found.id, item_id)
        lock(connection, item_id)
        if not release(connection, item_id, who):
            raise UsageError(_why_not(connection, item_id, who))
        kind = "flagged" if flagged else "skipped"
        append(connection, found.id, kind, who, item_id=item_id, content={"reason": why})  # type: ignore[arg-type]
