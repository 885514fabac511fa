"""``audit report``: renders a run."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from audit.cli.console import out
from audit.cli.options import RUNS, Runs
from audit.core.errors import ConfigError
from audit.core.filesystem import is_stream, refuse_folder, write_output, write_text
from audit.core.run_folder import RunFolder, refuse_evidence
from audit.reports.exports.formats import Format

if TYPE_CHECKING:
    from audit.ratings import RatingSummary
    from audit.ratings.results.of_run import RunRatings

EXAMPLES = """\b
Examples:
  audit report latest                                the HTML card, into the run folder
  audit report latest --baseline runs/RELEASED       every number next to the baseline's
  audit report latest --format md --out summary.md   for a CI job summary
  audit report runs/RUN-ID --format json --out -     to standard output
  audit report latest --format lm-eval --out DIR     results and samples as lm-eval writes them
  audit report latest --format junit --out junit.xml     the verdict, for a CI server
  audit report latest --format model-card --out README.md     a model card for the Hub
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("report", epilog=EXAMPLES)(report)


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run folder, run id or 'latest'.")],
    *,
    form: Annotated[Format, typer.Option("--format", help="What to write; see below.")] = Format.HTML,
    target: Annotated[
        Path | None, typer.Option("--out", help="File to write, '-' is standard output; a folder for lm-eval.")
    ] = None,
    runs: Runs = RUNS,
    database: Annotated[
        str | None, typer.Option(help="Ratings database. Default: ratings.sqlite next to the run folder.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Run to show it next to. Default: that of the verdict, if it is next to RUN."),
    ] = None,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=OWNER/DATASET:TASK", help="Benchmark on the Hub that a metric is a result of."),
    ] = None,
    organisation: Annotated[str, typer.Option(help="Who ran the audit, for eee.")] = "unknown",
) -> int:
    """Render a run as a report card or summary, or export it in another tool's format.

    Without --out the file goes into the run's report folder.

    html: report card. md: Markdown summary. json: everything in the card. junit: verdict as JUnit XML.
    comment: verdict as a comment on a pull request. model-card: Hugging Face model card. eval-results: YAML for
    .eval_results/ of a Hugging Face repository. eee: Every Eval Ever 0.2 JSON. lm-eval: results and samples.
    documentation: form for technical documentation by the EU AI Act, filled as far as the audit knows.
    """
    folder = RunFolder.resolve(run, runs)
    if target is not None:
        refuse_evidence(target, "--out")
    if form is Format.LM_EVAL:
        return _export(folder, target or folder.report_file("lm-eval"))
    if target is not None:
        refuse_folder(target)
    other = RunFolder.resolve(baseline, runs) if baseline else None
    said = ratings_of(folder, database)
    text = _render(folder, form, other, said, benchmark or [], organisation)
    if str(target) == "-":
        sys.stdout.write(text)
        return 0
    path = target or folder.report_file(form.file)
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


class PeopleSaid(TypedDict):
    """What people said about a run, as :func:`audit.reports.contents.read` takes it."""

    ratings: list[RatingSummary]
    """Means by task."""
    people: list[RunRatings]
    """Agreement, and metrics against people, by project."""


def ratings_of(folder: RunFolder, database: str | None = None) -> PeopleSaid:
    """What people said about a run: by default from the database next to the run folders, if there is one."""
    from audit import ratings  # noqa: PLC0415 - SQLAlchemy takes half a second to import
    from audit.ratings.database import require  # noqa: PLC0415 - see above
    from audit.ratings.results.of_run import results_of_run  # noqa: PLC0415 - see above

    if database is not None:
        require(database)
    url = database or ratings.default_url(folder.path.resolve().parent)
    return {"ratings": ratings.summary(url, folder.run_id), "people": results_of_run(url, folder.run_id)}


def _render(
    folder: RunFolder,
    form: Format,
    baseline: RunFolder | None,
    people: PeopleSaid,
    benchmarks: list[str],
    organisation: str,
) -> str:
    """The report as text."""
    from audit.reports import contents  # noqa: PLC0415 - it is slow to import
    from audit.reports.exports import publication  # noqa: PLC0415 - the client of the Hub, which few formats need

    said = publication.Publication(organisation, publication.benchmarks(benchmarks))
    return form.render(contents.read(folder, **people, baseline=baseline), said)
