"""What ``audit compare`` prints of three or more runs: the runs, every metric with letters and changes, the trends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from audit.cli.comparison.csv_files import NO_CHANGE, NO_TREND
from audit.cli.comparison.two import STYLES
from audit.cli.console import err, out
from audit.core.formatting import DIRECTION_KEY, estimate, interval, metric_label, number, signed, unit_text
from audit.core.text import printable
from audit.reports.comparison.mismatch_text import by_reason, short
from audit.reports.comparison.series_text import axis_title, p_text

if TYPE_CHECKING:
    from audit.core.records import SeriesComparison, SeriesMetric

LETTERS_KEY = "runs that share a letter are not shown to differ (all pairs of a metric, Holm); the best has an a"


def show(found: SeriesComparison) -> None:
    """Print the runs, what else differs, the metrics, and what could not be compared.

    Args:
        found: Three or more runs.
    """
    for place, run in enumerate(found.runs, 1):
        precision = ", ".join(part for part in (run.dtype, run.quantization) if part)
        where = "" if found.axis == "order" else f"  {axis_title(found)} {run.at_text}"
        line = f"{place:>2} {run.label}{where}  {run.run_id} ({precision})"
        out.print(Text(printable(line, 300)), soft_wrap=True)
    _show_mismatches(found)
    compared = [one for one in found.metrics if one.error is None]
    if compared:
        out.print(_values(compared, found))
        out.print(_trends(compared, found))
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


def _values(compared: list[SeriesMetric], found: SeriesComparison) -> Table:
    """One line per metric and run."""
    table = Table(caption=f"{DIRECTION_KEY}; {LETTERS_KEY}", caption_justify="left")
    table.add_column("metric", overflow="fold")
    table.add_column("run", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    for title in (f"{100 * found.confidence:g} % interval", "letters"):
        table.add_column(title, no_wrap=True)
    table.add_column("change", justify="right", no_wrap=True)
    for title in ("interval", "adjusted p"):
        table.add_column(title, no_wrap=True)
    table.add_column("outcome")
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
            table.add_row(
                Text(f"{metric_label(one)} ({unit_text(one.unit, one.higher_is_better)})" if place == 0 else ""),
                Text(printable(run.label, 40)),
                *estimate(value.value, value.ci_low, value.ci_high, one.unit),
                value.letters or "—",
                *changes,
                end_section=place == len(found.runs) - 1,
            )
    return table


def _trends(compared: list[SeriesMetric], found: SeriesComparison) -> Table:
    """One line per metric: the line through all runs."""
    title = "in the order given" if found.axis == "order" else f"by {axis_title(found)}"
    table = Table(title=f"trend {title}: change along the least-squares line", title_justify="left", title_style="")
    table.add_column("metric", overflow="fold")
    table.add_column("change", justify="right", no_wrap=True)
    for column in (f"{100 * found.confidence:g} % interval", "adjusted p"):
        table.add_column(column, no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("outcome")
    for one in compared:
        line = one.trend
        table.add_row(
            Text(metric_label(one)),
            number(None) if line is None else signed(line.change, one.unit),
            interval(None, None) if line is None else interval(line.ci_low, line.ci_high, one.unit),
            p_text(line.p_adjusted if line else None),
            f"{one.n:,}",
            Text((line and line.outcome) or NO_TREND, style=STYLES.get((line and line.outcome) or "", "")),
        )
    return table
