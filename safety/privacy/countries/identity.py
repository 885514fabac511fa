"""What counts as one country's number of a person: its notations, its check, and the words that say what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.safety.privacy.findings import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Callable

EACH = rf"(?:{SEPARATOR})?"
"""A separator between two groups, or none."""
ALIKE = rf"({SEPARATOR}|)"
"""The first separator or none, which the others repeat."""


def word(alternatives: str) -> str:
    """A pattern of words that are no part of longer ones, written in any case.

    Args:
        alternatives: Patterns with ``|`` between them.
    """
    return rf"(?<![^\W_])(?:{alternatives})(?![^\W_])"


@dataclass(frozen=True, slots=True)
class Identity:
    """What counts as one country's number."""

    form: str
    """Pattern of the notations that speak for themselves; empty when there is none."""
    valid: Callable[[str], bool]
    """Check digits, dates and whatever else the standard defines."""
    cued_form: str = ""
    """Pattern of the notations that need a cue."""
    cue: str = ""
    """Pattern of the words that say what the number is."""
    dashed: bool = False
    """Whether a hyphen belongs to the number, as a sign of the century, and is no separator."""
    unchecked: bool = False
    """Whether nearly any digits make a number: without a cue, spaces do not hold it together (``Finding.loose``) and it
    is none behind the name of something else that is numbered."""
