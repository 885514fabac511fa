"""Arguments of ``audit run`` that a test repeats, unless it gives others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def with_defaults(defaults: Mapping[str, object], arguments: Sequence[object]) -> list[object]:
    """``arguments`` behind the defaults that they do not give themselves: an option is given once."""
    kept = [word for option, value in defaults.items() if option not in arguments for word in (option, value)]
    return [*kept, *arguments]
