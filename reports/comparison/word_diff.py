"""Two texts with the words that only one of them has marked, as HTML that cannot act."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from markupsafe import Markup

from audit.core.formatting import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_WORDS = 1_000
"""Words, signs and blanks that are compared, from the first difference on: the time grows with their square."""
LONGEST = 20_000
"""Characters of a text that are shown."""
_PARTS = re.compile(r"\s+|\w+|[^\w\s]")


def marked(earlier: str, later: str) -> tuple[Markup, Markup, bool]:
    """The earlier text with what was removed as ``<del>``, and the later one with what was added as ``<ins>``.

    Everything is escaped, and characters that hide or reorder text are shown by their code point.

    Args:
        earlier: A text of any length.
        later: Another one.

    Returns:
        Both texts, at most ``LONGEST`` characters of each; and whether all that is shown was compared.
    """
    before, after = (_PARTS.findall(text[:LONGEST]) for text in (earlier, later))
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    middle = before[start : len(before) - end], after[start : len(after) - end]
    compared = [part[:MOST_WORDS] for part in middle]
    # Without its heuristic on frequent parts, which begins at 200, the time would grow with the cube of their number.
    matcher = SequenceMatcher(a=compared[0], b=compared[1], autojunk=True)
    sides: tuple[list[Markup], list[Markup]] = ([], [])
    for kind, i, j, k, n in matcher.get_opcodes():
        for side, parts, tag in ((0, compared[0][i:j], "del"), (1, compared[1][k:n], "ins")):
            text = _shown(parts)
            sides[side].append(text if kind == "equal" or not text else Markup("<{0}>{1}</{0}>").format(tag, text))
    shown = [
        _shown(parts[:start]) + Markup("").join(side) + _shown(parts[start + len(part) :]) + _cut(text)
        for parts, side, part, text in zip((before, after), sides, compared, (earlier, later), strict=True)
    ]
    return shown[0], shown[1], all(len(part) <= MOST_WORDS for part in middle)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Parts at the beginning that are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _shown(parts: Sequence[str]) -> Markup:
    text = "".join(parts)
    return visible(text, len(text), 0)


def _cut(text: str) -> Markup:
    left_out = len(text) - LONGEST
    return Markup("<br/>… {} more characters").format(f"{left_out:,}") if left_out > 0 else Markup("")
