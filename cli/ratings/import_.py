"""``audit ratings import``: ratings that were made with other tools."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from audit.cli import verbosity
from audit.cli.console import err
from audit.cli.options import RUNS, Runs
from audit.cli.ratings.options import ActingUser, Database, ProjectName, acting_user, require_project
from audit.core.errors import UsageError, did_you_mean
from audit.core.formatting import counted
from audit.core.text import named

EXAMPLES = """\b
Examples:
  audit ratings import answers.csv --project helpful          columns rater, item or sample_id, one per question
  audit ratings import export.json --project helpful --from label-studio
  audit ratings import records.json --project better --from argilla

Exit codes: 0 imported, 2 bad input.
"""


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON export of Argilla or Label Studio, or CSV.")],
    *,
    project: ProjectName,
    form: Annotated[
        str | None, typer.Option("--from", metavar="TOOL", help="argilla, label-studio or csv. Default: detected.")
    ] = None,
    runs: Runs = RUNS,
    database: Database = None,
    user: ActingUser = None,
) -> None:
    """Store ratings of another tool as answers of their raters; each takes a free place of its item."""
    from audit.ratings import default_url  # noqa: PLC0415 - SQLAlchemy takes a second to import
    from audit.ratings.exchange.foreign import TOOLS, read_foreign  # noqa: PLC0415 - as above
    from audit.ratings.exchange.importing import import_answers  # noqa: PLC0415 - as above

    tool = next((one for one in TOOLS if one == form), None)
    if form is not None and tool is None:
        msg = f"--from {named(form)}: no such tool: there are {', '.join(TOOLS)}.{did_you_mean(form, TOOLS)}"
        raise UsageError(msg)
    url, who = database or default_url(runs), acting_user(user)
    require_project(url, project)
    found, answers = read_foreign(file, tool)
    done = import_answers(url, project, who, answers, found)
    if not verbosity.chosen.quiet:
        line = (
            f"{counted(done.added, 'answer')} added, {done.known:,} known, {done.complete:,} to complete items left out"
        )
        if done.new_raters:
            line += f"; new raters: {', '.join(map(named, done.new_raters))}"
        err.print(line, markup=False, highlight=False, soft_wrap=True)
