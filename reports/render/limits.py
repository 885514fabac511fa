"""Markdown of at most so many bytes: what does not fit is left out line by line, and a line says how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SUMMARY_BYTES = 1_048_576
"""GitHub drops a step's summary above 1 MiB as a whole."""
COMMENT_BYTES = 65_536
"""GitHub refuses comments above 65,536 characters; as many bytes are never more."""
RESERVED = 300
"""Bytes kept free for the line that says what is missing."""


def cut(lines: Sequence[str], most: int, where: str) -> str:
    """Lines as a text of at most ``most`` bytes of UTF-8, each whole or left out.

    Args:
        lines: The text; the first ones matter most.
        most: Bytes at most.
        where: Where the whole text is, as the end of a sentence; short.

    A folded part that is cut is closed, so that the line on what is missing is not folded away.
    """
    sizes = [len(line.encode()) + 1 for line in lines]
    if sum(sizes) <= most:
        return "".join(f"{line}\n" for line in lines)
    kept, room = 0, most - RESERVED
    while kept < len(lines) and sizes[kept] <= room:
        room -= sizes[kept]
        kept += 1
    end = ["</details>"] if "".join(lines[:kept]).count("<details>") > lines[:kept].count("</details>") else []
    left_out = sum(bool(line.strip()) for line in lines[kept:])
    notice = f"**Shortened:** the last {left_out:,} lines do not fit into {most:,} bytes. Everything is in {where}."
    return "".join(f"{line}\n" for line in (*lines[:kept], "", *end, "", notice))
