"""``audit ratings``: people's ratings of outputs."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli import verbosity
from audit.cli.console import err
from audit.cli.options import RUNS, Runs, command
from audit.cli.ratings import agreement, assign, import_, judge
from audit.cli.ratings.options import ActingUser, RunDatabase, acting_user, database_of, require_project
from audit.core.errors import UsageError, did_you_mean
from audit.core.filesystem import write_output
from audit.core.formatting import counted
from audit.core.run_folder import RunFolder, refuse_evidence
from audit.core.text import named
from audit.ratings import json_lines
from audit.ratings.database import require

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = ("csv", "preference", "label", "events")
EXPORT_EXAMPLES = """\b
Examples:
  audit ratings export --project helpful                          counting answers as CSV, to stdout
  audit ratings export --project better --format preference --out pairs.jsonl    TRL: prompt, chosen, rejected
  audit ratings export --project helpful --format label --out labels.jsonl       TRL: prompt, completion, label
  audit ratings export --project helpful --format events          everything that happened, as JSON Lines
  audit ratings export                               ratings outside projects in runs/ratings.sqlite, as JSON Lines
  audit ratings export --run latest --out ratings.jsonl
  audit ratings export --database postgresql://ada@db.example.org/ratings
"""
EXAMPLES = """\b
Examples:
  audit ratings assign latest --project helpful --rater ada --rater bob
  audit ratings agreement --project helpful
  audit ratings export --project helpful --format label --out labels.jsonl
  audit ratings import answers.csv --project helpful
  audit ratings judge --project helpful --model ./judge-checkpoint
"""


def register(program: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Human ratings of outputs.", epilog=EXAMPLES, no_args_is_help=True, rich_markup_mode=None)
    group.callback()(_group)
    group.command("assign", epilog=assign.EXAMPLES)(assign.assign)
    group.command("agreement", epilog=agreement.EXAMPLES)(agreement.agreement)
    group.command("export", epilog=EXPORT_EXAMPLES)(export)
    group.command("import", epilog=import_.EXAMPLES)(import_.import_)
    group.command("judge", epilog=judge.EXAMPLES)(command("judge", judge.judge_project, judge.JudgeArguments))
    program.add_typer(group, name="ratings")


def _group() -> None:
    """Human ratings of outputs."""


def export(  # noqa: PLR0913 - the options of a command
    context: typer.Context,
    *,
    database: RunDatabase = None,
    runs: Runs = RUNS,
    run: Annotated[
        str | None, typer.Option(help="Outside projects: only this run: folder, run-id or 'latest'.")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Answers of this project. Default: ratings outside projects.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="Of a project: csv, preference, label or events. Default: csv.")
    ] = None,
    good: Annotated[float, typer.Option("--good-from", help="Label: mean points from which an output is good.")] = 4.0,
    bad: Annotated[float, typer.Option("--bad-to", help="Label: mean points up to which an output is bad.")] = 2.0,
    out_file: Annotated[Path | None, typer.Option("--out", help="File to write. Default: standard output.")] = None,
    user: ActingUser = None,
) -> None:
    """Write ratings: of a project for training or spreadsheets, or all those outside projects."""
    if out_file:
        refuse_evidence(out_file, "--out")
    chosen = _format(form, project, run)
    folders = [RunFolder.resolve(run, runs)] if run else []
    run_id = folders[0].run_id if run else None
    url = database_of(context, database, runs, folders)
    left_out: dict[str, int] = {}
    if project is None:
        require(url)
        lines = list(json_lines(url, run_id))
        what = counted(len(lines), "rating")
    else:
        if not bad < good:
            msg = f"--bad-to {bad} and --good-from {good}: an output would be good and bad: choose a lower --bad-to"
            raise UsageError(msg)
        require_project(url, project)
        lines, left_out = _exporters(good, bad)[chosen](url, project, acting_user(user))
        what = counted(len(lines) - 1, "answer") if chosen == "csv" else counted(len(lines), "line")
    _write(lines, out_file, what)
    if left_out and not verbosity.chosen.quiet:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        total = counted(sum(left_out.values()), "item")
        err.print(f"left out: {total}: {reasons}", markup=False, highlight=False, soft_wrap=True)


def _format(form: str | None, project: str | None, run: str | None) -> str:
    """The format of a project's export.

    Raises:
        UsageError: There is no such format, or it does not go with the other options.
    """
    if form is not None and form not in FORMATS:
        msg = f"--format {named(form)}: no such format: there are {', '.join(FORMATS)}.{did_you_mean(form, FORMATS)}"
        raise UsageError(msg)
    if (project is None and form is not None) or (project is not None and run is not None):
        msg = "--format is for --project, and --run for ratings outside projects: leave one out"
        raise UsageError(msg)
    return form or "csv"


def _exporters(good: float, bad: float) -> dict[str, Callable[[str, str, str], tuple[list[str], dict[str, int]]]]:
    """What makes the lines of a format, and counts the items that gave none by the reason."""
    from audit.ratings.exchange import table, training  # noqa: PLC0415 - not needed for ratings outside projects

    def examples(form: training.Form, url: str, project: str, who: str) -> tuple[list[str], dict[str, int]]:
        found = training.training_export(url, project, who, form, good=good, bad=bad)
        return found.lines, found.left_out

    return {
        "csv": lambda *about: (table.csv_lines(*about), {}),
        "events": lambda *about: (table.event_lines(*about), {}),
        "preference": partial(examples, "preference"),
        "label": partial(examples, "label"),
    }


def _write(lines: list[str], out_file: Path | None, what: str) -> None:
    if out_file:
        write_output(out_file, "".join(lines).encode())
    else:
        sys.stdout.writelines(lines)
    if not verbosity.chosen.quiet:
        where = f" to {out_file}" if out_file else ""
        err.print(f"{what}{where}", markup=False, highlight=False, soft_wrap=True)
