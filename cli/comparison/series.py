"""What ``audit compare`` prints of three or more runs: the runs, every metric with letters and changes, the trends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Column
from rich.text import Text

from audit.cli.comparison.csv_files import NO_CHANGE, NO_TREND
from audit.cli.comparison.two import OUTCOME, STYLES
from audit.cli.console import err, out
from audit.cli.results_table import TitledTable
from audit.core.formatting import DIRECTION_KEY, estimate, interval, metric_label, number, signed, unit_text
from audit.core.text import printable
from audit.reports.comparison.mismatch_text import by_reason, short
from audit.reports.comparison.series_text import axis_title, p_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.records import SeriesComparison, SeriesMetric

LETTERS_KEY = "runs that share a letter are not shown to differ (all pairs of a metric, Holm); the best has an a"


def show(found: SeriesComparison, titles: Mapping[str, str]) -> None:
    """Print the runs, what else differs, the metrics, and what could not be compared.

    Args:
        found: Three or more runs.
        titles: From :func:`audit.reports.comparison.titles.titles`.
    """
    for place, run in enumerate(found.runs, 1):
        precision = ", ".join(part for part in (run.dtype, run.quantization) if part)
        where = "" if found.axis == "order" else f"  {axis_title(found)} {run.at_text}"
        line = f"{place:>2} {run.label}{where}  {run.run_id} ({precision})"
        out.print(Text(printable(line, 300)), soft_wrap=True)
    _show_mismatches(found)
    compared = [one for one in found.metrics if one.error is None]
    if compared:
        out.print(_values(compared, found, titles).fitted(out))
        out.print(_trends(compared, found, titles).fitted(out))
    for one in compared:
        for what, why in (("left out", one.missing), ("no letters", one.no_letters), ("no trend", one.no_trend)):
            if why:
                line = f"{what}: {metric_label(one)}: {printable(why, 600)}"
                out.print(Text(line, style="yellow"), soft_wrap=True)
    for reason, names in by_reason(found.metrics).items():
        line = f"not compared: {printable(', '.join(names), 600)}: {printable(reason, 1200)}"
        out.print(Text(line, style="yellow"), soft_wrap=True)
    for name, places in found.not_in_all.items():
        having = ", ".join(found.runs[place].label for place in places)
        out.print(Text(f"only in {printable(having, 600)}: {printable(name, 200)}"), soft_wrap=True)
    if not found.metrics:
        err.print("the runs have no metric in common: nothing was compared", style="yellow")


def _show_mismatches(found: SeriesComparison) -> None:
    for one in found.mismatches:
        where = f"{one.metric or one.task}: " if one.task else ""
        pairs = ", ".join(f"{first + 1} and {second + 1}" for first, second in one.pairs)
        sides = " | ".join(map(short, one.values)) if one.values else f"runs {pairs}"
        line = f"differs: {where}{one.words}: {sides}"
        style = "dim" if one.kind in ("package", "run") else "yellow"
        out.print(Text(printable(line, 600), style=style), soft_wrap=True)


def _values(compared: list[SeriesMetric], found: SeriesComparison, titles: Mapping[str, str]) -> TitledTable:
    """One line per metric and run."""
    table = TitledTable(
        [
            Column("run", overflow="fold"),
            Column("value", justify="right", no_wrap=True),
            Column(f"{100 * found.confidence:g} % interval", no_wrap=True),
            Column("letters", no_wrap=True),
            Column("change", justify="right", no_wrap=True),
            Column("interval", no_wrap=True),
            Column("adjusted p", no_wrap=True),
            Column("outcome", min_width=OUTCOME),
        ],
        caption=f"{DIRECTION_KEY}; {LETTERS_KEY}",
    )
    for one in compared:
        steps = {step.to: step for step in one.steps}
        for place, (run, value) in enumerate(zip(found.runs, one.values, strict=True)):
            step = steps.get(place)
            changes = (
                ("", "", "", Text(""))
                if step is None
                else (
                    signed(step.difference, one.unit),
                    interval(step.ci_low, step.ci_high, one.unit),
                    p_text(step.p_adjusted),
                    Text(step.outcome or NO_CHANGE, style=STYLES.get(step.outcome or "", "")),
                )
            )
            numbers = estimate(value.value, value.ci_low, value.ci_high, one.unit)
            named = f"{metric_label(one)} ({unit_text(one.unit, one.higher_is_better)})"
            table.add(
                titles.get(metric_label(one), "") if place == 0 else "",
                named if place == 0 else "",
                [printable(run.label, 40), *numbers, value.letters or "—", *changes],
            )
    return table


def _trends(compared: list[SeriesMetric], found: SeriesComparison, titles: Mapping[str, str]) -> TitledTable:
    """One line per metric: the line through all runs."""
    title = "in the order given" if found.axis == "order" else f"by {axis_title(found)}"
    table = TitledTable(
        [
            Column("change", justify="right", no_wrap=True),
            Column(f"{100 * found.confidence:g} % interval", no_wrap=True),
            Column("adjusted p", no_wrap=True),
            Column("n", justify="right", no_wrap=True),
            Column("outcome", min_width=OUTCOME),
        ],
        title=f"trend {title}: change along the least-squares line",
    )
    for one in compared:
        line = one.trend
        table.add(
            titles.get(metric_label(one), ""),
            metric_label(one),
            [
                number(None) if line is None else signed(line.change, one.unit),
                interval(None, None) if line is None else interval(line.ci_low, line.ci_high, one.unit),
                p_text(line.p_adjusted if line else None),
                f"{one.n:,}",
                Text((line and line.outcome) or NO_TREND, style=STYLES.get((line and line.outcome) or "", "")),
            ],
        )
    return table
