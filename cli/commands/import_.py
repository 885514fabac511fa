"""``audit import``: a run folder from another tool's logs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from audit.cli.console import JsonFlag, err, out, print_json
from audit.core.config import DEFAULT_OUT
from audit.core.errors import ExitCode, UsageError, did_you_mean
from audit.core.formatting import DIRECTION_KEY, interval, number, unit_text
from audit.core.text import printable
from audit.core.units import UNITS

if TYPE_CHECKING:
    from audit.core.records import Metric, RunManifest
    from audit.core.run_folder import RunFolder

EXAMPLES = """\b
Examples:
  audit import results/my-model                      the folder that lm_eval --log_samples wrote
  audit import logs/2026-01-31_gsm8k.eval            a log of Inspect
  audit import eval_results                          bundles of NeMo Evaluator
  audit import outputs/20260131_100000               a work folder of EvalScope or OpenCompass
  audit import benchmark_output/runs/SUITE           run folders of HELM
  audit import answers.csv --id question_id --score correct --cluster document --model my-model
  audit import results/my-model --cluster passage --slice subject

Exit codes: 0 imported, 2 bad input, 12 the log contradicts itself, 13 imported, but the log is incomplete.
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("import", epilog=EXAMPLES)(import_)


def import_(  # noqa: PLR0913 - the options of a command
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Log files, or the folder that holds them.")],
    *,
    form: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FORMAT",
            help="lm-eval, inspect, nemo, evalscope, helm, opencompass or table. Default: detected.",
        ),
    ] = None,
    target: Annotated[Path, typer.Option("--out", help="Folder for the run folder.")] = DEFAULT_OUT,
    model: Annotated[str | None, typer.Option(help="Name of the model. Default: the log's.")] = None,
    task: Annotated[str | None, typer.Option(help="Table: name of the task. Default: the file's name.")] = None,
    scores: Annotated[
        list[str] | None,
        typer.Option("--score", help="Table: column with a score; may be repeated, the primary one first."),
    ] = None,
    identity: Annotated[str | None, typer.Option("--id", help="Table: column that identifies the item.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Table: column with the prompt.")] = None,
    output: Annotated[str | None, typer.Option(help="Table: column with the answer.")] = None,
    reference: Annotated[str | None, typer.Option(help="Table: column with the right answer.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="Table: unit of the scores. Default: share if all are 0 or 1, else score.")
    ] = None,
    lower: Annotated[bool, typer.Option("--lower-is-better", help="Table: lower scores are better.")] = False,
    cluster: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Field of an item; items with equal values form a cluster.")
    ] = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", metavar="FIELD", help="Field to report by; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the bootstrap.")] = 0,
    as_json: JsonFlag = False,
) -> int:
    """Make a run folder from another tool's logs, for gate, report, comparison and app.

    Every metric is recomputed from the log's samples and compared with the log's own value.
    """
    from audit.gate.importers.contract import ImportOptions  # noqa: PLC0415 - `audit --help` must not wait for it
    from audit.gate.importers.registry import reader_for  # noqa: PLC0415 - see above
    from audit.gate.importers.run import import_log  # noqa: PLC0415 - see above

    _check_files(files)
    if unit is not None and unit not in UNITS:
        msg = f"--unit {unit}: no such unit: {', '.join(UNITS)}.{did_you_mean(unit, UNITS)}"
        raise UsageError(msg)
    columns = {"id": identity, "prompt": prompt, "output": output, "reference": reference}
    options = ImportOptions(
        model=model,
        task=task,
        columns={name: column for name, column in columns.items() if column is not None},
        scores=tuple(scores or ()),
        cluster=cluster,
        slices=tuple(slices or ()),
        unit=unit,
        lower_is_better=lower,
        seed=seed,
    )
    reader = reader_for(files, form)
    if reader.NAME != "table":
        _refuse_table_options(reader.NAME, options)
    run = import_log(reader, files, options, target)
    _show(run, as_json=as_json)
    return ExitCode.DONE if run.read_manifest().status == "complete" else ExitCode.INCOMPLETE


def _check_files(files: list[Path]) -> None:
    """Refuse paths that are not there.

    Raises:
        UsageError: One is not.
    """
    from audit.core.filesystem import did_you_mean_path  # noqa: PLC0415 - only for this message

    for file in files:
        if not file.exists():
            msg = f"{printable(str(file))}: no such file or folder: check the path.{did_you_mean_path(file)}"
            raise UsageError(msg)


def _refuse_table_options(name: str, options: object) -> None:
    """Refuse options that only tables have.

    Raises:
        UsageError: One was given.
    """
    given = vars(options)
    words = {"task": "--task", "scores": "--score", "unit": "--unit", "lower_is_better": "--lower-is-better"}
    named = [word for field, word in words.items() if given[field]]
    named += [f"--{column}" for column in given["columns"]]
    if named:
        msg = f"{named[0]} is about tables, and the format is {name}: leave it out, or add --from table"
        raise UsageError(msg)


def _show(run: RunFolder, *, as_json: bool) -> None:
    """All metrics over all items, what is odd about the log, and the path."""
    from audit.stats.cut_answers import is_bound  # noqa: PLC0415 - `audit --help` must not wait for it

    manifest, metrics = run.read_manifest(), run.read_metrics()
    if as_json:
        print_json({"run": str(run.path), "manifest": manifest, "metrics": metrics})
        return
    whole = [metric for metric in metrics if metric.slice is None and not is_bound(metric)]
    shown = [metric for metric in whole if metric.unit != "count" or metric.value]
    name = Column("metric", min_width=max((len(metric.name) for metric in shown), default=0))
    title = Text(printable(manifest.run_id))
    table = Table(name, "value", "95 % interval", "n", "unit", title=title, title_justify="left")
    table.caption, table.caption_justify = DIRECTION_KEY, "left"
    for metric in shown:
        table.add_row(Text(printable(metric.name)), *map(Text, _cells(metric)))  # names of strangers: no markup
    out.print(table)
    for line in _remarks(manifest, shown):
        err.print(Text(printable(line), style="yellow"), soft_wrap=True)
    out.print(f"status  {manifest.status}", markup=False, highlight=False)
    out.print(f"run     {run.path}", markup=False, highlight=False, soft_wrap=True)


def _cells(metric: Metric) -> tuple[str, str, str, str]:
    """Value, interval, n, unit and direction."""
    ends = interval(metric.ci_low, metric.ci_high, metric.unit)
    unit = unit_text(metric.unit, metric.higher_is_better)
    return number(metric.value, metric.unit), ends, str(metric.n), unit


def _remarks(manifest: RunManifest, metrics: list[Metric]) -> list[str]:
    """What was not computed, what did not run, and warnings."""
    lost = [f"not computed: {metric.name}: {metric.error}" for metric in metrics if metric.error]
    absent = [f"not run: {one.task}: {one.reason}" for one in manifest.not_run]
    return [*lost, *absent, *(f"warning: {text}" for text in manifest.remarks)]
