"""Automatic metrics against people: which of them orders the rated outputs of a project as people do."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from audit.core.records import Record
from audit.ratings.database import writing
from audit.ratings.projects.answers import collect
from audit.ratings.projects.asking import LikertScale
from audit.ratings.projects.events import append
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import require
from audit.ratings.results.points import counts
from audit.stats.agreement.trust import RankCorrelation, rank_correlation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.ratings.projects.answers import ItemAnswers
    from audit.ratings.projects.project import Project

SEED = 1234
"""Seed of the bootstraps."""


class MetricAgainstPeople(Record):
    """One automatic score of a task against the mean ratings of the same outputs."""

    task: str
    """The task."""
    question: str
    """The scale that people used."""
    score: str
    """Name of the score; ``score`` is the task's primary one. Of pairs, its difference between the runs."""
    correlation: RankCorrelation
    """Spearman's rank correlation with its interval."""


def against_people(
    database_url: str, project: str, user: str, *, confidence: float = 0.95
) -> list[MetricAgainstPeople]:
    """Rank correlation of each automatic score with people's answers, the highest first within a task.

    Of outputs rated on a scale, scores are compared with the mean points; of pairs, the difference between the scores
    of the first and second run with the mean preference for the first one. A metric whose low values are good has a
    negative correlation where people agree with it.

    Raises:
        NotAllowed: The user is neither viewer, adjudicator nor admin of the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "viewer", "adjudicator", "admin")
        append(connection, found.id, "results_seen", who, content={"what": "metrics"})
        answers = [about for about in collect(connection, found.id) if counts(about)]
    return of_answers(found, answers, confidence)


def of_answers(project: Project, answers: Sequence[ItemAnswers], confidence: float = 0.95) -> list[MetricAgainstPeople]:
    """The same from answers that count (:func:`audit.ratings.results.points.counts`).

    Args:
        project: The project.
        answers: Its items with what was said about them.
        confidence: Nominal coverage of the intervals.
    """
    asked = [one.name for one in project.questions if isinstance(one, LikertScale)]
    asked += [project.preference.name] if project.preference else []
    by_task: defaultdict[str, list[ItemAnswers]] = defaultdict(list)
    for about in answers:
        by_task[about.item.task].append(about)
    rows = [
        MetricAgainstPeople(
            task=task, question=name, score=score, correlation=_correlation(group, name, score, confidence)
        )
        for task, group in sorted(by_task.items())
        for name in asked
        for score in _scores(group)
    ]
    return sorted(rows, key=lambda row: (row.task, row.question, -abs(row.correlation.value or 0)))


def _scores(group: Sequence[ItemAnswers]) -> list[str]:
    return list(dict.fromkeys(name for about in group for name in about.item.outputs[0].scores))


def _correlation(group: Sequence[ItemAnswers], question: str, score: str, confidence: float) -> RankCorrelation:
    rows = []
    for about in group:
        values, outputs = about.counting(question), about.item.outputs
        if values and all(score in output.scores for output in outputs):
            people = sum(map(_number, values)) / len(values)
            automatic = outputs[0].scores[score] - (outputs[1].scores[score] if len(outputs) == 2 else 0.0)
            rows.append((automatic, people, about.item.cluster))
    if not rows:
        return RankCorrelation(0, None, None, "no rated output has this score")
    scores, ratings, items = zip(*rows, strict=True)
    return rank_correlation(list(scores), list(ratings), list(items), seed=SEED, confidence=confidence)


def _number(value: object) -> float:
    """An answer as a number: points, or 1 for the first run, 0 for the second, one half for a tie."""
    return float(value) if isinstance(value, int | float) else {"first": 1.0, "second": 0.0}.get(str(value), 0.5)
