"""``audit sweep``: audits every checkpoint that matches, and compares them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli import interrupts, values, verbosity
from audit.cli.comparison import series
from audit.cli.comparison.checkpoints import checkpoints_table
from audit.cli.console import JsonFlag, err, out, print_json, print_line
from audit.cli.options import ConfigFile, Given, command
from audit.cli.own_data import Columns, TaskFile, file_tasks
from audit.cli.progress import Bars
from audit.core.config import load_config
from audit.core.config.budget import duration_seconds
from audit.core.errors import ConfigError, ExitCode, Interrupted
from audit.core.records import SWEEP_FILE
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.pipeline.sweep.watch import Watch
from audit.reports.comparison.series_text import AXES
from audit.reports.comparison.titles import titles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.core.config import RunConfig
    from audit.core.records import Sweep

EXAMPLES = """\b
Examples:
  audit sweep 'ckpts/step-*' --config audit.yaml      every checkpoint that matches, the newest first
  audit sweep 'ckpts/step-*' --config audit.yaml      again: finishes what was interrupted, skips what was audited
  audit sweep 'ckpts/checkpoint-*' --watch            and those that training saves from now on
  audit sweep 'ckpts/*' --watch --idle 2h             until none has come for two hours
  audit sweep model-bf16 model-int8 model-Q4_K_M.gguf --tasks boolq,crows_pairs --out runs/levels
  audit sweep EleutherAI/pythia-160m@step1000 EleutherAI/pythia-160m@step143000
"""


@dataclass(frozen=True)
class SweepArguments:
    """The options of ``audit sweep`` that set no single field of the configuration."""

    patterns: Annotated[
        list[str],
        typer.Argument(
            metavar="PATTERN",
            help="Checkpoints: folders and .gguf files or globs of them, asset names, hub ids (OWNER/NAME@REVISION).",
        ),
    ]
    config: ConfigFile = None
    tasks: Annotated[
        str | None,
        typer.Option(help="Tasks and probes, separated by commas: names, lm-eval:NAME, globs, task files, folders."),
    ] = None
    task_file: TaskFile = None
    columns: Columns = None
    limit: Annotated[
        str | None, typer.Option(help="Maximum number of items per task: a number, a share such as 0.1, or all.")
    ] = None
    no_explain: Annotated[bool, typer.Option("--no-explain", help="Skip the explanations.")] = False
    watch: Annotated[bool, typer.Option("--watch", help="Keep looking for new checkpoints, until Ctrl-C.")] = False
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time between two looks of --watch, e.g. 30s (the default).")
    ] = None
    idle: Annotated[
        str | None, typer.Option(metavar="TIME", help="End --watch when no checkpoint has come for so long, e.g. 2h.")
    ] = None
    retry: Annotated[bool, typer.Option("--retry", help="Also resume runs that ended without some of their tasks.")] = (
        False
    )
    as_json: JsonFlag = False


def register(program: typer.Typer) -> None:
    """Add the command."""
    made = command("sweep", sweep, SweepArguments, first=("--profile",), like="run", without=("--model", "--revision"))
    program.command("sweep", epilog=EXAMPLES)(made)


def sweep(given: Given, arguments: SweepArguments) -> int:
    """Audit every checkpoint that matches, the newest first, and compare them.

    Checkpoints that have a run of the same files and settings in --out are skipped, and interrupted runs are finished:
    repeat the command to go on. Writes sweep.json and, for three and more checkpoints, sweep.html to --out.
    Exit code 13 if a checkpoint is not audited completely.
    """
    watch = _watch(arguments)
    config = _configured(given, arguments)
    from audit.pipeline.sweep import sweep as sweeping  # noqa: PLC0415 - torch takes seconds to import

    interrupts.when_stuck(_leave_interrupted)
    listener = _Listener(quiet=verbosity.chosen.quiet or arguments.as_json)
    try:
        found = sweeping.sweep(arguments.patterns, config, listener, watch=watch, retry=arguments.retry)
    except Interrupted as stopped:
        return _leave_interrupted(stopped)
    if arguments.as_json:
        print_json(found)
    else:
        show(found, config.out)
    return ExitCode.DONE if found.is_complete else ExitCode.INCOMPLETE


def show(found: Sweep, folder: Path) -> None:
    """Print the checkpoints, how they compare, and what was written.

    Args:
        found: The sweep.
        folder: Of the runs.
    """
    out.print(checkpoints_table(found))
    if found.trend is not None:
        series.show(found.trend, titles(RunFolder(folder / (found.compared[-1].run or ""))))
    elif found.no_trend:
        out.print(f"not compared: {printable(found.no_trend, 1200)}", markup=False, highlight=False, soft_wrap=True)
    if found.left_out:
        line = f"audited, but too many to be compared: {printable(', '.join(found.left_out), 1200)}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if found.unplaced:
        line = f"audited, but not compared, with no {AXES[found.axis]}: {printable(', '.join(found.unplaced), 1200)}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    page = folder / "sweep.html"
    for line in (f"sweep   {folder / SWEEP_FILE}", *([f"page    {page}"] if page.exists() else [])):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


class _Listener:
    """Bars for the checkpoint that is audited, below a line with its name."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    @contextmanager
    def auditing(self, checkpoint: str, place: int, known: int) -> Iterator[Bars]:
        """Say which checkpoint is audited, and show how far it is."""
        self.say(f"{checkpoint} ({place} of {known})")
        with Bars(quiet=self._quiet) as bars:
            yield bars

    def say(self, line: str) -> None:
        """A line on stderr."""
        if not self._quiet:
            print_line(printable(line, 1000))


def _watch(arguments: SweepArguments) -> Watch | None:
    """How long the sweep waits; None where it does not.

    Raises:
        ConfigError: A time cannot be read, or is given without ``--watch``.
    """
    times = {"--every": arguments.every, "--idle": arguments.idle}
    for option, text in times.items():
        if text is None:
            continue
        if not arguments.watch:
            msg = f"{option} {text}: it belongs to --watch"
            raise ConfigError(msg)
        if not duration_seconds(text):
            msg = f"{option} {text}: must be a duration above 0 such as 90s, 30m, 2h or 1h30m"
            raise ConfigError(msg)
    if not arguments.watch:
        return None
    idle = duration_seconds(arguments.idle) if arguments.idle else None
    return Watch(float(duration_seconds(arguments.every or "30s")), idle)


def _configured(given: Given, arguments: SweepArguments) -> RunConfig:
    """The configuration of every run: profile, file and options, and the tasks that were named."""
    unexplained = {"explain": {"methods": [], "drivers": 0}} if arguments.no_explain else {}
    config = load_config(arguments.config, {**given.values, **unexplained})
    names = [name.strip() for name in arguments.tasks.split(",")] if arguments.tasks is not None else []
    own = file_tasks(arguments.task_file, arguments.columns)
    limit = values.limit(arguments.limit)
    from audit.pipeline import configuration  # noqa: PLC0415 - torch takes seconds to import

    return configuration.choose_tasks(config, names, limit, own=own)


def _leave_interrupted(stopped: Interrupted) -> int:
    """Say how an interrupted sweep goes on."""
    where = f"; this run is {stopped.folder}" if stopped.folder else ""
    line = f"interrupted: repeat the command to go on{where}"
    err.print(line, markup=False, highlight=False, soft_wrap=True)
    return ExitCode.INCOMPLETE
