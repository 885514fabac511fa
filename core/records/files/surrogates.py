r"""Lone surrogates in text: half a character of UTF-16, which neither UTF-8 nor Parquet can hold.

They come from JSON of other tools and from arguments that are not UTF-8. Where a file would not hold them, all its
texts are written with ``\ud800`` for a surrogate and ``\\`` for a backslash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SPECIAL = re.compile("[\\\\\ud800-\udfff]")
_LONE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(?:\\|u(d[89a-f][0-9a-f]{2}))")


def escaped(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """Plain values without surrogates, in a form that :func:`unescaped` takes back."""
    return _each_text(value, lambda text: _SPECIAL.sub(lambda one: _code(one[0]) if one[0] != "\\" else "\\\\", text))


def unescaped(value: Any) -> Any:  # noqa: ANN401 - as above
    """What :func:`escaped` was given."""
    return _each_text(value, lambda text: _ESCAPE.sub(lambda one: chr(int(one[1], 16)) if one[1] else "\\", text))


def json_escaped(text: str) -> str:
    r"""JSON text with ``\ud800`` for each surrogate, as JSON itself escapes characters."""
    return _LONE.sub(lambda one: _code(one[0]), text)


def has_surrogates(text: str) -> bool:
    """Whether UTF-8 cannot hold a text."""
    return _LONE.search(text) is not None


def _code(character: str) -> str:
    return f"\\u{ord(character):04x}"


def _each_text(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - as above
    """Plain values with every string in them changed, at any depth."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)(_each_text(inner, change) for inner in value)
    if isinstance(value, dict):
        return {_each_text(name, change): _each_text(inner, change) for name, inner in value.items()}
    return value
