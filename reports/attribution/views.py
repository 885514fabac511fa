"""What is shown of an attribution, rendered once for card, page and app: heat map, waterfall, matrix, heads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup

from audit.reports.attribution import counterfactuals, heatmap
from audit.reports.attribution.grid import Grid, grid_html
from audit.reports.attribution.grids import agreement_grid, heads_grid, looking_heads_grid, matrix_grid, method_grids
from audit.reports.attribution.measures import LEGEND, MEANING, MeasureRow, measured
from audit.reports.attribution.waterfall import steps, waterfall_html
from audit.reports.drawing.colours import DARK, LIGHT, of_both_themes
from audit.reports.drawing.page import style_sheet, theme_variables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Attribution


@dataclass(frozen=True)
class Room:
    """How much of an attribution is shown."""

    features: int = heatmap.SHOWN_TEXTS
    """Features of the heat map."""
    head: int = heatmap.TEXT_HEAD
    """Characters kept at the start of a feature."""
    tail: int = heatmap.TEXT_TAIL
    """Characters kept at its end."""
    cells: int = 40_000
    """Cells of one grid; a larger one is left out, and said so."""
    waterfall: bool = True
    """Whether there is a waterfall."""


@dataclass(frozen=True)
class View:
    """One attribution, rendered."""

    attribution: Attribution
    """What is shown."""
    legend: Markup
    """Meaning of the colours."""
    strongest: list[tuple[str, str]]
    """The features of largest magnitude with their values."""
    changes: list[str]
    """What would change the answer, in sentences."""
    heat_map: Markup
    """The coloured prompt."""
    waterfall: Markup | None
    """From baseline to value."""
    matrix: Markup | None
    """Input × output."""
    heads: list[Markup]
    """Grids of attention heads."""
    measures: list[MeasureRow]
    """How far it can be believed, in numbers."""
    meaning: str
    """What its verdict means."""
    left_out: list[str] = field(default_factory=list)
    """What did not find room, in words."""

    @property
    def measures_legend(self) -> str:
        """How to read the numbers."""
        return LEGEND


def view(attribution: Attribution, room: Room | None = None) -> View:
    """Render an attribution.

    Args:
        attribution: Any.
        room: How much of it; None shows all that a page can hold.
    """
    room = room or Room()
    left_out: list[str] = []
    matrix = matrix_grid(attribution)
    if matrix is not None and len(attribution.output_tokens) < 2:
        matrix = None  # one row would be the heat map once more
    heads = [grid for grid in (heads_grid(attribution), looking_heads_grid(attribution)) if grid is not None]
    drawn = [_drawn(grid, room, left_out) for grid in heads]
    return View(
        attribution,
        heatmap.legend_html(attribution.unit),
        heatmap.strongest_features(attribution),
        counterfactuals.sentences(attribution),
        heatmap.heat_map_html(attribution, shown=room.features, head=room.head, tail=room.tail),
        waterfall_html(steps(attribution), attribution.unit) if room.waterfall else None,
        _drawn(matrix, room, left_out) if matrix else None,
        [grid for grid in drawn if grid is not None],
        measured(attribution),
        MEANING[attribution.verdict],
        left_out,
    )


def comparison(attributions: Sequence[Attribution], room: Room | None = None) -> list[Markup]:
    """Several attributions of one prompt side by side: rank agreement, then values by feature.

    Args:
        attributions: Of one prompt and target.
        room: As for :func:`view`.

    Returns:
        Grids, and a remark for each that has too many cells; none for fewer than two attributions.
    """
    if len(attributions) < 2:
        return []
    grids = [agreement_grid(attributions), *method_grids(attributions)]
    left_out: list[str] = []
    drawn = [_drawn(grid, room or Room(), left_out) for grid in grids]
    remarks = [Markup('<p class="small muted">{}</p>').format(remark) for remark in left_out]
    return [*(grid for grid in drawn if grid is not None), *remarks]


def style() -> Markup:
    """A ``<style>`` element for a page that has no style sheet of the reports.

    It holds inside elements of class ``attribution`` alone.
    """
    colours = f"{theme_variables()} {of_both_themes(LIGHT, DARK)}"
    parts = style_sheet("attribution_panel.css"), style_sheet("attribution.css")
    return Markup("<style>.attribution {{ {}\n{}{} }}</style>").format(colours, *parts)


def _drawn(grid: Grid, room: Room, left_out: list[str]) -> Markup | None:
    """The grid, or None and a remark where it has too many cells."""
    if grid.cells <= room.cells:
        return grid_html(grid)
    left_out.append(f"Too large to show: {grid.subject}, {grid.cells:,} cells; see the JSON export.")
    return None
