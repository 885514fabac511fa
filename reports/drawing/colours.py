"""The one colour scale of attributions: diverging, zero in the middle, the same in terminal, app, card and pictures.

Blue speaks for the target, orange against it: readers with any common colour blindness can distinguish them. Each side
has ``STEPS`` shades; zero has none. The shades of a light page carry dark ink, those of a dark page light ink, at
a contrast of at least 4.5 (WCAG 2.2 AA).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STEPS = 5
"""Shades on each side of zero."""
LIGHT = {
    **{f"p{step}": colour for step, colour in enumerate(("#e3eff9", "#c6dff2", "#a5cdea", "#80b8e0", "#5da3d5"), 1)},
    **{f"n{step}": colour for step, colour in enumerate(("#fdeedb", "#fbdcb5", "#f8c788", "#f3af5b", "#eb962f"), 1)},
}
"""Shades by name: ``p1`` to ``p5`` for the target, ``n1`` to ``n5`` against it."""
DARK = {
    **{f"p{step}": colour for step, colour in enumerate(("#1b2c3b", "#1b3d58", "#1b4e76", "#1c5f93", "#1e68a0"), 1)},
    **{f"n{step}": colour for step, colour in enumerate(("#36291a", "#4d3517", "#654214", "#7d4e0e", "#945a07"), 1)},
}
"""The same on a dark page."""
FOR, AGAINST = LIGHT[f"p{STEPS}"], LIGHT[f"n{STEPS}"]
"""The ends of the scale, for bars."""


def shade(value: float, strongest: float) -> str:
    """The shade of a value on a scale that is symmetric around zero.

    Args:
        value: In any unit.
        strongest: The largest magnitude on the scale; it gets the fullest colour.

    Returns:
        ``p1`` to ``p5``, ``n1`` to ``n5``; empty below half a step, and where nothing on the scale differs from zero.
    """
    if strongest <= 0 or value == 0:
        return ""
    step = min(STEPS, round(STEPS * abs(value) / strongest))
    return f"{'p' if value > 0 else 'n'}{step}" if step else ""


def largest(values: Iterable[float]) -> float:
    """The largest magnitude, 0 for none: the end of the scale on which the values are shown."""
    return max((abs(value) for value in values), default=0.0)


def of_both_themes(light: Mapping[str, str], dark: Mapping[str, str]) -> str:
    """Colours as CSS variables that follow the theme around them: ``--p1: light-dark(#e3eff9, …); …``."""
    return " ".join(f"--{name}: light-dark({light[name]}, {dark[name]});" for name in light)


def declarations(shades: Mapping[str, str]) -> str:
    """The shades as CSS variables: ``--p1: #e3eff9; …``."""
    return " ".join(f"--{name}: {colour};" for name, colour in shades.items())
