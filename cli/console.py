"""Where the command line writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.console import Console

from audit.core.text import ESCAPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel


def _width(stream: TextIO) -> int | None:
    """Of the terminal; in a file or pipe wide enough that no name is cut, unless COLUMNS says otherwise."""
    return None if stream.isatty() or "COLUMNS" in os.environ else 160


out = Console(width=_width(sys.stdout))
err = Console(stderr=True, width=_width(sys.stderr))

NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def print_json(result: BaseModel | Sequence[BaseModel] | dict[str, Any] | list[Any]) -> None:
    """Write a result as JSON to stdout, records included.

    Characters that could steer a terminal or turn its text around are escaped, which JSON reads back unchanged.
    """
    text = json.dumps(_plain(result), indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(NOT_ASCII.sub(_escaped, text) + "\n")


def _escaped(match: re.Match[str]) -> str:
    """A character as it is, or as JSON escapes it where it is a control, format or surrogate character."""
    return json.dumps(match[0])[1:-1] if unicodedata.category(match[0]) in ESCAPED else match[0]


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is any
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
