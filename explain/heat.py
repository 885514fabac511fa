"""From an attribution's values to colours: diverging, zero in the middle, safe for colour-blind readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Colour = tuple[int, int, int]

NEUTRAL: Colour = (247, 247, 247)
SUPPORTS: Colour = (230, 97, 1)
OPPOSES: Colour = (94, 60, 153)
"""Ends of ColorBrewer's PuOr: orange supports the target, purple speaks against it."""


def colours(values: Sequence[float]) -> list[Colour]:
    """Background colour of each feature; the largest absolute value gets the full colour.

    Args:
        values: Of an attribution.

    Returns:
        Red, green, blue from 0 to 255 each.
    """
    largest = max((abs(value) for value in values), default=0.0)
    return [_blend(value / largest if largest else 0.0) for value in values]


def ink(background: Colour) -> Colour:
    """Black or white, whichever is easier to read on a background (relative luminance, WCAG 2.2)."""
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in background]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)


def _blend(strength: float) -> Colour:
    """Colour of a value between −1 and 1."""
    end = SUPPORTS if strength > 0 else OPPOSES
    part = min(1.0, abs(strength))
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(NEUTRAL, end, strict=True))
    return red, green, blue
