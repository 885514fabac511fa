"""From the masked prompt to the whole one, feature by feature: the steps of a waterfall, and their chart."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from audit.core.formatting import number, signed
from audit.core.text import printable
from audit.core.units import unit_of
from audit.reports.attribution.heatmap import ends_text, feature_labels
from audit.reports.drawing.charts import GRID, MUTED, framed_svg, quantitative, row_order, text_column
from audit.reports.drawing.colours import AGAINST, FOR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from audit.core.records import Attribution

TOP = 10
"""Features that get their own bar."""
NEGLIGIBLE = 1e-9
ROW_HEIGHT, PLOT_WIDTH, LABEL_WIDTH, VALUE_WIDTH = 24, 400, 170, 70
LABEL_ROOM, VALUE_ROOM = LABEL_WIDTH + 36, VALUE_WIDTH + 30
"""Next to the plot: a browser's letters are up to a tenth wider than those that the text was cut by."""
_FIGURE = Markup('<figure class="waterfall"><figcaption>{}</figcaption><ol>{}</ol></figure>')
_STEP = Markup(
    '<li><span>{}</span><span class="track" aria-hidden="true">'
    '<i class="{}" style="left:{:.4g}%;width:{:.4g}%"></i></span><strong>{}</strong></li>'
)
COLOURS = {"for": FOR, "against": AGAINST, "gap": GRID, "end": MUTED}


@dataclass(frozen=True)
class Step:
    """One bar."""

    label: str
    """What it is about; one harmless line."""
    start: float
    """Where it begins, in the attribution's unit."""
    end: float
    """Where it ends; the next bar begins there."""
    kind: Literal["for", "against", "gap", "end"]
    """``for`` or ``against`` the target; ``gap`` is what the method leaves open; ``end`` a level, not a move."""
    ends: tuple[float, float] | None = None
    """The interval of the move, where the method states one."""

    @property
    def text(self) -> str:
        """The move with its sign, or the level."""
        if self.kind == "end":
            return number(self.end, "nats")
        return signed(self.end - self.start, "nats")

    @property
    def interval(self) -> str:
        """The interval of the move; empty where the method states none, or the value is exact and needs none."""
        return "" if self.ends is None else ends_text(*self.ends, "nats")


def steps(attribution: Attribution, top: int = TOP) -> list[Step]:
    """The values as moves from the method's baseline to what is explained, strongest first.

    Values of a method that is not additive do not sum to the difference: a last move, ``not accounted for``, closes
    the gap. Shares of attention start at 0 and have no gap.

    Args:
        attribution: Whose values.
        top: Features with their own bar; the rest is one bar.
    """
    in_nats = attribution.unit == "nats"
    begin = attribution.baseline_value if in_nats and attribution.baseline_value is not None else 0.0
    intervals: Sequence[tuple[float, float] | None] = attribution.intervals or [None] * len(attribution.values)
    ranked = sorted(
        zip(feature_labels(attribution), attribution.values, intervals, strict=True), key=lambda move: -abs(move[1])
    )
    if len(ranked) > top + 1:
        rest = math.fsum(value for _, value, _ in ranked[top:])
        ranked = [*ranked[:top], (f"{len(ranked) - top:,} other features", rest, None)]
    found, level = [], begin
    for label, value, ends in ranked:
        found.append(Step(label, level, level + value, "for" if value >= 0 else "against", ends))
        level += value
    if not in_nats or attribution.value is None or attribution.baseline_value is None:
        return found
    return [Step("everything masked", begin, begin, "end"), *found, *_ending(level, attribution.value)]


def _ending(level: float, value: float) -> list[Step]:
    """What closes the gap, and where it ends."""
    end = Step("whole prompt", value, value, "end")
    if abs(value - level) <= NEGLIGIBLE + 1e-6 * abs(value):
        return [end]
    return [Step("not accounted for", level, value, "gap"), end]


def waterfall_html(found: Sequence[Step], unit: str) -> Markup:
    """The steps as a list with bars for pages; its labels wrap where there is little room.

    Args:
        found: From :func:`steps`.
        unit: Of the values.
    """
    low, high = bounds(found)
    percent = 100 / (high - low)
    lines = []
    for step in found:
        left, width = (min(step.start, step.end) - low) * percent, abs(step.end - step.start) * percent
        lines.append(_STEP.format(printable(step.label, limit=60), step.kind, left, width, step.text))
    caption = "From the prompt with everything masked to the whole prompt, strongest features first, in nats."
    if unit != "nats":
        caption = "Shares of attention, strongest features first."
    return _FIGURE.format(caption, Markup("").join(lines))


def waterfall_svg(found: Sequence[Step], unit: str) -> Markup:
    """The steps as an ``<svg>`` element for pictures, like :func:`audit.reports.drawing.charts.interval_chart`.

    Args:
        found: From :func:`steps`.
        unit: Of the axis.
    """
    return _drawn(tuple(found), unit)


@lru_cache(maxsize=256)
def _drawn(found: tuple[Step, ...], unit: str) -> Markup:
    """Drawn once, however often a page is rendered to fit its size."""
    scale = {"domain": list(bounds(found)), "nice": False, "zero": False}
    order = row_order(0.25, 0.12)
    layers = [
        *_step_marks(order, scale, unit_of(unit).title),
        text_column("label", order, x=-12, align="right", limit=LABEL_WIDTH),
        text_column("text", order, x=PLOT_WIDTH + 12, align="left", limit=VALUE_WIDTH),
    ]
    return framed_svg(layers, _rows(found), size=(PLOT_WIDTH, ROW_HEIGHT), left=LABEL_ROOM, right=VALUE_ROOM)


def _rows(found: Sequence[Step]) -> list[dict[str, Any]]:
    """The steps as rows of a chart; labels come from data sets and are made harmless."""
    return [
        asdict(step)
        | {"row": index, "label": printable(step.label, limit=60), "text": step.text, "colour": COLOURS[step.kind]}
        for index, step in enumerate(found)
    ]


def _step_marks(order: dict[str, Any], scale: dict[str, Any], title: str) -> list[dict[str, Any]]:
    """The bars of moves and the ticks of levels."""
    start = quantitative("start", scale=scale, title=title, axis={"tickCount": 6})
    colour = {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    return [
        {
            "transform": [{"filter": "datum.kind != 'end'"}],
            "mark": {"type": "bar", "minBandSize": 2},
            "encoding": {"y": order, "x": start, "x2": {"field": "end"}, "color": colour},
        },
        {
            "transform": [{"filter": "datum.kind == 'end'"}],
            "mark": {"type": "tick", "thickness": 3, "size": 18, "color": MUTED},
            "encoding": {"y": order, "x": quantitative("end", scale=scale)},
        },
    ]


def bounds(found: Sequence[Step]) -> tuple[float, float]:
    """The axis: all ends with a margin."""
    ends = [end for step in found for end in (step.start, step.end)] or [0.0]
    margin = 0.05 * (max(ends) - min(ends)) or 1.0
    return min(ends) - margin, max(ends) + margin
