"""Examples for training in the formats of TRL (https://huggingface.co/docs/trl/dataset_formats)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

from audit.core.errors import UsageError
from audit.ratings.database import writing
from audit.ratings.projects.answers import collect, is_complete
from audit.ratings.projects.asking import BOTH_BAD
from audit.ratings.projects.events import append
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import require
from audit.ratings.results.points import counts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.ratings.projects.answers import ItemAnswers
    from audit.ratings.projects.project import Project

Form = Literal["preference", "label"]
"""``preference``: ``prompt``, ``chosen``, ``rejected`` (DPO, reward models); ``label``: ``prompt``, ``completion``,
``label`` (KTO)."""
GOOD, BAD = 4.0, 2.0
"""Mean points from which an output is good, and up to which it is bad; in between it is no example."""
_HALF = re.compile("[\ud800-\udfff]")


def training_lines(
    database_url: str, project: str, user: str, form: Form, *, good: float = GOOD, bad: float = BAD
) -> list[str]:
    """Examples as JSON Lines, each with a newline at its end; one per item on which people agree enough.

    Items that lack raters are left out until they have all or an adjudicator has decided. A preference needs more votes
    for one output than for the other; a decision of an adjudicator replaces the votes. An output of one run is labelled
    by its mean points, outputs of two runs by preference, both as false where more than half called both bad. Half
    characters of UTF-16, which no loader reads, become U+FFFD.

    Args:
        database_url: URL of the database.
        project: Name of the project.
        user: Who exports.
        form: Which format.
        good: Mean points from which an output is labelled true.
        bad: Mean points up to which it is labelled false.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such project, it has no question of that kind, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "admin")
        if found.preference is None and (form == "preference" or found.scale is None):
            wanted = "a preference between two runs" if form == "preference" else "a preference or a scale of 5 points"
            msg = f"the project {found.name} asks for no {wanted[2:]}: --format {form} needs {wanted}"
            raise UsageError(msg)
        append(connection, found.id, "exported", who, content={"format": form})
        answers = [about for about in collect(connection, found.id) if counts(about)]
        answers = [about for about in answers if is_complete(about, found) or about.decided is not None]
    make = _preferences if form == "preference" else _labels
    return [_line(example) for about in answers for example in make(about, found, good, bad)]


def _preferences(about: ItemAnswers, project: Project, _good: float, _bad: float) -> Iterator[dict[str, Any]]:
    ahead = _ahead(about, project)
    if ahead:
        chosen, rejected = about.item.outputs if ahead > 0 else reversed(about.item.outputs)
        yield {"prompt": about.item.prompt, "chosen": chosen.text, "rejected": rejected.text}


def _labels(about: ItemAnswers, project: Project, good: float, bad: float) -> Iterator[dict[str, Any]]:
    prompt = about.item.prompt
    if len(about.item.outputs) == 1:
        points = about.counting(project.scale.name) if project.scale else []
        mean = sum(points) / len(points) if points else None
        if mean is not None and (mean >= good or mean <= bad):
            yield {"prompt": prompt, "completion": about.item.outputs[0].text, "label": mean >= good}
        return
    ahead, votes = _ahead(about, project), _votes(about, project)
    first, second = about.item.outputs
    if 2 * votes.count(BOTH_BAD) > len(votes):
        for output in (first, second):
            yield {"prompt": prompt, "completion": output.text, "label": False}
    elif ahead:
        yield {"prompt": prompt, "completion": first.text, "label": ahead > 0}
        yield {"prompt": prompt, "completion": second.text, "label": ahead < 0}


def _votes(about: ItemAnswers, project: Project) -> list[str]:
    return about.counting(project.preference.name) if project.preference else []


def _ahead(about: ItemAnswers, project: Project) -> int:
    """Votes for the first output less those for the second."""
    votes = _votes(about, project)
    return votes.count("first") - votes.count("second")


def _line(example: dict[str, Any]) -> str:
    whole = {name: _HALF.sub("�", value) if isinstance(value, str) else value for name, value in example.items()}
    return json.dumps(whole, ensure_ascii=True) + "\n"
