"""Where the command line writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.console import Console

from audit.cli import verbosity
from audit.core.errors import RAISED_BY_OTHERS, AuditError
from audit.core.filesystem import write_error
from audit.core.text import ESCAPED, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import BaseModel


for name in ("stdout", "stderr"):
    # Python has none where the shell closed it (`>&-`); what is written to it is then lost, and nothing else.
    if getattr(sys, name) is None:
        setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for as long as we run


def _width(stream: TextIO) -> int | None:
    """Of the terminal; in a file or pipe wide enough that no name is cut, unless COLUMNS says otherwise."""
    return None if stream.isatty() or "COLUMNS" in os.environ else 160


class Messages(Console):
    """Messages to stderr. Where nobody reads them any more, they are dropped: no result depends on them."""

    def on_broken_pipe(self) -> None:
        """Go on in silence; rich would end the program, in the midst of a task."""
        self.quiet = True


out = Console(width=_width(sys.stdout))
err = Messages(stderr=True, width=_width(sys.stderr))

NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def aside(what: str, act: Callable[[], object]) -> None:
    """Do something that a result does not depend on; where it fails, that is one line on stderr.

    Args:
        what: What the user lacks then: "the report card is not written".
        act: Does it.
    """
    try:
        act()
    except RAISED_BY_OTHERS as error:  # whatever it is; rich ends the program where stdout is a broken pipe
        print_failure(what, error)


def print_line(text: str) -> None:
    """A line for people on stderr, as it is."""
    err.print(text, markup=False, highlight=False, soft_wrap=True)


def print_failure(what: str, error: BaseException) -> None:
    """One line on stderr on something that a result does not depend on; with ``-v`` the traceback, too.

    Args:
        what: What the user lacks then: "the report card is not written".
        error: Why.
    """
    if verbosity.chosen.verbose:
        traceback.print_exception(error)
    reason = str(error) if isinstance(error, AuditError) else f"{type(error).__name__}: {error}"
    err.print(printable(f"{what}: {' '.join(reason.split())}"), markup=False, highlight=False, soft_wrap=True)


def finish_output() -> None:
    """Write out what stdout still holds; where it takes no more, drop the rest.

    Otherwise the interpreter tries again as it ends, and its exit code replaces ours.

    Raises:
        WriteError: Stdout takes no more.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        raise write_error(Path("standard output"), error) from error


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
        from audit.core.records.files.json_file import plain  # noqa: PLC0415 - a record has imported pydantic

        return plain(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
