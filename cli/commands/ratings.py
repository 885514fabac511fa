"""``audit ratings``: what people said about outputs."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from audit.cli import verbosity
from audit.cli.console import err
from audit.cli.options import RUNS, Runs
from audit.core.filesystem import write_output
from audit.core.formatting import counted
from audit.core.run_folder import RunFolder, refuse_evidence
from audit.ratings import default_url, json_lines
from audit.ratings.database import require

EXPORT_EXAMPLES = """\b
Examples:
  audit ratings export                               every rating in runs/ratings.sqlite, to stdout
  audit ratings export --run latest --out ratings.jsonl
  audit ratings export --database postgresql://ada@db.example.org/ratings
"""


def register(program: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Human ratings of outputs.", epilog=EXPORT_EXAMPLES, no_args_is_help=True, rich_markup_mode=None
    )
    group.callback()(_group)
    group.command("export", epilog=EXPORT_EXAMPLES)(export)
    program.add_typer(group, name="ratings")


def _group() -> None:
    """Human ratings of outputs."""


def export(
    *,
    database: Annotated[str | None, typer.Option(help="Ratings database. Default: RUNS/ratings.sqlite.")] = None,
    runs: Runs = RUNS,
    run: Annotated[str | None, typer.Option(help="Only this run: folder, run-id or 'latest'.")] = None,
    out_file: Annotated[Path | None, typer.Option("--out", help="File to write. Default: standard output.")] = None,
) -> None:
    """Write ratings as JSON Lines, superseded ones included, oldest first."""
    if out_file:
        refuse_evidence(out_file, "--out")
    run_id = RunFolder.resolve(run, runs).run_id if run else None
    url = database or default_url(runs)
    require(url)
    lines = list(json_lines(url, run_id))
    if out_file:
        write_output(out_file, "".join(lines).encode())
    else:
        sys.stdout.writelines(lines)
    if not verbosity.chosen.quiet:
        where = f" to {out_file}" if out_file else ""
        err.print(f"{counted(len(lines), 'rating')}{where}", markup=False, highlight=False)
