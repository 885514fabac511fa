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
from audit.core.formatting import estimate_text, number
from audit.core.text import printable
from audit.stats.agreement.estimate import Coefficient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.ratings.projects.progress import ProjectProgress
    from audit.ratings.results.agreement import QuestionAgreement
    from audit.ratings.results.judges import JudgeValidity
    from audit.ratings.results.trusted import MetricAgainstPeople
    from audit.stats.interval import Interval

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
        shown = _estimate(found.value, found.interval) if found.value is not None else found.why_none
        table.add_row(found.name, shown, f"{found.items:,}", f"{found.ratings:,}")
    out.print(table)
    if one.biases:
        table = _table("rater", "bias in points", "drift in points", "items")
        for bias in one.biases:
            leaning, change = _estimate(bias.bias, bias.interval), _estimate(bias.drift, bias.drift_interval)
            table.add_row(printable(bias.rater), leaning, change, f"{bias.items:,}")
        out.print(table)
    if one.sides:
        table = _table("rater", "share for side A", "preferences")
        for side in one.sides:
            table.add_row(printable(side.rater), _estimate(side.share, side.interval), f"{side.preferences:,}")
        out.print(table)
    if one.strengths:
        table = _table("run", "Bradley–Terry strength (logits)", "comparisons")
        for run in one.strengths:
            shown = run.why_none or estimate_text(run.value, run.low, run.high)
            table.add_row(printable(run.name), shown, f"{run.comparisons:,}")
        out.print(table)


def _show_metrics(metrics: Sequence[MetricAgainstPeople]) -> None:
    if not metrics:
        return
    out.print(Text("\nMetrics against people: Spearman's rank correlation with the mean rating"))
    table = _table("task", "question", "score", "value and interval", "outputs")
    for one in metrics:
        found = one.correlation
        shown = _estimate(found.value, found.interval) if found.value is not None else found.why_none
        names = (printable(one.task), printable(one.question), printable(one.score))
        table.add_row(*names, shown, f"{found.outputs:,}")
    out.print(table)


def _show_judges(judged: Sequence[JudgeValidity]) -> None:
    for one in judged:
        out.print(
            Text(printable(f"\n{one.judge} by {one.by} against people, {one.question}: {one.judged:,} items judged"))
        )
        table = _table("agreement with people", "value and interval", "items")
        for found in (one.agreement, one.correlation):
            if isinstance(found, Coefficient):
                shown = _estimate(found.value, found.interval) if found.value is not None else found.why_none
                table.add_row(found.name, shown, f"{found.items:,}")
            elif found is not None:
                shown = _estimate(found.value, found.interval) if found.value is not None else found.why_none
                table.add_row("rank correlation with the mean", shown, f"{found.outputs:,}")
        if one.bias is not None:
            table.add_row("bias in points", _estimate(one.bias.bias, one.bias.interval), f"{one.bias.items:,}")
        if one.side is not None:
            table.add_row("share for side A", _estimate(one.side.share, one.side.interval), f"{one.side.preferences:,}")
            same = _estimate(one.same_in_both_orders, one.same_interval)
            table.add_row("same answer in both orders", same, f"{one.judged:,}")
        if one.unanswered:
            table.add_row("without an answer", "", f"{one.unanswered:,}")
        out.print(table)


def _estimate(value: float | None, interval: Interval | None) -> str:
    low, high = (interval.low, interval.high) if interval else (None, None)
    return estimate_text(value, low, high)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
