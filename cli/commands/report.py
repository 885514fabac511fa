"""``audit report``: renders a run."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli.console import out
from audit.cli.options import RUNS, Runs
from audit.core.errors import ConfigError
from audit.core.filesystem import is_stream, write_output, write_text
from audit.core.run_folder import RunFolder, refuse_evidence

if TYPE_CHECKING:
    from audit.ratings import RatingSummary

EXAMPLES = """\b
Examples:
  audit report latest                                the HTML card, into the run folder
  audit report latest --format md --out summary.md   for a CI job summary
  audit report runs/RUN-ID --format json --out -     to standard output
  audit report latest --format lm-eval --out DIR     results and samples as lm-eval writes them
"""


class Format(StrEnum):
    """What a report can be."""

    HTML = "html"
    MARKDOWN = "md"
    JSON = "json"
    LM_EVAL = "lm-eval"


FILE_NAMES = {Format.HTML: "index.html", Format.MARKDOWN: "summary.md", Format.JSON: "report.json"}


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("report", epilog=EXAMPLES)(report)


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run folder, run id or 'latest'.")],
    *,
    form: Annotated[
        Format, typer.Option("--format", help="Card, Markdown summary, JSON, or lm-eval's results and samples.")
    ] = Format.HTML,
    target: Annotated[
        Path | None, typer.Option("--out", help="File to write, '-' is standard output; a folder for lm-eval.")
    ] = None,
    runs: Runs = RUNS,
    database: Annotated[
        str | None, typer.Option(help="Ratings database. Default: ratings.sqlite next to the run folder.")
    ] = None,
) -> int:
    """Render a run as a report card, a Markdown summary, JSON or lm-eval's files.

    Without --out the file goes into the run's report folder.
    """
    folder = RunFolder.resolve(run, runs)
    if target is not None:
        refuse_evidence(target, "--out")
    if form is Format.LM_EVAL:
        return _export(folder, target or folder.report_file("lm-eval"))
    text = _render(folder, form, ratings_of(folder, database))
    if str(target) == "-":
        sys.stdout.write(text)
        return 0
    path = target or folder.report_file(FILE_NAMES[form])
    if target:
        write_output(target, text.encode())
    else:
        write_text(path, text)
    if not is_stream(path):
        out.print(str(path), markup=False, highlight=False, soft_wrap=True)
    return 0


def _export(folder: RunFolder, target: Path) -> int:
    """Write lm-eval's files and say which."""
    from audit.reports import lm_eval_files  # noqa: PLC0415 - this format alone needs it

    if str(target) == "-":
        msg = "--format lm-eval writes several files: give a folder as --out"
        raise ConfigError(msg)
    for path in lm_eval_files.write(folder, target):
        out.print(str(path), markup=False, highlight=False, soft_wrap=True)
    return 0


def ratings_of(folder: RunFolder, database: str | None = None) -> list[RatingSummary]:
    """What people said about a run: by default from the database next to the run folders, if there is one."""
    from audit import ratings  # noqa: PLC0415 - SQLAlchemy takes half a second to import
    from audit.ratings.database import require  # noqa: PLC0415 - see above

    if database is not None:
        require(database)
    return ratings.summary(database or ratings.default_url(folder.path.resolve().parent), folder.run_id)


def _render(folder: RunFolder, form: Format, ratings: list[RatingSummary]) -> str:
    """The report as text."""
    from audit.reports import contents  # noqa: PLC0415 - Altair takes seconds to import
    from audit.reports.render import card, json_report, markdown  # noqa: PLC0415 - Altair takes seconds to import

    content = contents.read(folder, ratings=ratings)
    renderers = {Format.HTML: card.render, Format.MARKDOWN: markdown.render, Format.JSON: json_report.render}
    return renderers[form](content)
