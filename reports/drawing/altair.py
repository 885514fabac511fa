"""Altair, for charts that a browser draws, imported without the second that a grammar takes that no chart needs.

Altair imports jsonschema, which compiles a grammar of internationalised addresses wherever the optional package
``rfc3987-syntax`` is installed, as it is with Jupyter. No chart has a field of that format.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

GRAMMAR = "rfc3987_syntax"


@contextmanager
def _absent(name: str) -> Iterator[None]:
    """A package that is not imported yet cannot be imported meanwhile."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # what the import system takes for "there is none"
    try:
        yield
    finally:
        del sys.modules[name]


with _absent(GRAMMAR):
    import altair as alt

__all__ = ["alt"]
