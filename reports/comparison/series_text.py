"""Words for runs in an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import ABSENT
from audit.core.text import printable

if TYPE_CHECKING:
    from audit.core.records import SeriesComparison

AXES = {
    "order": "run",
    "step": "training step",
    "epoch": "epoch",
    "bits": "bits per weight",
    "date": "date",
    "at": "place",
}


def axis_title(found: SeriesComparison) -> str:
    """What orders the runs: ``training step``, ``date``, or a field of the manifest."""
    return AXES.get(found.axis) or printable(found.axis, 40)


def p_text(value: float | None) -> str:
    """A p-value with two significant digits; ``—`` where there is no test."""
    if value is None:
        return ABSENT
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"
