"""``audit compare``: how a candidate differs from a baseline, item by item."""

from __future__ import annotations

import csv
import io
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.table import Table
from rich.text import Text

from audit.cli.console import JsonFlag, err, out, print_json, print_line
from audit.cli.options import RUNS, Runs
from audit.core.filesystem import write_output
from audit.core.formatting import DIRECTION_KEY, interval, metric_label, number, signed, slice_text, unit_text
from audit.core.records.comparison import MIN_ALIGNED, MismatchKind
from audit.core.run_folder import RunFolder, refuse_evidence
from audit.core.sensitive import is_hidden
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Comparison, MetricDifference

EXAMPLES = """\b
Examples:
  audit compare runs/BASELINE latest                 primary metrics, with intervals of the differences
  audit compare BASELINE CANDIDATE --tasks boolq --items 5
  audit compare BASELINE CANDIDATE --all --csv differences.csv
  audit compare BASELINE CANDIDATE --across chat_template --across prompts
"""
STYLES = {"better": "green", "worse": "bold red", "higher": "cyan", "lower": "cyan", "too few items to tell": "yellow"}
TEXT = 300
"""Characters of an answer that are shown."""
HIDDEN = "(hidden, since it may offend: `audit app` shows it)"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("compare", epilog=EXAMPLES)(compare)


def compare(  # noqa: PLR0913 - one parameter per option
    baseline: Annotated[
        str, typer.Argument(metavar="BASELINE", help="Run to compare with: folder, run id or 'latest'; or a log.")
    ],
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="Run or log that is judged.")],
    *,
    tasks: Annotated[str | None, typer.Option(help="Only these tasks, separated by commas.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All metrics and slices, not the primary ones only.")
    ] = False,
    across: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help=f"Compare although the runs differ in this: {', '.join(get_args(MismatchKind))}. May be repeated.",
        ),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(min=0, help="Difference that matters. Default: 5 % of the range of each unit.")
    ] = None,
    min_aligned: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the items of either run that both must have scored.")
    ] = MIN_ALIGNED,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.9999, help="Coverage of the intervals.")] = 0.95,
    items: Annotated[
        int, typer.Option(min=0, metavar="N", help="Also show the N items of each task that changed for the worst.")
    ] = 0,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Also write the differences to this CSV file.")] = None,
    runs: Runs = RUNS,
    as_json: JsonFlag = False,
) -> int:
    """Compare two runs, item by item, and say what else differs between them.

    A metric is compared where prompts, data, settings and the rest are the same in both runs; what differs is named.
    """
    from audit.gate.comparison.compare import compare as compared  # noqa: PLC0415 - SciPy takes a second to import
    from audit.gate.importers.opening.named_run import open_run  # noqa: PLC0415 - see above

    if csv_file is not None:
        refuse_evidence(csv_file, "--csv")
    folders = open_run(baseline, runs, print_line), open_run(candidate, runs, print_line)
    found = compared(
        *folders,
        tasks=[name.strip() for name in tasks.split(",") if name.strip()] if tasks else (),
        across=[kind.replace("-", "_") for kind in across or []],
        everything=everything,
        margin=margin,
        min_aligned=min_aligned,
        confidence=confidence,
    )
    if csv_file is not None:
        write_output(csv_file, _csv(found.differences).encode())
    if as_json:
        print_json(found)
        return 0
    _show(found)
    if items:
        _show_items(*folders, found, items)
    return 0


def _csv(differences: Sequence[MetricDifference]) -> str:
    """One line per metric, with the fields of the record."""
    file = io.StringIO()
    rows = [one.model_dump(mode="json") for one in differences]
    writer = csv.DictWriter(file, list(type(differences[0]).model_fields) if differences else ["name"])
    writer.writeheader()
    writer.writerows({**row, "slice": slice_text(row["slice"])} for row in rows)
    return file.getvalue()


