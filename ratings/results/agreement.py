"""How far the raters of a project agree, who leans which way, and which run they prefer."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pydantic import Field

from audit.core.records import Record
from audit.ratings.database import writing
from audit.ratings.projects.answers import ItemAnswers, collect
from audit.ratings.projects.asking import LabelChoice, LikertScale, PreferenceChoice
from audit.ratings.projects.events import append, read_events
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import names_of, require
from audit.ratings.results.points import counts
from audit.stats.agreement.bradley_terry import Strength, bradley_terry
from audit.stats.agreement.estimate import Coefficient  # noqa: TC001 - pydantic reads the annotation at run time
from audit.stats.agreement.kappas import cohen, fleiss
from audit.stats.agreement.krippendorff import krippendorff
from audit.stats.agreement.raters import RaterBias, SideBias, rater_bias, side_bias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.ratings.projects.asking import AnyKind
    from audit.ratings.projects.events import Event
    from audit.ratings.projects.project import Project
    from audit.stats.agreement.kappas import Weights

SEED = 1234
"""Seed of the bootstraps."""
FIRST, SECOND = "first", "second"
WON = {FIRST: 1.0, SECOND: 0.0}
"""What a preference counts as for the first run; ties and both-bad count one half."""


class QuestionAgreement(Record):
    """Agreement on one question."""

    question: str
    """Its name."""
    items: int
    """Items with at least one counting answer."""
    coefficients: list[Coefficient]
    """Krippendorff's alpha; with two raters Cohen's kappa, with as many per item Fleiss'."""
    biases: list[RaterBias] = Field(default_factory=list)
    """Of a scale: how each rater differs from the others."""
    sides: list[SideBias] = Field(default_factory=list)
    """Of a preference: which side each rater prefers."""
    strengths: list[Strength] = Field(default_factory=list)
    """Of a preference: Bradley–Terry strengths of the runs; empty where there are none."""


class ProjectAgreement(Record):
    """Agreement on all questions of a project."""

    project: str
    """Its name."""
    questions: list[QuestionAgreement]
    """In the project's order; free texts and marked spans are not compared."""


def agreement(database_url: str, project: str, user: str, *, confidence: float = 0.95) -> ProjectAgreement:
    """Agreement of the raters, from their own latest answers, whatever adjudicators decided.

    Args:
        database_url: URL of the database.
        project: Name of the project.
        user: Who asks.
        confidence: Nominal coverage of the intervals.

    Raises:
        NotAllowed: The user is neither viewer, adjudicator nor admin of the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "viewer", "adjudicator", "admin")
        append(connection, found.id, "results_seen", who, content={"what": "agreement"})
        answers = [about for about in collect(connection, found.id) if counts(about)]
        names = names_of(connection, found.id)
        events = read_events(connection, found.id, ["answered", "changed"])
    found_for = [_of_question(one, answers, names, events, confidence) for one in compared_questions(found)]
    return ProjectAgreement(project=found.name, questions=found_for)


def compared_questions(project: Project) -> list[AnyKind]:
    """The questions on which agreement is computed, in the project's order: not free texts and marked spans."""
    return [one for one in project.questions if isinstance(one, LikertScale | LabelChoice | PreferenceChoice)]


def _of_question(
    question: AnyKind, answers: list[ItemAnswers], names: dict[str, str], events: list[Event], confidence: float
) -> QuestionAgreement:
    given = comparable(question, answers)
    preferred = isinstance(question, PreferenceChoice)
    return QuestionAgreement(
        question=question.name,
        items=sum(map(bool, given)),
        coefficients=coefficients(given, question, confidence, [about.item.cluster for about in answers]),
        biases=_biases(given, answers, names, confidence) if isinstance(question, LikertScale) else [],
        sides=_sides(question.name, events, answers, names, confidence) if preferred else [],
        strengths=strengths(question.name, answers, confidence) if preferred else [],
    )


