"""Writing ratings that were made with other tools into a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from audit.core.errors import UsageError
from audit.core.records import Record, digest_of
from audit.core.text import named
from audit.ratings.database import writing
from audit.ratings.projects.asking import LabelChoice, PreferenceChoice, checked
from audit.ratings.projects.events import append, of_submission
from audit.ratings.projects.item import read_items
from audit.ratings.projects.leasing import fill, has_filled, lease
from audit.ratings.projects.making import guidelines_of
from audit.ratings.projects.project import find
from audit.ratings.projects.rating import stored_form
from audit.ratings.projects.roles import LONGEST_NAME, acting, append_role, members, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from audit.ratings.exchange.foreign import ForeignAnswer
    from audit.ratings.projects.item import RatedItem
    from audit.ratings.projects.project import Project


class ImportedAnswers(Record):
    """What became of the ratings of a file."""

    added: int = 0
    """Answers that were stored."""
    known: int = 0
    """Answers that were there already, from an earlier import."""
    complete: int = 0
    """Answers to items that have all their raters, or that this rater has answered: left out."""
    new_raters: list[str] = Field(default_factory=list)
    """People who were nobody in the project and are raters now."""


def import_answers(
    database_url: str, project: str, user: str, answers: Sequence[ForeignAnswer], tool: str
) -> ImportedAnswers:
    """Store answers of another tool as those of their raters, all of them or none.

    Each takes a free slot of its item, so that no item gets more raters than the project wants. Who imported them, and
    from what, stands with each. Preferences are ``first``, ``second``, ``tie`` or ``both_bad``, by run.

    Args:
        database_url: URL of the database.
        project: Name of the project.
        user: Who imports.
        answers: Of a file.
        tool: Where they come from.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: An item is not in the project, an answer is impossible, or the database cannot be written.
    """
    done = ImportedAnswers()
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "admin")
        items = read_items(connection, found.id)
        by_number = {str(item.id): item for item in items}
        by_sample = {item.outputs[0].sample_id: item for item in items}
        for one in answers:
            item = by_number.get(one.item) if one.item else by_sample.get(one.sample_id)
            if item is None:
                what = f"item {named(one.item)}" if one.item else f"sample {named(one.sample_id)}"
                msg = f"{one.where}: the project {named(found.name)} has no {what}: add it with 'audit ratings assign'"
                raise UsageError(msg)
            _store(connection, found, who, one, item, tool, done)
        append(connection, found.id, "imported", who, content={"from": tool, **done.model_dump()})
    return done


def _store(
    connection: Connection,
    project: Project,
    who: str,
    one: ForeignAnswer,
    item: RatedItem,
    tool: str,
    done: ImportedAnswers,
) -> None:
    rater = _rater(one)
    submission = digest_of("imported", tool, project.id, item.id, rater, one.answers)
    if of_submission(connection, submission) is not None:
        done.known += 1
        return
    by_run = _answers(project, item, one)
    if has_filled(connection, item.id, rater) or lease(connection, project, rater, item.id, item.kind) is None:
        done.complete += 1
        return
    fill(connection, item.id, rater)
    if rater not in members(connection, project.id):
        append_role(connection, project.id, who, one.rater, "rater")
        done.new_raters.append(one.rater)
    content = {"answers": by_run, "seen": {}, "guidelines": guidelines_of(connection, project.id)[0]}
    content |= {"comment": one.comment, "imported_by": who, "imported_from": tool}
    append(connection, project.id, "answered", rater, item_id=item.id, submission=submission, content=content)
    done.added += 1


def _rater(one: ForeignAnswer) -> str:
    try:
        return acting(one.rater)
    except UsageError:
        msg = f"{one.where}: no rater: a name has 1 to {LONGEST_NAME} characters"
        raise UsageError(msg) from None


def _answers(project: Project, item: RatedItem, one: ForeignAnswer) -> dict[str, Any]:
    """The answers as they are stored.

    Raises:
        UsageError: One is impossible.
    """
    sides = {"first": "b", "second": "a"} if item.is_swapped(project.seed) else {"first": "a", "second": "b"}
    given = dict(one.answers)
    for asked in project.questions:
        value = given.get(asked.name)
        if isinstance(asked, PreferenceChoice):
            word = value[0] if isinstance(value, list) and len(value) == 1 else value
            # Sides are ours: another tool cannot know which output was shown on which.
            given[asked.name] = sides.get(str(word), word if word in {"tie", "both_bad"} else None)
        elif asked.kind == "spans":
            # Another tool counts outputs by run; an answer is checked by the sides on which they are shown.
            if isinstance(value, list) and _are_spans(value):
                given[asked.name] = [item.other_side({"side": "a", **span}, project.seed) for span in value]
        elif isinstance(value, list) and len(value) == 1 and not isinstance(asked, LabelChoice):
            given[asked.name] = value[0]
    lengths = {side: len(output.text) for side, output in item.sides(project.seed).items()}
    try:
        return stored_form(project, item, checked(project.questions, given, lengths))[0]
    except UsageError as error:
        msg = f"{one.where}: {error}"
        raise UsageError(msg) from error


def _are_spans(found: list[Any]) -> bool:
    return all(isinstance(span, dict) and span.get("side", "a") in ("a", "b") for span in found)
