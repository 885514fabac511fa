"""Attributions in a terminal: coloured prompt, waterfall, matrix, methods side by side, verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from audit.core.formatting import counted, number, signed
from audit.core.text import printable
from audit.reports.attribution.agreement import correlation_text, mean_agreement, rank_agreement
from audit.reports.attribution.counterfactuals import sentences
from audit.reports.attribution.grid import cell_label
from audit.reports.attribution.grids import continuation_name, looking_heads_grid
from audit.reports.attribution.heatmap import feature_labels, stretches
from audit.reports.attribution.measures import MEANING, in_short
from audit.reports.attribution.waterfall import bounds, steps
from audit.reports.drawing.charts import INK
from audit.reports.drawing.colours import AGAINST, FOR, LIGHT, largest, shade

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from audit.core.records import Attribution
    from audit.reports.attribution.waterfall import Step

BAR_WIDTH = 40
BAR_COLOURS = {"for": FOR, "against": AGAINST, "gap": "grey50"}
LABEL = 14
WRITTEN, BLOCK = 7, 2
"""Widths of a matrix cell: with its value, and as colour alone."""
MATRIX_ROWS = 48
COMPARED = 16
"""Features in the table of methods."""
LISTED_HEADS = 3
VERDICT_STYLES = {"believable": "bold green", "weak": "bold yellow", "do not believe": "bold red"}


def show(console: Console, attributions: Sequence[Attribution]) -> None:
    """Print attributions of one prompt, and how far their methods agree where there are several."""
    for attribution in attributions:
        show_one(console, attribution)
    if len(attributions) > 1:
        console.print(comparison(attributions))
        console.print(agreement(attributions))


def show_one(console: Console, attribution: Attribution) -> None:
    """Print an attribution: heat map, waterfall, matrix, heads, faithfulness, verdict."""
    target = printable(attribution.target, 200)
    target += f"  rather than  {printable(attribution.against, 200)}" if attribution.against else ""
    console.print(Text(f"{printable(attribution.method, 60)} · {attribution.level} · target: {target}", style="bold"))
    console.print(heat_map(attribution))
    console.print(legend(attribution))
    console.print(waterfall(attribution))
    for view in (matrix(attribution, console.width), heads(attribution)):
        if view is not None:
            console.print(view)
    console.print(verdict(attribution))
    for sentence in sentences(attribution):
        console.print(Text(sentence, style="bold"))
    console.print("")


def heat_map(attribution: Attribution) -> Text:
    """The prompt with a background colour per feature; control characters are shown escaped."""
    shown, strongest = Text(), largest(attribution.values)
    for one in stretches(attribution):
        style = "dim" if one.feature is None else _style(attribution.values[one.feature], strongest)
        shown.append(_lines(one.text), style=style)
    return shown


def legend(attribution: Attribution) -> Text:
    """What the colours stand for."""
    shown = Text()
    sides = ((-1.0, " against "), (0.0, " 0 "), (1.0, " for ")) if attribution.unit == "nats" else ((1.0, " weight "),)
    for value, label in sides:
        shown.append(label, style=_style(value, 1.0))
    end = largest(attribution.values)
    shown.append(f"  full colour = {end:.3g} {attribution.unit}", style="dim")
    return shown


def waterfall(attribution: Attribution) -> Table:
    """The moves from the masked prompt to the whole one as bars, strongest first; intervals where there are any."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(attribution.unit, justify="right")
    if attribution.intervals is not None:
        table.add_column("95 % interval", style="dim", no_wrap=True)
    table.add_column("feature", max_width=40, no_wrap=True)
    table.add_column("")
    found = steps(attribution)
    low, high = bounds(found)
    for step in found:
        label = Text(step.label, style="dim" if step.kind in {"gap", "end"} else "")
        between = [step.interval] if attribution.intervals else []
        table.add_row(step.text, *between, label, _bar(step, low, high))
    return table


def matrix(attribution: Attribution, width: int) -> Table | Text | None:
    """Rows are output tokens, columns features; None for one token alone or a method without values per token.

    Args:
        attribution: Any.
        width: Columns of the terminal. Values are written where they fit, else colours alone are shown; where
            not even they fit a line says so.
    """
    if attribution.matrix is None or len(attribution.output_tokens) < 2:
        return None
    features, rows = len(attribution.features), len(attribution.output_tokens)
    cell = next((size for size in (WRITTEN, BLOCK) if LABEL + 1 + size * features <= width), None)
    if cell is None or rows > MATRIX_ROWS:
        message = f"matrix of {rows} output tokens × {features} features: too large for a terminal, use --out FILE.html"
        return Text(message, style="dim")
    return _matrix(attribution, cell)


def heads(attribution: Attribution) -> Text | None:
    """The heads that look most at a feature other than the first; None where the method has no heads."""
    grid = looking_heads_grid(attribution)
    if grid is None:
        return None
    looking = []
    for row in grid.blocks[0].rows[:LISTED_HEADS]:
        shares = [share or 0.0 for share in row.values]
        feature = max(range(1, len(shares)), key=shares.__getitem__)
        looking.append(f"{row.label} → {cell_label(grid.columns[feature])} {shares[feature]:.2f}")
    return Text(f"heads that attend most to other features than the first: {'; '.join(looking)}", style="dim")


