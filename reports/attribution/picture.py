"""Attributions as one picture, SVG or PNG: coloured prompt, waterfall, input × output matrix, rank agreement.

The picture is put together as SVG; vl-convert draws the waterfall and turns all of it into PNG. Fonts are
the machine's own: a text is stretched or squeezed into the place that was computed for it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import vl_convert
from markupsafe import escape
from rich.cells import get_character_cell_size

from audit.core.formatting import number
from audit.core.text import printable
from audit.reports.attribution.agreement import correlation_text
from audit.reports.attribution.grid import cell_label, compact
from audit.reports.attribution.grids import agreement_grid, matrix_grid, method_grids
from audit.reports.attribution.heatmap import stretches, value_texts
from audit.reports.attribution.waterfall import steps, waterfall_svg
from audit.reports.drawing.charts import GRID, INK, MUTED
from audit.reports.drawing.colours import LIGHT, largest, shade

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Attribution
    from audit.reports.attribution.grid import Grid

WIDTH, MARGIN = 920, 24
COLUMNS = 108
"""Letters in a line of the prompt."""
LETTER, LINE, FONT = 8.0, 22, 13
MAX_LINES = 120
CUT = "… the rest of the prompt is left out"
CELL, LABEL, TOP_LABEL = 15, 150, 15
WIDE_CELL = 64
MAX_CELLS, MAX_COLUMNS = 20_000, 400
PNG_SCALE, MAX_PIXELS = 2.0, 30_000_000
MONOSPACE = "DejaVu Sans Mono, Menlo, Consolas, monospace"
SANS = "DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif"


@dataclass
class Canvas:
    """A picture that grows downwards."""

    parts: list[str]
    """Elements of the SVG."""
    y: float = MARGIN
    """Where the next thing goes."""
    width: float = WIDTH
    """So far."""

    def text(self, words: str, *, size: int = 13, colour: str = INK, bold: bool = False) -> None:
        """A line of text."""
        self.y += size + 5
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(
            f'<text x="{MARGIN}" y="{self.y - 4:g}" font-size="{size}" fill="{colour}"{weight}>{escape(words)}</text>'
        )


def svg(attributions: Sequence[Attribution]) -> str:
    """A whole SVG document on a white ground, with values on hover.

    Args:
        attributions: Of one prompt and target, one per method.
    """
    canvas = Canvas([])
    first = attributions[0]
    title = f"Why “{printable(first.target.strip(), 60)}”"
    title += f" rather than “{printable(first.against.strip(), 60)}”?" if first.against else "?"
    canvas.text(title, size=18, bold=True)
    if len(attributions) > 1:
        _compare(canvas, attributions)
    for attribution in attributions:
        _section(canvas, attribution)
    height = canvas.y + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{canvas.width:g}" height="{height:g}" '
        f'viewBox="0 0 {canvas.width:g} {height:g}" font-family="{SANS}">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(canvas.parts)}</svg>\n'
    )


def png(attributions: Sequence[Attribution]) -> bytes:
    """The same as PNG, two pixels per unit; fewer where that would be more than ``MAX_PIXELS``."""
    drawn = svg(attributions)
    width, height = (float(side) for side in re.findall(r'(?:width|height)="([\d.]+)"', drawn)[:2])
    scale = min(PNG_SCALE, math.sqrt(MAX_PIXELS / (width * height)))
    return bytes(vl_convert.svg_to_png(drawn, scale=scale))


def _section(canvas: Canvas, attribution: Attribution) -> None:
    """One method: its verdict, the coloured prompt, the waterfall, the matrix."""
    canvas.y += 14
    canvas.text(f"{printable(attribution.method, 60)}: {attribution.verdict}", size=15, bold=True)
    reached = f"log P(target) {number(attribution.target_log_prob, 'nats')} nats"
    end = number(largest(attribution.values), attribution.unit)
    canvas.text(f"{reached} · full colour: {end} {attribution.unit} · blue for, orange against", size=12, colour=MUTED)
    canvas.y += 8
    _heat_map(canvas, attribution)
    _waterfall(canvas, attribution)
    grid = matrix_grid(attribution)
    if grid is not None and len(attribution.output_tokens) > 1:
        _grid(canvas, grid, CELL)


def _compare(canvas: Canvas, attributions: Sequence[Attribution]) -> None:
    """Rank agreement, then methods by features."""
    _grid(canvas, agreement_grid(attributions), WIDE_CELL)
    for grid in method_grids(attributions):
        _grid(canvas, grid, CELL)


def _waterfall(canvas: Canvas, attribution: Attribution) -> None:
    """The chart of the pages, placed as an inner ``<svg>``."""
    chart = str(waterfall_svg(steps(attribution), attribution.unit))
    wide, high = (float(side) for side in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', chart)[0])
    place = f'<svg x="{MARGIN}" y="{canvas.y:g}" width="{wide:g}" height="{high:g}"'
    canvas.parts.append(chart.replace('<svg class="chart"', place, 1))
    canvas.y += high
    canvas.width = max(canvas.width, wide + 2 * MARGIN)


def _heat_map(canvas: Canvas, attribution: Attribution) -> None:
    """The prompt in lines of equally wide letters, each feature on its colour."""
    for number_of_line, column, cells, words, colour, title in _placed(attribution):
        x, y = MARGIN + column * LETTER, canvas.y + number_of_line * LINE
        tip = f"<title>{escape(title)}</title>" if title else ""
        ground = f'<rect x="{x:g}" y="{y:g}" width="{cells * LETTER:g}" height="{LINE - 3}" fill="{colour}"/>'
        letters = (
            f'<text x="{x:g}" y="{y + 14:g}" font-family="{MONOSPACE}" font-size="{FONT}" fill="{INK}" '
            f'xml:space="preserve" textLength="{cells * LETTER:g}" lengthAdjust="spacingAndGlyphs">'
            f"{escape(words)}</text>"
        )
        canvas.parts.append(f"<g>{tip}{ground if colour else ''}{letters if words.strip() else ''}</g>")
        last = number_of_line
    canvas.y += (last + 1) * LINE + 8


def _placed(attribution: Attribution) -> Iterator[tuple[int, int, int, str, str, str]]:
    """Line, column, width in letters, text, colour and tooltip of each run of letters."""
    line, column = 0, 0
    for text, colour, title in _runs(attribution):
        shown = printable(text).replace("⏎", "⏎\n")
        first_line = _cells(shown.partition("\n")[0].rstrip())
        if column and column + first_line > COLUMNS >= first_line:  # a text that fits a line is not split
            line, column = line + 1, 0
        for words, ends_line in _fragments(shown, column):
            cells = _cells(words)
            if words:
                yield line, column, cells, words, colour, title
            column += cells
            if ends_line:
                line, column = line + 1, 0
            if line >= MAX_LINES:
                yield line, 0, len(CUT), CUT, "", ""
                return


def _runs(attribution: Attribution) -> Iterator[tuple[str, str, str]]:
    """The prompt in order: text, colour, tooltip."""
    strongest, texts = largest(attribution.values), value_texts(attribution)
    for one in stretches(attribution):
        if one.feature is None:
            yield one.text, "", ""
        else:
            yield one.text, LIGHT.get(shade(attribution.values[one.feature], strongest), ""), texts[one.feature]


def _fragments(text: str, column: int) -> Iterator[tuple[str, bool]]:
    """The text cut at its line breaks and where a line is full; whether a line ends behind each part."""
    words = ""
    for letter in text:
        if letter == "\n":
            yield words, True
            words, column = "", 0
            continue
        if column + get_character_cell_size(letter) > COLUMNS:
            yield words, True
            words, column = "", 0
        words += letter
        column += get_character_cell_size(letter)
    if words:
        yield words, False


def _cells(text: str) -> int:
    """Columns of a terminal that a text takes: combining marks none, East Asian letters two."""
    return sum(map(get_character_cell_size, text))


def _grid(canvas: Canvas, grid: Grid, wide: int) -> None:
    """A grid of shaded cells with its labels."""
    canvas.y += 10
    canvas.text(grid.caption, size=12, colour=MUTED)
    if grid.cells > MAX_CELLS or len(grid.columns) > MAX_COLUMNS:
        canvas.text(f"Left out: {grid.cells:,} cells do not fit into a picture.", size=12)
        return
    if not grid.written:
        _top_labels(canvas, grid, wide)
    else:
        _heads(canvas, grid, wide)
    canvas.width = max(canvas.width, 2 * MARGIN + LABEL + wide * len(grid.columns))
    for block in grid.blocks:
        if block.title:
            canvas.y += 4
            canvas.text(printable(block.title, 120), size=11, bold=True)
        for row in block.rows:
            strongest = grid.scale if row.strongest is None else row.strongest
            canvas.parts.append(_row_label(row.label, canvas.y))
            for index, value in enumerate(row.values):
                x = MARGIN + LABEL + index * wide
                canvas.parts.append(_cell(x, canvas.y, wide, value, strongest, written=grid.written))
            canvas.y += CELL if not grid.written else LINE
    canvas.y += 8


def _top_labels(canvas: Canvas, grid: Grid, wide: int) -> None:
    """Names of columns, upright."""
    canvas.y += 10 + 7 * max((len(cell_label(name, TOP_LABEL)) for name in grid.columns), default=0)
    for index, name in enumerate(grid.columns):
        x, y = MARGIN + LABEL + index * wide + wide - 4, canvas.y - 4
        shown = escape(cell_label(name, TOP_LABEL))
        canvas.parts.append(
            f'<text transform="translate({x:g} {y:g}) rotate(-90)" font-size="11" fill="{INK}">{shown}</text>'
        )


def _heads(canvas: Canvas, grid: Grid, wide: int) -> None:
    """Names of wide columns, lying."""
    canvas.y += LINE
    for index, name in enumerate(grid.columns):
        x = MARGIN + LABEL + index * wide + wide / 2
        shown = escape(cell_label(name, 10))
        canvas.parts.append(
            f'<text x="{x:g}" y="{canvas.y - 6:g}" font-size="10" text-anchor="middle" fill="{MUTED}">{shown}</text>'
        )


def _row_label(label: str, y: float) -> str:
    shown = escape(cell_label(label, 20))
    return f'<text x="{MARGIN + LABEL - 8}" y="{y + 12:g}" font-size="11" text-anchor="end" fill="{INK}">{shown}</text>'


def _cell(x: float, y: float, wide: int, value: float | None, strongest: float, *, written: bool) -> str:
    """One cell: its value on hover, or written in it."""
    fill = LIGHT.get(shade(value, strongest) if value is not None else "", "#ffffff")
    high = LINE - 2 if written else CELL
    box = f'<rect x="{x:g}" y="{y:g}" width="{wide}" height="{high}" fill="{fill}" stroke="{GRID}" stroke-width=".5">'
    if not written:
        return f"{box}<title>{compact(value)}</title></rect>"
    shown = correlation_text(value)
    place = f'x="{x + wide / 2:g}" y="{y + 14:g}" font-size="12" text-anchor="middle" fill="{INK}"'
    return f"{box}</rect><text {place}>{shown}</text>"
