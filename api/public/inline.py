"""Pages inside a notebook: each in its own frame, which runs no script and loads nothing."""

from __future__ import annotations

from html import escape
from pathlib import Path

from audit.core.filesystem import write_text

HEIGHT = 480
"""Pixels of a frame, unless another height is asked for."""


class Page:
    """A page that a notebook shows inline. Its text may come from a checkpoint and is not trusted.

    Args:
        html: The whole page.
        height: Pixels of its frame.

    Attributes:
        html: The whole page.
    """

    def __init__(self, html: str, height: int = HEIGHT) -> None:
        self.html = html
        self._height = height

    def __repr__(self) -> str:
        """Its size; the page itself is long."""
        return f"Page({len(self.html):,} characters)"

    def _repr_html_(self) -> str:
        """A frame with the page in it: its empty ``sandbox`` forbids scripts, forms and pop-ups."""
        page = escape(self.html, quote=True)
        style = "width:100%;border:1px solid #d8dee4;background:#fff"
        return f'<iframe sandbox="" srcdoc="{page}" style="{style}" height="{self._height}" loading="lazy"></iframe>'

    def save(self, path: str | Path) -> Path:
        """Write the page into a file; returns its path.

        Raises:
            WriteError: It cannot be written.
        """
        write_text(Path(path), self.html)
        return Path(path)
