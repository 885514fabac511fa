"""``audit canaries`` and ``audit people``: texts to plant in training data, once for both."""

from __future__ import annotations

import json
import random
import secrets
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audit.cli.console import err
from audit.cli.options import Given, command
from audit.core.errors import UsageError
from audit.core.filesystem import is_stream, write_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXAMPLES = """\b
Examples:
  audit {name} make --out data/{name}/{name}.jsonl
  audit {name} make --repetitions 0,1,10,100 --count 50 --out data/{name}/{name}.jsonl
"""


@dataclass(frozen=True)
class PlantingArguments:
    """How many texts are made, and where they go."""

    out_file: Annotated[Path, typer.Option("--out", help="JSON Lines file to write; must not exist yet.")]
    repetitions: Annotated[
        str,
        typer.Option(help="How often texts are to occur in the training data; 0 is a control kept out of it."),
    ] = "0,1,4,16"
    count: Annotated[int, typer.Option(min=1, help="Number of texts for each number of repetitions.")] = 10
    seed: Annotated[int | None, typer.Option(min=0, help="Random seed. Default: unpredictable.")] = None


def register_group(
    app: typer.Typer,
    name: str,
    about: str,
    make: Callable[[Given, PlantingArguments], None],
    arguments: type[PlantingArguments],
) -> None:
    """Add ``audit NAME make``.

    Args:
        app: The command line.
        name: Of the group.
        about: One line on it.
        make: Makes the file; its docstring is the command's help.
        arguments: The options, with the group's own defaults.
    """
    epilog = EXAMPLES.format(name=name)
    group = typer.Typer(help=about, epilog=epilog, no_args_is_help=True, rich_markup_mode=None)
    group.command("make", epilog=epilog)(command("make", make, arguments))
    app.add_typer(group, name=name)


def numbers_of_repetitions(text: str) -> list[int]:
    """The numbers of ``--repetitions``.

    Raises:
        UsageError: It is no list of different numbers from 0 on.
    """
    try:
        times = [int(word) for word in text.split(",")]
    except ValueError as error:
        msg = f"--repetitions: {text!r} is not a list of numbers: write for example 0,1,4,16"
        raise UsageError(msg) from error
    if min(times) < 0 or len(set(times)) < len(times):
        msg = f"--repetitions: {text!r} has a negative or repeated number: write for example 0,1,4,16"
        raise UsageError(msg)
    return times


def write_planted(
    out_file: Path,
    what: str,
    task: str,
    seed: int | None,
    make: Callable[[random.Random], Sequence[dict[str, Any]]],
) -> None:
    """Write what ``make`` draws, a JSON object per line, and say what to do with it.

    Args:
        out_file: The file.
        what: Name of the things, and of the folder that the probe looks for them in.
        task: The probe.
        seed: Of the draw; None is unpredictable.
        make: Draws the rows, each with ``text`` and ``repetitions``.

    Raises:
        UsageError: The file exists.
    """
    if out_file.exists() and not is_stream(out_file):
        msg = (
            f"{out_file} already exists and is not overwritten, because its texts could then never be measured: "
            "choose another file name"
        )
        raise UsageError(msg)
    draws = random.Random(seed) if seed is not None else secrets.SystemRandom()  # noqa: S311 - seeded where asked for
    rows = make(draws)
    write_output(out_file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    for line in (
        f"{len(rows)} {what} in {out_file}",
        "put each text into the training data as often as its repetitions say, then:",
        f"  audit run --model CHECKPOINT --tasks {task} --data-dir {quote(str(out_file.parent.parent))}",
    ):
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    if out_file.parent.name != what:
        err.print(f"the probe looks for {what}/*.jsonl in a data folder: move the file there", highlight=False)
