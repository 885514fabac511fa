"""An attribution as coloured text: which pieces of the prompt pushed the answer, which pulled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.text import printable
from audit.reports.formatting import number, visible

if TYPE_CHECKING:
    from markupsafe import Markup

    from audit.core.records import Attribution

STEPS = 5
"""Shades on each side of zero."""
SHOWN_PIECES = 400
PIECE_HEAD, PIECE_TAIL = 200, 200
STRONGEST = 3


@dataclass(frozen=True)
class Piece:
    """A run of the prompt's characters in one colour."""

    html: Markup
    """The characters, harmless."""
    shade: str
    """CSS class: ``p1`` to ``p5`` for, ``n1`` to ``n5`` against, empty for zero and for text between features."""
    value: str
    """The attribution with sign and unit; empty for text between features."""


def pieces(attribution: Attribution) -> list[Piece]:
    """The prompt in order, shaded on one scale that is symmetric around zero.

    What lies between features (a chat template that was not masked) stays uncoloured. Beyond ``SHOWN_PIECES``
    features the middle is left out, and says so.
    """
    strongest = max((abs(value) for value in attribution.values), default=0.0)
    made: list[Piece] = []
    position = 0
    for feature, value in zip(attribution.features, attribution.values, strict=True):
        if feature.start > position:
            made.append(Piece(visible(attribution.prompt[position : feature.start]), "", ""))
        made.append(Piece(_text(feature.text), shade(value, strongest), signed(value, attribution.unit)))
        position = feature.end
    if position < len(attribution.prompt):
        made.append(Piece(visible(attribution.prompt[position:]), "", ""))
    return _without_middle(made)


def shade(value: float, strongest: float) -> str:
    """The colour class of a value: zero is uncoloured, the strongest of the prompt gets the fullest colour."""
    if strongest == 0 or value == 0:
        return ""
    step = round(STEPS * abs(value) / strongest)
    return f"{'p' if value > 0 else 'n'}{step}" if step else ""


def signed(value: float, unit: str) -> str:
    """``+1.204 nats``."""
    return f"{'+' if value > 0 else ''}{number(value, unit)} {unit}"


def strongest_pieces(attribution: Attribution) -> list[tuple[str, str]]:
    """The pieces of largest magnitude with their values, for readers who cannot see colours."""
    pairs = zip(attribution.features, attribution.values, strict=True)
    ranked = sorted(pairs, key=lambda pair: -abs(pair[1]))[:STRONGEST]
    return [(printable(f.text.strip(), limit=40), signed(v, attribution.unit)) for f, v in ranked if v != 0]


def _text(text: str) -> Markup:
    return visible(text, PIECE_HEAD, PIECE_TAIL)


def _without_middle(made: list[Piece]) -> list[Piece]:
    if len(made) <= SHOWN_PIECES:
        return made
    half = SHOWN_PIECES // 2
    gap = Piece(visible(f" … {len(made) - 2 * half:,} pieces left out … "), "", "")
    return [*made[:half], gap, *made[-half:]]
