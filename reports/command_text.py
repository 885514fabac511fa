"""The commands that reasons and advice name, so that pages can set them in the font of code and repeat them alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PART = r"""(?:'[^']*'|"'"|[\w@%+=:,./-])"""
"""Of a word as :func:`shlex.quote` writes it: quoted text, a quoted quote, or what needs no quotes."""
_ARGUMENT = rf"{_PART}+(?<![.,:])"
COMMAND = re.compile(rf"\baudit [a-z]+(?: (?!-){_ARGUMENT})?(?: --[a-z][a-z-]*(?: (?!-){_ARGUMENT})?)+")
"""``audit run --extend RUN --limit 200``: a command with at least one option, without the mark that ends a sentence."""


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a text in order, with whether each is a command.

    Args:
        text: Harmless already.
    """
    end = 0
    for found in COMMAND.finditer(text):
        if found.start() > end:
            yield text[end : found.start()], False
        yield found[0], True
        end = found.end()
    if end < len(text):
        yield text[end:], False


def commands_in(text: str) -> list[str]:
    """The commands that a text names, in its order."""
    return [part for part, is_command in parts(text) if is_command]
