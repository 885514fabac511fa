"""What ``audit compare`` prints of two runs: the differences, what else differs, and changed items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Column
from rich.text import Text

from audit.cli.console import err, out
from audit.cli.results_table import TitledTable
from audit.core.formatting import DIRECTION_KEY, interval, metric_label, number, signed, unit_text
from audit.core.sensitive import is_hidden
from audit.core.text import printable
from audit.reports.comparison.mismatch_text import by_reason, outcome_text, short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Comparison, MetricDifference, RunReference, SeriesMetric
    from audit.core.run_folder import RunFolder

STYLES = {"better": "green", "worse": "bold red", "higher": "cyan", "lower": "cyan", "too few items to tell": "yellow"}
OUTCOME = 16
"""Columns of an outcome at least."""
TEXT = 300
"""Characters of an answer that are shown."""
HIDDEN = "(hidden, since it may offend: `audit app` shows it)"


def show(found: Comparison, titles: Mapping[str, str]) -> None:
    """Print what differs apart from the weights, how the items pair up, the differences, what could not be compared.

    Args:
        found: Two runs.
        titles: From :func:`audit.reports.comparison.titles.titles`.
    """
    _show_runs("baseline", found.baseline, found.baseline_repeats)
    _show_runs("candidate", found.candidate, found.candidate_repeats)
    known = not (found.baseline.by_name or found.candidate.by_name)
    if known and found.baseline.model_digest == found.candidate.model_digest:
        out.print(Text("both are runs of the same checkpoint"))
    _show_mismatches(found)
    compared = [one for one in found.differences if one.error is None]
    if compared:
        out.print(_table(compared, found.confidence, titles).fitted(out))
    for one in found.differences:
        if one.error is None and one.missing is not None:
            out.print(Text(f"left out: {metric_label(one)}: {printable(one.missing)}", style="yellow"), soft_wrap=True)
    for reason, names in by_reason(found.differences).items():
        line = f"not compared: {printable(', '.join(names), 600)}: {printable(reason, 600)}"
        out.print(Text(line, style="yellow"), soft_wrap=True)
    for side, names in (("baseline", found.only_baseline), ("candidate", found.only_candidate)):
        if names:
            out.print(Text(f"only in the {side}: {printable(', '.join(names), 600)}"), soft_wrap=True)
    if not found.differences:
        err.print("the runs have no metric in common: nothing was compared", style="yellow")


def _show_runs(name: str, run: RunReference, repeats: Sequence[str]) -> None:
    """A side: its run, and the others where it has several."""
    precision = ", ".join(part for part in (run.dtype, run.quantization) if part)
    out.print(Text(printable(f"{name:<9}  {run.run_id} ({precision})", 300)), soft_wrap=True)
    if repeats:
        out.print(Text(printable(f"  and {', '.join(repeats[1:])}", 600)), soft_wrap=True)


def _show_mismatches(found: Comparison) -> None:
    for one in found.mismatches:
        where = f"{one.metric or one.task}: " if one.task else ""
        sides = "" if one.kind == "prompts" else f": {short(one.baseline)}, now {short(one.candidate)}"
        line = f"differs: {where}{one.words}{sides}"
        out.print(
            Text(printable(line, 400), style="dim" if one.kind in ("package", "run") else "yellow"), soft_wrap=True
        )


def _table(differences: Sequence[MetricDifference], confidence: float, titles: Mapping[str, str]) -> TitledTable:
    table = TitledTable(
        [
            *(Column(title, justify="right", no_wrap=True) for title in ("baseline", "candidate", "difference")),
            Column(f"{100 * confidence:g} % interval", no_wrap=True),
            Column("unit", no_wrap=True),
            Column("n", justify="right", no_wrap=True),
            Column("higher/lower", justify="right", no_wrap=True),
            Column("outcome", min_width=OUTCOME),
        ],
        caption=DIRECTION_KEY,
    )
    for one in differences:
        label = metric_label(one)
        table.add(
            titles.get(label, ""),
            label,
            [
                number(one.baseline, one.unit),
                number(one.candidate, one.unit),
                "—" if one.difference is None else signed(one.difference, one.unit),
                interval(one.ci_low, one.ci_high, one.unit),
                unit_text(one.unit, one.higher_is_better),
                f"{one.n:,}",
                "—" if one.higher is None else f"{one.higher:,}/{one.lower:,}",
                Text(outcome_text(one), style=STYLES.get(one.outcome or "", "")),
            ],
        )
    return table


def show_items(
    baseline: RunFolder,
    candidate: RunFolder,
    metrics: Sequence[MetricDifference | SeriesMetric],
    most: int,
    names: tuple[str, str] = ("baseline", "candidate"),
) -> None:
    """Print the items that changed for the worst, task by task.

    Args:
        baseline: The earlier run.
        candidate: The later run.
        metrics: What was compared.
        most: Items of each task.
        names: Of the two runs.
    """
    from audit.gate.comparison.changed import changed_items  # noqa: PLC0415 - only where asked for

    there = {*baseline.tasks()} & {*candidate.tasks()}  # a group of tasks has no samples
    compared = {
        (one.suite, one.task): one
        for one in reversed(metrics)
        if one.error is None and one.primary and (one.suite, one.task) in there
    }
    for (suite, task), one in reversed(compared.items()):
        samples = [run.read_samples(suite, task) for run in (baseline, candidate)]
        changed = changed_items(*samples, higher_is_better=one.higher_is_better)
        for item in changed[:most]:
            title = f"{task} {item.sample_id}: score {item.baseline.score:g}, now {item.candidate.score:g}"
            out.print(Text(printable(title, 200), style="bold"), soft_wrap=True)
            for name, sample in zip(names, (item.baseline, item.candidate), strict=True):
                text = HIDDEN if is_hidden(sample) else printable(" ".join((sample.output or "—").split()), TEXT)
                out.print(Text(f"  {printable(name, 40):<10} {text}"), soft_wrap=True)