def comparable(question: AnyKind, answers: list[ItemAnswers]) -> list[dict[str, Any]]:
    """Each item's answers to a question by rater, as :func:`coefficients` takes them; decisions do not count.

    Args:
        question: What was asked.
        answers: Items with what was said about them.
    """
    return [{rater: _comparable(value) for rater, value in about.values(question.name).items()} for about in answers]


def coefficients(
    given: list[dict[str, Any]], question: AnyKind, confidence: float, clusters: Sequence[str]
) -> list[Coefficient]:
    """The coefficients that a question's answers allow.

    Args:
        given: Comparable answers of each item by rater.
        question: What was asked.
        confidence: Nominal coverage of the intervals.
        clusters: Of each item.
    """
    units = [list(one.values()) for one in given]
    likert = isinstance(question, LikertScale)
    how: dict[str, Any] = {"seed": SEED, "confidence": confidence}
    found = [krippendorff(units, scale, clusters=clusters, **how) for scale in _scales(likert=likert)]
    raters = sorted({rater for one in given for rater in one})
    if len({len(unit) for unit in units if unit}) == 1 and len(raters) > 2:
        found.append(fleiss(units, clusters=clusters, **how))
    if len(raters) == 2:
        both = [one for one in given if len(one) == 2]
        named = [cluster for cluster, one in zip(clusters, given, strict=True) if len(one) == 2]
        weights: Weights = "quadratic" if likert else "none"
        order = range(1, question.points + 1) if isinstance(question, LikertScale) else None
        pairs = [[one[rater] for one in both] for rater in raters]
        found.append(cohen(*pairs, order=order, weights=weights, clusters=named, **how))
    return found


def strengths(question: str, answers: list[ItemAnswers], confidence: float = 0.95) -> list[Strength]:
    """Bradley–Terry strengths of the runs by the preferences that count; ties and both-bad are half a win for each."""
    rows = [
        (about.item.outputs[0].run_id, about.item.outputs[1].run_id, WON.get(value, 0.5), about.item.cluster)
        for about in answers
        if len(about.item.outputs) == 2
        for value in about.counting(question)
    ]
    if not rows:
        return []
    first, second, won, items = (list(column) for column in zip(*rows, strict=True))
    return bradley_terry(first, second, won, clusters=items, confidence=confidence) or []


def _scales(*, likert: bool) -> list[Any]:
    return ["ordinal", "interval", "nominal"] if likert else ["nominal"]


def _comparable(value: Any) -> Any:  # noqa: ANN401 - any answer
    """An answer that can be compared for equality; labels in a fixed order."""
    return json.dumps(value, sort_keys=True) if isinstance(value, list) else value


def _biases(
    given: list[dict[str, Any]], answers: list[ItemAnswers], names: dict[str, str], confidence: float
) -> list[RaterBias]:
    """Each rater's points against the mean of the others, in the order in which the rater gave them."""
    rows: defaultdict[str, list[tuple[Any, float, float, str]]] = defaultdict(list)
    for about, one in zip(answers, given, strict=True):
        for rater, value in one.items():
            others = [other for name, other in one.items() if name != rater]
            if others:
                mean = sum(others) / len(others)
                rows[rater].append((about.written[rater], value, mean, about.item.cluster))
    found = []
    for rater, given_by in rows.items():
        _, own, means, clusters = zip(*sorted(given_by, key=lambda row: row[0]), strict=True)
        found.append(rater_bias(names.get(rater, rater), own, means, confidence, clusters))
    return found


def _sides(
    question: str, events: list[Event], answers: list[ItemAnswers], names: dict[str, str], confidence: float
) -> list[SideBias]:
    """The sides of each rater's latest preferences, as they were seen."""
    wanted = {about.item.id: about.item.cluster for about in answers}
    latest = {(event.person, event.item_id): event for event in events if event.item_id in wanted}
    by_rater: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for (rater, item), event in latest.items():
        if question in event.content.get("seen", {}):
            by_rater[rater].append((event.content["seen"][question], wanted[item]))
    found = []
    for rater, seen in by_rater.items():
        sides, clusters = zip(*seen, strict=True)
        found.append(side_bias(names.get(rater, rater), sides, confidence, clusters))
    return found
