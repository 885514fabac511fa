"""``audit canaries``: secrets to plant in training data, whose memory the probe ``canaries`` measures."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from audit.cli.planting import numbers_of_repetitions, write_planted
from audit.core.errors import UsageError

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
    from audit.safety.own_data import names  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety.probes import canaries  # noqa: PLC0415 - torch takes seconds to import

    times = numbers_of_repetitions(repetitions)
    if count * len(times) > names.MOST:
        msg = f"--count: {count * len(times)} canaries are more than the {names.MOST} people there are: ask for fewer"
        raise UsageError(msg)
    write_planted(out_file, "canaries", canaries.NAME, seed, lambda draws: canaries.make(times, count, draws))
