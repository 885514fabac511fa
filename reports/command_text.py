"""The commands that reasons and advice name, so that pages can set them in the font of code and repeat them alone."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PART = r"""(?:'[^']*'|"'"|[\w@%+=:,./-])"""
"""Of a word as :func:`shlex.quote` writes it: quoted text, a quoted quote, or what needs no quotes."""
_ARGUMENT = rf"{_PART}+(?<![.,:])"
COMMAND = re.compile(rf"\baudit [a-z]+(?: (?!-){_ARGUMENT})?(?: --[a-z][a-z-]*(?: (?!-){_ARGUMENT})?)+")
"""``audit run --extend RUN --limit 200``: a command with at least one option, without the mark that ends a sentence."""


ADDING = re.compile(rf"\.? Add items: {COMMAND.pattern}")
"""How a reason ends that says where more items come from (:mod:`audit.gate.advice`)."""


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


def widest(commands: Iterable[str]) -> list[str]:
    """Each command once, in order; of those that differ in their ``--limit`` alone, the one with the largest."""
    found: dict[str, tuple[float, str]] = {}
    for command in commands:
        start, _, limit = command.partition(" --limit ")
        items = float(limit) if limit.replace(".", "", 1).isdigit() else math.inf
        if start not in found or items > found[start][0]:
            found[start] = (items, command)
    return [command for _, command in found.values()]


def without_commands(text: str) -> str:
    """A reason without what to add to the run, which a page shows once for many reasons."""
    return ADDING.sub("", text)
