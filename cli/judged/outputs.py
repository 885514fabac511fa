"""``audit judge outputs`` and ``draw``: the outputs of a run judged, and those that people are to label."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from audit.cli import verbosity
from audit.cli.console import JsonFlag, out, print_json, print_line
from audit.cli.judged.options import ByWay, Reasons, Repeats, RubricName, Temperature, asking_of, loaded
from audit.cli.options import RUNS, ConfigFile, Given, Runs
from audit.cli.progress import Bars
from audit.core.filesystem import refuse_folder, write_output
from audit.core.run_folder import RunFolder, refuse_evidence
from audit.core.text import plain_text, printable
from audit.core.words import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, Sample
    from audit.pipeline.judged.outputs import JudgedRun, JudgedTask, WithLabels
    from audit.safety.judges.rubric import Rubric

EXAMPLES = """\b
Examples:
  audit judge outputs latest --task xsum --rubric mine.yaml --model ./judge-checkpoint
  audit judge outputs latest --task xsum --rubric mine.yaml --measured judge.json --labels labelled.csv
  audit judge outputs NEW --against OLD --task xsum --rubric better_answer --model ./judge-checkpoint

Interrupted? Repeat the command: answers are kept.

Exit codes: 0 judged, 2 bad input, 130 interrupted.
"""
DRAW_EXAMPLES = """\b
Examples:
  audit judge draw latest --task xsum --count 60 --out to_label.csv

Fill the column label in, and give the file to 'audit judge outputs --labels'.
"""
Task = Annotated[str, typer.Option(help="Task of the run whose outputs are meant.")]
Name = Annotated[str, typer.Argument(metavar="RUN", help="Run folder, run-id or 'latest'.")]
COLUMNS = ("sample_id", "label", "prompt", "output", "run")


@dataclass(frozen=True)
class OutputsArguments:
    """The options of ``audit judge outputs`` that are not the configuration's."""

    run: Name
    task: Task
    rubric: RubricName
    against: Annotated[
        str | None, typer.Option(help="Run with the answers to compare with, for a rubric about pairs.")
    ] = None
    measured: Annotated[
        Path | None, typer.Option(help="Measurement of this judge with this rubric, of 'audit judge measure --out'.")
    ] = None
    labels: Annotated[
        Path | None,
        typer.Option(help="People's labels of a random sample of the outputs: a filled-in file of 'audit judge draw'."),
    ] = None
    label_column: Annotated[str, typer.Option("--label-column", help="Column with people's labels.")] = "label"
    by: ByWay = "likelihood"
    repeats: Repeats = 1
    temperature: Temperature = 0.0
    reasons: Reasons = False
    replies: Annotated[
        Path | None,
        typer.Option(
            help="JSON Lines file for what the judge writes, with --by generation; personal data is taken out of it."
        ),
    ] = None
    runs: Runs = RUNS
    config: ConfigFile = None
    as_json: JsonFlag = False


def judge_outputs(given: Given, arguments: OutputsArguments) -> None:
    """Judge the outputs of one task of a run, and write a judged run next to it; the run itself is not changed.

    Its metrics count in a gate where the judge was measured well enough, or where people's labels correct them.
    """
    from audit.pipeline.judged import outputs  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety.judges.measured import read_measurement  # noqa: PLC0415 - see above
    from audit.safety.judges.rubric import load_rubric  # noqa: PLC0415 - see above

    if arguments.replies:
        refuse_evidence(arguments.replies, "--replies")
        refuse_folder(arguments.replies)
    rubric = load_rubric(arguments.rubric)
    asking = asking_of(arguments.by, arguments.repeats, arguments.temperature, reasons=arguments.reasons)
    (task, labels), judge, engine = loaded(
        given,
        arguments.config,
        rubric,
        asking,
        lambda: _given(rubric, arguments),
    )
    cited = read_measurement(arguments.measured, judge) if arguments.measured else None
    outputs.new_folder(task, judge, arguments.runs, labels, cited)
    bars = Bars(quiet=verbosity.chosen.quiet or arguments.as_json)
    with bars:
        bars.expect(1)
        bars.task("judge", task.task)
        done = outputs.judged_run(task, judge, engine, arguments.runs, bars, labels=labels, cited=cited)
    if arguments.replies:
        _write_replies(done, arguments.replies)
    if arguments.as_json:
        print_json({"run": str(done.folder.path), "metrics": done.metrics})
        return
    _show(done.metrics)
    for note in dict.fromkeys(metric.note for metric in done.metrics if metric.note):
        print_line(note)
    print_line(f"judged run: {done.folder.path}")


