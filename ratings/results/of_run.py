"""What the projects that rated outputs of a run show, for its reports: agreement, and which metrics follow people.

Nobody signs in to make a report: whoever can open the database file can read all of it. No rater is named.
"""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import select

from audit.core.records import Record
from audit.ratings.database import exists, reading
from audit.ratings.projects.answers import ItemAnswers, collect
from audit.ratings.projects.project import Project, of_row
from audit.ratings.results import agreement, sentences
from audit.ratings.results.points import counts
from audit.ratings.results.trusted import MetricAgainstPeople, of_answers
from audit.ratings.tables import ProjectRow
from audit.stats.agreement.estimate import Coefficient  # noqa: TC001 - pydantic reads the annotation at run time


class QuestionResult(Record):
    """How far raters agree on one question."""

    question: str
    """Its name."""
    coefficients: list[Coefficient]
    """The one that fits its scale first."""


class RunRatings(Record):
    """What people's answers in one project show, over its items with outputs of a run."""

    project: str
    """Name of the project."""
    items: int
    """Items with an answer."""
    raters: int
    """People who gave one."""
    questions: list[QuestionResult] = Field(default_factory=list)
    """Agreement, in the project's order of questions."""
    metrics: list[MetricAgainstPeople] = Field(default_factory=list)
    """Automatic scores against people's answers, the strongest correlation first within task and question."""

    @property
    def said(self) -> list[tuple[str, str]]:
        """What each question, and each task's metrics, show: what it is about, and one sentence."""
        pairs = dict.fromkeys((one.task, one.question) for one in self.metrics)
        by_pair = {pair: [one for one in self.metrics if (one.task, one.question) == pair] for pair in pairs}
        return [
            *(
                (f"Agreement on {one.question}", sentences.agreement_sentence(one.coefficients))
                for one in self.questions
            ),
            *(
                (f"Metrics of {task} against {question}", sentences.metrics_sentence(found))
                for (task, question), found in by_pair.items()
            ),
        ]


def results_of_run(database_url: str, run_id: str) -> list[RunRatings]:
    """Agreement and metrics against people of every project with answers about outputs of a run.

    Args:
        database_url: URL of the database.
        run_id: The run.

    Returns:
        By project, the oldest first; empty where nobody answered, or the database does not exist.

    Raises:
        UsageError: The database cannot be opened, or is of a newer version.
    """
    if not exists(database_url):
        return []
    with reading(database_url) as connection:
        rows = connection.execute(select(ProjectRow.__table__).order_by(ProjectRow.id)).mappings().all()
        projects = [of_row(dict(row)) for row in rows]
        given = [(one, [about for about in collect(connection, one.id) if _is_on(about, run_id)]) for one in projects]
    return [_results(project, answers) for project, answers in given if answers]


def _is_on(about: ItemAnswers, run_id: str) -> bool:
    """Whether an item counts, has an answer, and shows an output of the run."""
    return counts(about) and bool(about.by_rater) and any(one.run_id == run_id for one in about.item.outputs)


def _results(project: Project, answers: list[ItemAnswers]) -> RunRatings:
    return RunRatings(
        project=project.name,
        items=len(answers),
        raters=len({rater for about in answers for rater in about.by_rater}),
        questions=[
            QuestionResult(
                question=one.name,
                coefficients=agreement.coefficients(
                    agreement.comparable(one, answers), one, 0.95, [about.item.cluster for about in answers]
                ),
            )
            for one in agreement.compared_questions(project)
        ],
        metrics=of_answers(project, answers),
    )
