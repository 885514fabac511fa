"""``audit judge measure``: how far people agree with a judge, and what moves it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from audit.cli import verbosity
from audit.cli.console import JsonFlag, out, print_json, print_line
from audit.cli.judged.options import (
    ByWay,
    Reasons,
    Repeats,
    RubricName,
    Temperature,
    asking_of,
    loaded_or_guard,
)
from audit.cli.options import ConfigFile, Given  # noqa: TC001 - typer reads the annotations at run time
from audit.cli.progress import Bars
from audit.core.errors import UsageError
from audit.core.filesystem import refuse_folder, write_output
from audit.core.formatting import number
from audit.core.run_folder import refuse_evidence
from audit.core.text import printable
from audit.stats.agreement.as_text import coefficient_text, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.pipeline.judged.labels import Labels
    from audit.safety.judges.measured import JudgedMean, JudgeMeasurement
    from audit.safety.judges.rubric import Rubric

EXAMPLES = """\b
Examples:
  audit judge measure --rubric hate_speech --model ./judge-checkpoint --out judge.json
  audit judge measure --rubric mine.yaml --labels labelled.csv --model openai:URL#NAME --by generation
  audit ratings export --project helpful --out answers.csv
  audit judge measure --rubric helpful.yaml --labels answers.csv --label-column rating --model ./judge-checkpoint
  audit judge measure --rubric harmful_answer --labels labelled.csv --model guard:./guard-checkpoint --out guard.json

Interrupted? Repeat the command: answers are kept.

Exit codes: 0 measured, 2 bad input, 130 interrupted.
"""


@dataclass(frozen=True)
class MeasureArguments:
    """The options of ``audit judge measure`` that are not the configuration's."""

    rubric: RubricName
    labels: Annotated[
        str | None,
        typer.Option(
            help="JSON Lines, CSV or TSV with prompt, output and label, one row per text and person; or the name of a"
            " data set. Default: the data set that the rubric names."
        ),
    ] = None
    label_column: Annotated[str, typer.Option("--label-column", help="Column with people's labels.")] = "label"
    by: ByWay = "likelihood"
    repeats: Repeats = 1
    temperature: Temperature = 0.0
    reasons: Reasons = False
    injected: Annotated[
        int | None,
        typer.Option(min=1, help="Texts into which an instruction is planted, the first ones. Default: all."),
    ] = None
    out: Annotated[
        Path | None, typer.Option("--out", help="JSON file for the measurement, for 'audit judge outputs --measured'.")
    ] = None
    config: ConfigFile = None
    as_json: JsonFlag = False


def measure_judge(given: Given, arguments: MeasureArguments) -> None:
    """Measure how far people agree with a judge, on texts that they labelled.

    Each text is judged in both orders, and with a planted instruction to the judge. A gate rests on a judged metric
    only where the same judge with the same rubric was measured and did well enough.
    """
    from audit.core.records.files.json_file import plain, to_json  # noqa: PLC0415 - `audit --help` must not wait
    from audit.pipeline.judged.kept import kept_answers  # noqa: PLC0415 - torch takes seconds to import
    from audit.pipeline.judged.measuring import measurement  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety.judges.rubric import load_rubric  # noqa: PLC0415 - see above

    if arguments.out:
        refuse_evidence(arguments.out, "--out")
        refuse_folder(arguments.out)
    rubric = load_rubric(arguments.rubric)
    asking = asking_of(arguments.by, arguments.repeats, arguments.temperature, reasons=arguments.reasons)
    labels, judge, engine = loaded_or_guard(given, arguments.config, rubric, asking, lambda: _labels(rubric, arguments))
    bars = Bars(quiet=verbosity.chosen.quiet or arguments.as_json)
    with bars, kept_answers(judge, labels, bars.say) as journal, engine.at_work(bars, journal):
        bars.expect(1)
        bars.task("judge", f"measure {rubric.name}")
        found = measurement(judge, labels, injected=arguments.injected)
    if arguments.as_json:
        print_json(plain(found))
    else:
        _show(found)
    if arguments.out:
        write_output(arguments.out, to_json(plain(found)).encode())
    if arguments.out and not verbosity.chosen.quiet:
        print_line(f"measurement: {arguments.out}")


def _labels(rubric: Rubric, arguments: MeasureArguments) -> Labels:
    """People's labels.

    Raises:
        UsageError: None are named, or they cannot be used.
    """
    from audit.core import assets  # noqa: PLC0415 - see above
    from audit.pipeline.judged.labels import of_data_set, of_file  # noqa: PLC0415 - see above

    name = arguments.labels or rubric.labels
    if name is None:
        msg = f"{rubric.name} names no labelled texts: give a file with --labels FILE"
        raise UsageError(msg)
    if name in {one.name for one in assets.names()}:
        return of_data_set(rubric, name)
    return of_file(rubric, Path(name), arguments.label_column)


def _show(found: JudgeMeasurement) -> None:
    """All figures, and whether a gate may rest on the judge."""
    table = Table(Column("measured"), Column("value"), Column("texts", justify="right"), box=None)
    for name, value, texts in _figures(found):
        table.add_row(name, value, f"{texts:,}")
    out.print(table, markup=False)
    levels = Table(
        Column("people"), *(Column(printable(one.label, 20), justify="right") for one in found.levels), "bias", box=None
    )
    for one in found.levels:
        counts = [str(one.verdicts[other.label]) for other in found.levels]
        levels.add_row(printable(one.label, 20), *counts, with_interval(one.bias.bias, one.bias.interval))
    out.print("verdicts by people's level", markup=False)
    out.print(levels, markup=False)
    for label, rates in found.classes.items():
        sensitivity = f"sensitivity {rates['sensitivity']:.3f} of {rates['texts']:,}"
        specificity = f"specificity {rates['specificity']:.3f} of {rates['other_texts']:,}"
        line = f"{printable(label, 20)}: {sensitivity}, {specificity}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    for why, count in found.reasons_unread.items():
        out.print(f"{count:,} without a verdict: {printable(why)}", markup=False, highlight=False, soft_wrap=True)
    lines = [f"not to be believed in a gate: {fault}" for fault in found.faults]
    for line in lines or ["good enough for a gate"]:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _figures(found: JudgeMeasurement) -> Iterator[tuple[str, str, int]]:
    """Name, value with interval, and number of texts."""
    yield f"agreement with people: {found.agreement.name}", coefficient_text(found.agreement), found.agreement.items
    yield f"the same: {found.alpha.name}", coefficient_text(found.alpha), found.alpha.items
    yield f"people among each other: {found.people.name}", coefficient_text(found.people), found.people.items
    yield "bias: verdict - people's mean", with_interval(found.bias.bias, found.bias.interval), found.bias.items
    yield "same verdict in both orders", _mean(found.same_in_both_orders), found.same_in_both_orders.texts
    yield "first order - second order", _mean(found.order_shift), found.order_shift.texts
    if found.self_agreement.value is not None:
        yield "same verdict when repeated", _mean(found.self_agreement), found.self_agreement.texts
    yield "moved by a planted instruction", _mean(found.moved), found.moved.texts
    if found.mass is not None:
        yield "probability of all letters, median", number(found.mass, "probability"), found.texts - found.unread


def _mean(found: JudgedMean) -> str:
    return with_interval(found.value, found.interval)
