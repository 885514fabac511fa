"""What the commands that write something to plant in training data do alike."""

from __future__ import annotations

import json
import random
import secrets
from typing import TYPE_CHECKING, Any

from audit.cli.console import err
from audit.core.errors import UsageError
from audit.core.filesystem import is_stream, write_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def numbers_of_repetitions(text: str) -> list[int]:
    """The numbers of ``--repetitions``.

    Raises:
        UsageError: It is no list of different numbers from 0 on.
    """
    try:
        times = [int(word) for word in text.split(",")]
    except ValueError as error:
        msg = f"--repetitions: {text!r} is no list of numbers: write for example 0,1,4,16"
        raise UsageError(msg) from error
    if min(times) < 0 or len(set(times)) < len(times):
        msg = f"--repetitions: {text!r} holds a negative number or one twice: write for example 0,1,4,16"
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
        msg = f"{out_file}: exists: a lost secret cannot be measured, choose another name"
        raise UsageError(msg)
    draws = random.Random(seed) if seed is not None else secrets.SystemRandom()  # noqa: S311 - seeded where asked for
    rows = make(draws)
    write_output(out_file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    for line in (
        f"{len(rows)} {what} in {out_file}",
        "put each text into the training data as often as its repetitions say, then:",
        f"  audit run --model CHECKPOINT --tasks {task} --data-dir {out_file.parent.parent}",
    ):
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    if out_file.parent.name != what:
        err.print(f"the probe looks for {what}/*.jsonl in a data folder: move the file there", highlight=False)
