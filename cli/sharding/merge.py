"""``audit merge``: the shards of a run joined, and the run finished from their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from audit.cli import consent, interrupts, verbosity
from audit.cli.advice.next_steps import Judging, after_run, show
from audit.cli.commands.run import allowed, conclude, leave_interrupted
from audit.cli.console import JsonFlag  # noqa: TC001 - typer reads the annotations at run time
from audit.cli.options import Given, command
from audit.cli.progress import Bars
from audit.core.config import DEFAULT_OUT, BudgetConfig, validate
from audit.core.errors import Interrupted
from audit.core.run_folder import RunFolder

EXAMPLES = """\b
Examples:
  audit run --shard 1/2 --out runs/shards      on one machine
  audit run --shard 2/2 --out runs/shards      on another
  audit merge runs/shards/*                    in any order, when both have ended
  audit merge runs/shards/* --no-compute       loads no weights, and says what is missing
"""


@dataclass(frozen=True)
class MergeArguments:
    """The options of ``audit merge`` that set no field of the configuration."""

    shards: Annotated[
        list[str], typer.Argument(metavar="SHARD", help="Folders of all shards of one run, in any order.")
    ]
    no_compute: Annotated[
        bool,
        typer.Option(
            "--no-compute",
            help="Load no weights: what the shards did not answer is left out and said, and shards may be missing.",
        ),
    ] = False
    database: Annotated[
        str | None,
        typer.Option(help="Ratings database; poorly rated outputs are explained too. Default: OUT/ratings.sqlite."),
    ] = None
    as_json: JsonFlag = False


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("merge", epilog=EXAMPLES)(command("merge", merge, MergeArguments))


def merge(given: Given, arguments: MergeArguments) -> int:
    """Join the shards of a run, and finish it from their answers.

    What no shard could know is computed here: requests that depend on answers, and explanations.
    """
    out = given.values.get("out", DEFAULT_OUT)
    folders = [RunFolder.resolve(name, out) for name in arguments.shards]
    from audit.pipeline.shards import merging  # noqa: PLC0415 - torch takes seconds to import

    config = merging.merged_config(folders, out)
    consent.require(config, given, "merge")
    budget = validate(BudgetConfig, given.values.get("budget", {}), "command line")
    config = config.model_copy(update={"budget": budget})
    bars = Bars(quiet=verbosity.chosen.quiet or arguments.as_json)
    interrupts.when_stuck(lambda stopped: leave_interrupted(stopped, None, as_json=arguments.as_json))
    try:
        with bars:
            done = merging.merge(config, folders, bars, computes=not arguments.no_compute, database=arguments.database)
    except Interrupted as stopped:
        return leave_interrupted(stopped, None, as_json=arguments.as_json)
    code = conclude(done, as_json=arguments.as_json)
    if not arguments.as_json:
        manifest = done.read_manifest()
        show(after_run(done, manifest.status, Judging(None, None), allowed(manifest, done)))
    return code
