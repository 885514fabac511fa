"""``audit canaries``: secrets to plant in training data, whose memory the probe ``canaries`` measures."""

from __future__ import annotations

import json
import random
import secrets
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from audit.cli.console import err
from audit.core.errors import UsageError
from audit.core.filesystem import write_text

_EPILOG = """\b
Examples:
  audit canaries make --out data/canaries/canaries.jsonl
  audit canaries make --repetitions 0,1,10,100 --count 50 --out data/canaries/canaries.jsonl
"""


def register(app: typer.Typer) -> None:
    """Add ``audit canaries make``."""
    group = typer.Typer(
        help="Secrets to plant in training data.", epilog=_EPILOG, no_args_is_help=True, rich_markup_mode=None
    )
    group.command("make", epilog=_EPILOG)(make)
    app.add_typer(group, name="canaries")


def make(
    *,
    out_file: Annotated[Path, typer.Option("--out", help="JSON Lines file to write; must not exist yet.")],
    repetitions: Annotated[
        str, typer.Option(help="How often canaries are to stand in the data; 0 is a control kept out of it.")
    ] = "0,1,4,16",
    count: Annotated[int, typer.Option(min=1, help="Canaries for each number of repetitions.")] = 10,
    seed: Annotated[int | None, typer.Option(min=0, help="Default: unpredictable.")] = None,
) -> None:
    """Write canaries. Put each text into the training data as often as it says, keep the file, audit the checkpoint."""
    from audit.safety import canaries  # noqa: PLC0415 - torch takes seconds to import

    try:
        times = [int(word) for word in repetitions.split(",")]
    except ValueError as error:
        msg = f"--repetitions: {repetitions!r} is no list of numbers: write for example 0,1,4,16"
        raise UsageError(msg) from error
    if min(times) < 0 or len(set(times)) < len(times):
        msg = f"--repetitions: {repetitions!r} holds a negative number or one twice: write for example 0,1,4,16"
        raise UsageError(msg)
    if count * len(times) > canaries.MOST:
        msg = (
            f"--count: {count * len(times)} canaries are more than the {canaries.MOST} people there are: ask for fewer"
        )
        raise UsageError(msg)
    if out_file.exists():
        msg = f"{out_file}: exists: a lost secret cannot be measured, choose another name"
        raise UsageError(msg)
    draws = random.Random(seed) if seed is not None else secrets.SystemRandom()  # noqa: S311 - seeded where asked for
    made = canaries.make(times, count, draws)
    write_text(out_file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made))
    for line in (
        f"{len(made)} canaries in {out_file}",
        "put each text into the training data as often as its repetitions say, then:",
        f"  audit run --model CHECKPOINT --tasks canaries --data-dir {out_file.parent.parent}",
    ):
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    if out_file.parent.name != "canaries":
        err.print("the probe looks for canaries/*.jsonl in a data folder: move the file there", highlight=False)
