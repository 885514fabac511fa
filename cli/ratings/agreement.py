"""``audit ratings agreement``: how far raters agree, and which metric agrees with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from audit.cli.console import JsonFlag, out, print_json
from audit.cli.options import RUNS, Runs
from audit.cli.ratings.options import ActingUser, Database, ProjectName, acting_user, require_project
from audit.core.errors import UsageError
from audit.core.formatting import number
from audit.core.text import printable
from audit.stats.agreement.as_text import coefficient_text, side_text, strength_text, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.ratings.projects.progress import ProjectProgress
    from audit.ratings.results.agreement import QuestionAgreement
    from audit.ratings.results.judges import JudgeValidity
    from audit.ratings.results.trusted import MetricAgainstPeople

EXAMPLES = """\b
Examples:
  audit ratings agreement --project helpful
  audit ratings agreement --project better --confidence 0.9 --json
  audit ratings agreement --project helpful --database postgresql://ada@db.example.org/ratings --as ada

Exit codes: 0 shown, 2 bad input.
"""


def agreement(
    *,
    project: ProjectName,
    confidence: Annotated[float, typer.Option(help="Nominal coverage of the intervals.")] = 0.95,
    as_json: JsonFlag = False,
    runs: Runs = RUNS,
    database: Database = None,
    user: ActingUser = None,
) -> None:
    """Show progress, agreement, bias of raters, preferences, and metrics and judges against people."""
    from audit.ratings import default_url  # noqa: PLC0415 - SQLAlchemy takes a second to import
    from audit.ratings.projects.progress import progress  # noqa: PLC0415 - as above
    from audit.ratings.results import agreement as of_project  # noqa: PLC0415 - as above
    from audit.ratings.results import judges, trusted  # noqa: PLC0415 - as above

    if not 0 < confidence < 1:
        msg = f"--confidence {confidence}: give a share between 0 and 1, such as 0.95"
        raise UsageError(msg)
    url, who = database or default_url(runs), acting_user(user)
    require_project(url, project)
    done = progress(url, project, who)
    agreed = of_project.agreement(url, project, who, confidence=confidence)
    metrics = trusted.against_people(url, project, who, confidence=confidence)
    judged = judges.validity(url, project, who, confidence=confidence)
    if as_json:
        print_json(
            {
                "progress": done.model_dump(mode="json"),
                "questions": [one.model_dump(mode="json") for one in agreed.questions],
                "metrics": [one.model_dump(mode="json") for one in metrics],
                "judges": [one.model_dump(mode="json") for one in judged],
            }
        )
        return
    _show_progress(done)
    for one in agreed.questions:
        _show_question(one)
    _show_metrics(metrics)
    _show_judges(judged)


def _show_progress(done: ProjectProgress) -> None:
    complete = f"{done.complete:,} of {done.items:,} items complete"
    out.print(Text(printable(f"{done.project}: {complete}, {done.answers:,} of {done.wanted:,} answers")))
    table = _table("rater", "answered", "skipped", "flagged", "checks met")
    for one in done.raters:
        met = f"{number(one.share_met, 'share')} of {one.checked:,}" if one.checked else "—"
        table.add_row(printable(one.rater), f"{one.answered:,}", f"{one.skipped:,}", f"{one.flagged:,}", met)
    out.print(table)


def _show_question(one: QuestionAgreement) -> None:
    out.print(Text(f"\n{printable(one.question)}: {one.items:,} items"))
    table = _table("agreement", "value and interval", "items", "ratings")
    for found in one.coefficients:
        table.add_row(found.name, coefficient_text(found), f"{found.items:,}", f"{found.ratings:,}")
    out.print(table)
    if one.biases:
        table = _table("rater", "bias in points", "drift in points", "items")
        for bias in one.biases:
            leaning = with_interval(bias.bias, bias.interval)
            change = with_interval(bias.drift, bias.drift_interval)
            table.add_row(printable(bias.rater), leaning, change, f"{bias.items:,}")
        out.print(table)
    if one.sides:
        table = _table("rater", "share for side A", "preferences")
        for side in one.sides:
            shown = side_text(side.share, side.interval)
            table.add_row(printable(side.rater), shown, f"{side.preferences:,}")
        out.print(table)
    if one.strengths:
        table = _table("run", "Bradley–Terry strength (logits)", "comparisons")
        for run in one.strengths:
            table.add_row(printable(run.name), strength_text(run), f"{run.comparisons:,}")
        out.print(table)


def _show_metrics(metrics: Sequence[MetricAgainstPeople]) -> None:
    if not metrics:
        return
    out.print(Text("\nMetrics against people: Spearman's rank correlation with the mean rating"))
    table = _table("task", "question", "score", "value and interval", "outputs")
    for one in metrics:
        names = (printable(one.task), printable(one.question), printable(one.score))
        table.add_row(*names, coefficient_text(one.correlation), f"{one.correlation.outputs:,}")
    out.print(table)


def _show_judges(judged: Sequence[JudgeValidity]) -> None:
    from audit.ratings.results.judge_figures import judge_figures  # noqa: PLC0415 - as above

    for one in judged:
        out.print(
            Text(printable(f"\n{one.judge} by {one.by} against people, {one.question}: {one.judged:,} items judged"))
        )
        table = _table("agreement with people", "value and interval", "items")
        for name, shown, items in judge_figures(one):
            table.add_row(name, shown, f"{items:,}")
        out.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