def _show(found: Comparison) -> None:
    """What differs apart from the weights, how the items pair up, the differences, what could not be compared."""
    for name, run in (("baseline", found.baseline), ("candidate", found.candidate)):
        precision = ", ".join(part for part in (run.dtype, run.quantization) if part)
        out.print(Text(printable(f"{name:<9}  {run.run_id} ({precision})", 300)), soft_wrap=True)
    known = not (found.baseline.by_name or found.candidate.by_name)
    if known and found.baseline.model_digest == found.candidate.model_digest:
        out.print(Text("both are runs of the same checkpoint"))
    _show_mismatches(found)
    compared = [one for one in found.differences if one.error is None]
    if compared:
        out.print(_table(compared, found.confidence))
    for one in found.differences:
        if one.error is None and one.missing is not None:
            out.print(Text(f"left out: {metric_label(one)}: {printable(one.missing)}", style="yellow"), soft_wrap=True)
    for reason, names in _by_reason(found.differences).items():
        line = f"not compared: {printable(', '.join(names), 600)}: {printable(reason, 600)}"
        out.print(Text(line, style="yellow"), soft_wrap=True)
    for side, names in (("baseline", found.only_baseline), ("candidate", found.only_candidate)):
        if names:
            out.print(Text(f"only in the {side}: {printable(', '.join(names), 600)}"), soft_wrap=True)
    if not found.differences:
        err.print("the runs have no metric in common: nothing was compared", style="yellow")


def _by_reason(differences: Sequence[MetricDifference]) -> dict[str, list[str]]:
    """Metrics that could not be compared, by the reason."""
    found: dict[str, list[str]] = {}
    for one in differences:
        if one.error is not None:
            found.setdefault(one.error, []).append(metric_label(one))
    return found


def _show_mismatches(found: Comparison) -> None:
    for one in found.mismatches:
        where = f"{one.metric or one.task}: " if one.task else ""
        sides = "" if one.kind == "prompts" else f": {_short(one.baseline)}, now {_short(one.candidate)}"
        line = f"differs: {where}{one.kind.replace('_', ' ')} {one.what}{sides}"
        out.print(
            Text(printable(line, 400), style="dim" if one.kind in ("package", "run") else "yellow"), soft_wrap=True
        )


def _short(value: object) -> str:
    """A setting as shown: digests by their beginning."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(inner)}" for name, inner in value.items()) or "none"
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 and set(text) <= set("0123456789abcdef") else text[:80]


def _table(differences: Sequence[MetricDifference], confidence: float) -> Table:
    table = Table(caption=DIRECTION_KEY, caption_justify="left")
    table.add_column("metric", overflow="fold")
    for title in ("baseline", "candidate", "difference"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(f"{100 * confidence:g} % interval", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("higher/lower", justify="right", no_wrap=True)
    table.add_column("outcome")
    for one in differences:
        table.add_row(
            Text(metric_label(one)),
            number(one.baseline, one.unit),
            number(one.candidate, one.unit),
            "—" if one.difference is None else signed(one.difference, one.unit),
            interval(one.ci_low, one.ci_high, one.unit),
            Text(unit_text(one.unit, one.higher_is_better)),
            f"{one.n:,}",
            "—" if one.higher is None else f"{one.higher:,}/{one.lower:,}",
            Text(_outcome(one), style=STYLES.get(one.outcome or "", "")),
        )
    return table


def _outcome(one: MetricDifference) -> str:
    """The words, and how many items, or what, would tell."""
    if one.outcome == "no margin for this unit":
        return f"{one.outcome}: give --margin"
    if one.outcome == "too few items to tell" and one.needed is not None and one.needed > one.n:
        return f"{one.outcome} ({one.needed:,} would)"
    return one.outcome or ""


def _show_items(baseline: RunFolder, candidate: RunFolder, found: Comparison, most: int) -> None:
    """The items that changed for the worst, task by task."""
    from audit.gate.comparison.changed import changed_items  # noqa: PLC0415 - only where asked for

    there = {*baseline.tasks()} & {*candidate.tasks()}  # a group of tasks has no samples
    compared = {
        (one.suite, one.task): one
        for one in reversed(found.differences)
        if one.error is None and one.primary and (one.suite, one.task) in there
    }
    for (suite, task), one in reversed(compared.items()):
        samples = [run.read_samples(suite, task) for run in (baseline, candidate)]
        changed = changed_items(*samples, higher_is_better=one.higher_is_better)
        for item in changed[:most]:
            title = f"{task} {item.sample_id}: score {item.baseline.score:g}, now {item.candidate.score:g}"
            out.print(Text(printable(title, 200), style="bold"), soft_wrap=True)
            for name, sample in (("baseline", item.baseline), ("candidate", item.candidate)):
                text = HIDDEN if is_hidden(sample) else printable(" ".join((sample.output or "—").split()), TEXT)
                out.print(Text(f"  {name:<10} {text}"), soft_wrap=True)
