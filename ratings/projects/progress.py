"""How far a project is, and how well each rater meets the expected answers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from audit.core.records import Record
from audit.ratings.database import writing
from audit.ratings.projects.answers import ItemAnswers, collect, is_complete
from audit.ratings.projects.asking import LikertScale
from audit.ratings.projects.events import append, read_events
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import members, names_of, require

if TYPE_CHECKING:
    from audit.ratings.projects.asking import AnyKind
    from audit.ratings.projects.project import Project


class RaterProgress(Record):
    """What one rater has done."""

    rater: str
    """Name of the rater."""
    answered: int
    """Items answered, calibration and gold items included."""
    skipped: int
    """Items skipped at least once."""
    flagged: int
    """Items flagged."""
    checked: int
    """Answers to calibration and gold items, question by question."""
    met: float
    """Sum of how far they met the expected answers, 0 to 1 each: of a scale, 1 minus the distance over the range."""

    @property
    def share_met(self) -> float | None:
        """Mean over the checked answers, 0 to 1; None where there are none."""
        return self.met / self.checked if self.checked else None


class ProjectProgress(Record):
    """How far a project is."""

    project: str
    """Its name."""
    items: int
    """Regular items that were not excluded."""
    complete: int
    """Those with all their raters."""
    wanted: int
    """Answers wanted: items times raters per item; for a rater who asks, also gold items times raters."""
    answers: int
    """Answers given to regular items; for a rater who asks, also to gold items."""
    excluded: int
    """Items taken out."""
    decided: int
    """Items adjudicated."""
    raters: list[RaterProgress]
    """Each rater; a rater who asks sees only themself."""


def progress(database_url: str, project: str, user: str) -> ProjectProgress:
    """How far a project is.

    Viewers, adjudicators and admins see every rater. Raters see only themselves, and of the checks only calibration
    items: a count that moves after an answer, or does not, would show which items are gold. For the same reason gold
    items are among the answers, given and wanted, that a rater sees counted.

    Raises:
        NotAllowed: The user has no role in the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "viewer", "rater", "adjudicator", "admin")
        roles = members(connection, found.id)
        append(connection, found.id, "results_seen", who, content={"what": "progress"})
        answers = collect(connection, found.id)
        names = names_of(connection, found.id)
        turned_down = read_events(connection, found.id, ["skipped", "flagged"])
    counts = {(event.kind, event.person, event.item_id) for event in turned_down}
    down = Counter((kind, rater) for kind, rater, _ in counts)
    everyone = [rater for rater, given in roles.items() if "rater" in given]
    everyone += [rater for about in answers for rater in about.by_rater if rater not in everyone]
    seen = [rater for rater in dict.fromkeys(everyone) if rater == who or roles[who] != {"rater"}]
    regular = [about for about in answers if about.item.kind == "regular" and not about.excluded]
    gold = [about for about in answers if about.item.kind == "gold" and not about.excluded]
    gold = gold if roles[who] == {"rater"} else []
    checked = {"calibration"} if roles[who] == {"rater"} else {"calibration", "gold"}
    return ProjectProgress(
        project=found.name,
        items=len(regular),
        complete=sum(is_complete(about, found) for about in regular),
        wanted=len(regular) * found.raters_per_item + len(gold) * len(everyone),
        answers=sum(len(about.by_rater) for about in [*regular, *gold]),
        excluded=sum(about.excluded for about in answers),
        decided=sum(about.decided is not None for about in answers),
        raters=[_of_rater(rater, names, answers, found, down, checked) for rater in seen],
    )


def _of_rater(
    rater: str,
    names: dict[str, str],
    answers: list[ItemAnswers],
    project: Project,
    down: Counter[tuple[Any, str]],
    checked: set[str],
) -> RaterProgress:
    met = [
        one
        for about in answers
        if about.item.kind in checked and not about.excluded and rater in about.by_rater
        for one in matches(about, rater, project)
    ]
    return RaterProgress(
        rater=names.get(rater, rater),
        answered=sum(rater in about.by_rater for about in answers),
        skipped=down["skipped", rater],
        flagged=down["flagged", rater],
        checked=len(met),
        met=sum(met),
    )


def matches(about: ItemAnswers, rater: str, project: Project) -> list[float]:
    """How far a rater's answers meet those expected of an item, 0 to 1 for each expected one."""
    expected = about.item.model_dump()["expected"]
    given = about.by_rater[rater]
    asked = {one.name: one for one in project.questions}
    return [_match(asked[name], given.get(name), value) for name, value in expected.items()]


def _match(question: AnyKind, given: object, expected: object) -> float:
    if isinstance(question, LikertScale) and isinstance(given, int) and isinstance(expected, int):
        return 1 - abs(given - expected) / (question.points - 1)
    return float(given == expected)
