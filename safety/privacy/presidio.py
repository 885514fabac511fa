"""Presidio's pattern recognisers without its engine: no language model is loaded and nothing is fetched.

https://github.com/microsoft/presidio, MIT. A recogniser proposes places by regular expression and drops those whose
check digit is wrong. Its score is not used: without context it is 0.05 or less for some proposals, and what is
accepted is decided by the form, the check digits and the words nearby.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from presidio_analyzer import PatternRecognizer


@functools.cache
def recogniser(name: str, *patterns: str) -> PatternRecognizer:
    """A recogniser of presidio with its defaults.

    Args:
        name: Its class.
        patterns: Names of the patterns it is limited to; all when there are none.
    """
    from presidio_analyzer import predefined_recognizers  # noqa: PLC0415 - imports spaCy, which takes seconds

    kind: Any = getattr(predefined_recognizers, name)
    chosen = [pattern for pattern in kind.PATTERNS if not patterns or pattern.name in patterns]
    made: PatternRecognizer = kind(patterns=chosen)
    return made


def proposals(name: str, text: str, *patterns: str) -> Iterator[tuple[int, int]]:
    """Where a recogniser sees its entity: start and end, without white space around it."""
    one = recogniser(name, *patterns)
    for result in one.analyze(text, one.supported_entities, None):
        whole = text[result.start : result.end]
        yield result.start + len(whole) - len(whole.lstrip()), result.end - len(whole) + len(whole.rstrip())
