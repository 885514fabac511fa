"""A chart with its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Figure:
    """A chart with its words."""

    caption: str
    """What it shows; one sentence."""
    alternative: str
    """The numbers of the chart, for readers who cannot see it."""
    svg: Markup
    """The chart."""
    curve: bool = False
    """Has axes of its own. False has labels and values next to the plot, which narrow screens put above the lines."""