def draw(
    run: Name,
    *,
    task: Task,
    out_file: Annotated[Path, typer.Option("--out", help="CSV file to write.")],
    count: Annotated[int, typer.Option(min=1, help="Outputs to draw.")] = 60,
    runs: Runs = RUNS,
) -> None:
    """Write the outputs that people are to label, drawn at random: nobody chooses them, whoever judges."""
    from audit.pipeline.judged import outputs  # noqa: PLC0415 - torch takes seconds to import

    refuse_evidence(out_file, "--out")
    folder = RunFolder.resolve(run, runs)
    found = outputs.to_label(outputs.JudgedTask(folder, outputs.suite_of(folder, task), task), count)
    write_output(out_file, _csv(found, folder.run_id).encode("utf-8", "backslashreplace"))
    if not verbosity.chosen.quiet:
        print_line(f"{len(found):,} outputs to label: {out_file}")


def _show(metrics: Sequence[Metric]) -> None:
    """All metrics with their intervals, or why they have no value."""
    table = Table("metric", Column("value", justify="right"), "95 % interval", Column("n", justify="right"), box=None)
    for metric in metrics:
        shown = figures(metric)
        why = metric.error if metric.value is None else metric.no_interval
        ends = f"none: {printable(why)}" if why else shown.interval
        table.add_row(metric.name, shown.value, ends, f"{metric.n:,}")
    out.print(table, markup=False)


def _csv(samples: list[Sample], run_id: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(
        (one.sample_id, "", plain_text(one.prompt), plain_text(one.output or ""), run_id) for one in samples
    )
    return text.getvalue()


def _task(rubric: Rubric, arguments: OutputsArguments) -> JudgedTask:
    """What is judged.

    Raises:
        UsageError: The run has no such task, or the rubric and ``--against`` do not go together.
        EvidenceInvalid: A run contradicts itself.
    """
    from audit.core.errors import UsageError  # noqa: PLC0415 - see above
    from audit.gate import evidence  # noqa: PLC0415 - see above
    from audit.pipeline.judged.outputs import JudgedTask, suite_of  # noqa: PLC0415 - see above

    if rubric.pairs != (arguments.against is not None):
        need = "compares answers of two runs: name the other one with --against" if rubric.pairs else "is a scale"
        msg = f"{rubric.name} {need}{'' if rubric.pairs else ': leave --against out'}"
        raise UsageError(msg)
    folders = [RunFolder.resolve(name, arguments.runs) for name in (arguments.run, arguments.against) if name]
    for folder in folders:
        evidence.check(folder)
    other = folders[1] if arguments.against else None
    if other and other.path.resolve() == folders[0].path.resolve():
        msg = f"--against {other.path}: the run itself, whose answers are all the same: name another run"
        raise UsageError(msg)
    return JudgedTask(folders[0], suite_of(folders[0], arguments.task), arguments.task, other)


def _given(rubric: Rubric, arguments: OutputsArguments) -> tuple[JudgedTask, WithLabels | None]:
    """What is judged, and people's labels of it."""
    task = _task(rubric, arguments)
    return task, _labels(rubric, arguments, task)


def _labels(rubric: Rubric, arguments: OutputsArguments, task: JudgedTask) -> WithLabels | None:
    from audit.pipeline.judged.labels import labels_of_outputs  # noqa: PLC0415 - see above
    from audit.pipeline.judged.outputs import WithLabels  # noqa: PLC0415 - see above

    if arguments.labels is None:
        return None
    outputs = {sample.sample_id: sample.output for sample, _ in task.samples()}
    numbers = labels_of_outputs(rubric, arguments.labels, arguments.label_column, outputs)
    return WithLabels(arguments.labels.name, numbers)


def _write_replies(done: JudgedRun, file: Path) -> None:
    """What the judge wrote about each output, in the order of replies, without personal data: it may quote the output.

    A reply that cannot be searched for such data is null.
    """
    from audit.safety.privacy.redaction import without_personal_data  # noqa: PLC0415 - its detectors take time to import

    lines = [
        json.dumps(
            {
                "sample_id": name,
                "number": verdict.number,
                "replies": without_personal_data(verdict.replies, name),
            }
        )
        + "\n"
        for name, verdict in done.verdicts
    ]
    write_output(file, "".join(lines).encode())
