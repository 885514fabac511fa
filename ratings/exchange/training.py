"""Examples for training in the formats of TRL (https://huggingface.co/docs/trl/dataset_formats)."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
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
    from audit.ratings.projects.answers import ItemAnswers
    from audit.ratings.projects.project import Project

Example = dict[str, Any]
Form = Literal["preference", "label"]
"""``preference``: ``prompt``, ``chosen``, ``rejected`` (DPO, reward models); ``label``: ``prompt``, ``completion``,
``label`` (KTO)."""
GOOD, BAD = 4.0, 2.0
"""Mean points from which an output is good, and up to which it is bad; in between it is no example."""
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class TrainingExport:
    """Examples for training, and how many items gave none."""

    lines: list[str]
    """Each example as JSON, with a newline at its end."""
    left_out: dict[str, int]
    """Why an item gave no example, to the number of such items, the most frequent first."""


def training_lines(
    database_url: str, project: str, user: str, form: Form, *, good: float = GOOD, bad: float = BAD
) -> list[str]:
    """The lines of :func:`training_export`."""
    return training_export(database_url, project, user, form, good=good, bad=bad).lines


def training_export(
    database_url: str, project: str, user: str, form: Form, *, good: float = GOOD, bad: float = BAD
) -> TrainingExport:
    """Examples as JSON Lines, from the items on which people agree enough.

    Items that lack raters are left out until they have all or an adjudicator has decided. A preference needs more votes
    for one output than for the other, and not more than half for both being bad; a decision of an adjudicator replaces
    the votes. An output of one run is labelled by its mean points, outputs of two runs by preference, both as false
    where more than half called both bad. Half characters of UTF-16, which no loader reads, become U+FFFD.

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
        items = collect(connection, found.id)
    make = partial(_preference, found) if form == "preference" else partial(_labels, found, good, bad)
    made = [_unfinished(about, found) or make(about) for about in items]
    reasons = Counter(one for one in made if isinstance(one, str))
    lines = [_line(example) for examples in made if not isinstance(examples, str) for example in examples]
    return TrainingExport(lines, dict(reasons.most_common()))


def _unfinished(about: ItemAnswers, project: Project) -> str | None:
    """Why an item cannot be an example yet, or ever."""
    if not counts(about):
        return "excluded" if about.excluded else "of calibration or gold"
    return None if is_complete(about, project) or about.decided is not None else "without all their raters"


def _preference(project: Project, about: ItemAnswers) -> list[Example] | str:
    """An example, or why there is none."""
    ahead = _ahead(about, project)
    if _both_bad(about, project):
        return "with both outputs bad"
    if not ahead:
        return "with as many votes for one output as for the other"
    chosen, rejected = about.item.outputs if ahead > 0 else reversed(about.item.outputs)
    return [{"prompt": about.item.prompt, "chosen": chosen.text, "rejected": rejected.text}]


def _labels(project: Project, good: float, bad: float, about: ItemAnswers) -> list[Example] | str:
    """One example of each output, or why there are none."""
    if len(about.item.outputs) == 1:
        points = about.counting(project.scale.name) if project.scale else []
        if not points:
            return "without points"
        mean = sum(points) / len(points)
        if bad < mean < good:
            return f"with points between {bad:g} and {good:g}"
        return [_labelled(about, 0, label=mean >= good)]
    ahead = _ahead(about, project)
    if _both_bad(about, project):
        return [_labelled(about, place, label=False) for place in (0, 1)]
    if not ahead:
        return "with as many votes for one output as for the other"
    return [_labelled(about, 0, label=ahead > 0), _labelled(about, 1, label=ahead < 0)]


def _labelled(about: ItemAnswers, place: int, *, label: bool) -> Example:
    return {"prompt": about.item.prompt, "completion": about.item.outputs[place].text, "label": label}


def _both_bad(about: ItemAnswers, project: Project) -> bool:
    """Whether more than half called both outputs bad."""
    votes = _votes(about, project)
    return 2 * votes.count(BOTH_BAD) > len(votes)


def _votes(about: ItemAnswers, project: Project) -> list[str]:
    return about.counting(project.preference.name) if project.preference else []


def _ahead(about: ItemAnswers, project: Project) -> int:
    """Votes for the first output less those for the second."""
    votes = _votes(about, project)
    return votes.count("first") - votes.count("second")


def _line(example: Example) -> str:
    whole = {name: _HALF.sub("�", value) if isinstance(value, str) else value for name, value in example.items()}
    return json.dumps(whole, ensure_ascii=True) + "\n"
