"""All counting answers as CSV, and all events as JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from audit.core.text import plain_text
from audit.ratings.database import writing
from audit.ratings.projects.answers import ItemAnswers, collect
from audit.ratings.projects.events import append, read_events
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import names_of, require

if TYPE_CHECKING:
    from audit.ratings.projects.project import Project

COLUMNS = (
    *("item", "kind", "suite", "task", "rater", "created", "excluded", "comment"),
    *("run", "sample_id", "output_sha256", "run_b", "sample_id_b", "output_sha256_b"),
    *("prompt", "output", "output_b", "options"),
)
"""Columns before those of the questions, one each."""


def csv_lines(database_url: str, project: str, user: str) -> list[str]:
    r"""Counting answers as rows of CSV after a header: one per item and rater, decisions under ``adjudicated``.

    A text that a spreadsheet would take for a formula begins with an apostrophe; NUL and half characters of UTF-16 are
    written as ``\\u0000`` and so on.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "admin")
        append(connection, found.id, "exported", who, content={"format": "csv"})
        answers, names = collect(connection, found.id), names_of(connection, found.id)
    header = [*COLUMNS, *(one.name for one in found.questions)]
    return [_line(row) for row in (header, *(row for about in answers for row in _rows(about, found, names)))]


def _line(row: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([_cell(value) for value in row])
    return text.getvalue()


def event_lines(database_url: str, project: str, user: str) -> list[str]:
    """All events of a project as JSON Lines, in the order in which they were written.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "admin")
        append(connection, found.id, "exported", who, content={"format": "events"})
        events = read_events(connection, found.id)
    return [
        json.dumps({**event.model_dump(), "created": event.created.isoformat()}, ensure_ascii=True) + "\n"
        for event in events
    ]


def _rows(about: ItemAnswers, project: Project, names: dict[str, str]) -> list[list[Any]]:
    item = about.item
    first, second = item.outputs[0], item.outputs[1] if len(item.outputs) > 1 else None
    ids = [first.run_id, first.sample_id, first.sha256]
    ids += [second.run_id, second.sample_id, second.sha256] if second else ["", "", ""]
    texts = [item.prompt, first.text, second.text if second else "", json.dumps(item.options) if item.options else ""]
    given = [
        (names.get(rater, rater), about.written[rater], about.comments.get(rater, ""), said)
        for rater, said in about.by_rater.items()
    ]
    if about.decided is not None and about.decided_at is not None:
        given.append(("adjudicated", about.decided_at, "", about.decided))
    return [
        [
            *(item.id, item.kind, item.suite, item.task, rater, when.isoformat(), str(about.excluded).lower(), comment),
            *(*ids, *texts),
            *(_plain(said.get(one.name)) for one in project.questions),
        ]
        for rater, when, comment, said in given
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any answer
    return json.dumps(value) if isinstance(value, list) else "" if value is None else value


def _cell(value: Any) -> Any:  # noqa: ANN401 - as above
    return plain_text(value) if isinstance(value, str) else value