def verdict(attribution: Attribution) -> Text:
    """The verdict with its reason and meaning, what decided it in numbers, and what the attribution cost."""
    style = VERDICT_STYLES[attribution.verdict]
    shown = Text(printable(attribution.note or attribution.verdict), style=style)
    shown.append(f"\n{MEANING[attribution.verdict]}", style="default not bold")
    figures = in_short(attribution)
    if figures:
        shown.append(f"\nmeasured: {figures} (docs/reference/explain.md)", style="default not bold")
    shown.append(
        f"\nlog P(target) {number(attribution.target_log_prob, 'nats')} nats · "
        f"{counted(attribution.evaluations, 'evaluation')} · {attribution.seconds:.1f} s",
        style="dim not bold",
    )
    return shown


def comparison(attributions: Sequence[Attribution]) -> Table:
    """Methods side by side: a column per method, a row per feature, each method on its own colour scale.

    The features are those of the first method; a method that cut the prompt otherwise shows dashes. Of many features
    those that any method ranks highest are shown, in the order of the prompt.
    """
    first = attributions[0]
    places = [(feature.start, feature.end) for feature in first.features]
    columns = [
        dict(zip(((f.start, f.end) for f in other.features), other.values, strict=True)) for other in attributions
    ]
    ends = [largest(other.values) for other in attributions]
    weight = {
        place: max((abs(c.get(place, 0.0)) / end if end else 0.0) for c, end in zip(columns, ends, strict=True))
        for place in places
    }
    kept = sorted(sorted(places, key=lambda place: -weight[place])[:COMPARED])
    table = Table(Column("feature", max_width=40, no_wrap=True), box=None, padding=(0, 2, 0, 0))
    for other in attributions:
        table.add_column(printable(other.method, 24), justify="right")
    labels = dict(zip(places, feature_labels(first), strict=True))
    for place in kept:
        cells = [_value(c.get(place), end) for c, end in zip(columns, ends, strict=True)]
        table.add_row(Text(labels[place]), *cells)
    if len(kept) < len(places):
        table.caption = f"the {len(kept)} of {len(places)} features that any method ranks highest"
    return table


def agreement(attributions: Sequence[Attribution]) -> Group:
    """Spearman's correlation of each method's values with each other's."""
    mean = mean_agreement(attributions)
    title = "rank agreement (Spearman)" + (f", mean {correlation_text(mean)}" if mean is not None else "")
    table = Table("", box=None, padding=(0, 2, 0, 0))
    for other in attributions:
        table.add_column(printable(other.method, 24), justify="right")
    for one, row in zip(attributions, rank_agreement(attributions), strict=True):
        cells = [Text(correlation_text(value), style=_style(value or 0.0, 1.0)) for value in row]
        table.add_row(Text(printable(one.method, 24)), *cells)
    return Group(Text(title, style="bold"), table)


def _matrix(attribution: Attribution, cell: int) -> Table:
    """The matrix with cells of one width, values written where it is wide enough."""
    values = attribution.matrix or []
    strongest = largest(value for row in values for value in row)
    table = Table(box=None, padding=0, show_header=cell == WRITTEN, pad_edge=False)
    table.add_column("", width=LABEL + 1, no_wrap=True)
    for name in feature_labels(attribution):
        table.add_column(Text(cell_label(name, cell - 1)), width=cell, no_wrap=True)
    shown = -1
    for token, row in zip(attribution.output_tokens, values, strict=True):
        if token.continuation != shown and attribution.alternatives:
            table.add_row(Text(cell_label(continuation_name(attribution, token.continuation), LABEL), style="dim"))
        shown = token.continuation
        cells = [Text(_written(value, cell).center(cell), style=_style(value, strongest)) for value in row]
        table.add_row(Text(cell_label(token.text, LABEL)), *cells)
    return table


def _written(value: float, cell: int) -> str:
    return f"{value:+.2f}".replace("-", "−") if cell == WRITTEN and abs(value) >= 0.005 else ""


def _bar(step: Step, low: float, high: float) -> Text:
    """A bar between two ends on an axis of ``BAR_WIDTH`` letters; a level is a thin line."""
    per_letter = (high - low) / BAR_WIDTH
    first, last = sorted(round((end - low) / per_letter) for end in (step.start, step.end))
    before = " " * min(first, BAR_WIDTH - 1)
    if step.kind == "end":
        return Text(f"{before}│", style="dim")
    return Text(before).append("█" * max(1, last - first), style=BAR_COLOURS[step.kind])


def _value(value: float | None, strongest: float) -> Text:
    return (
        Text("–", style="dim") if value is None else Text(f" {signed(value, 'nats')} ", style=_style(value, strongest))
    )


def _style(value: float, strongest: float) -> str:
    """Ink on the shade of a value; nothing for zero."""
    name = shade(value, strongest)
    return f"{INK} on {LIGHT[name]}" if name else ""


def _lines(text: str) -> str:
    """Escaped text that keeps its line breaks."""
    return printable(text).replace("⏎", "⏎\n")
