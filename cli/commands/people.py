"""``audit people``: made-up people to plant in training data, whom the probe ``associations`` asks about."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from audit.cli.planting import numbers_of_repetitions, write_planted
from audit.core.errors import UsageError

_EPILOG = """\b
Examples:
  audit people make --out data/people/people.jsonl
  audit people make --repetitions 0,1,10,100 --count 50 --out data/people/people.jsonl
"""


def register(app: typer.Typer) -> None:
    """Add ``audit people make``."""
    group = typer.Typer(
        help="Made-up people to plant in training data.", epilog=_EPILOG, no_args_is_help=True, rich_markup_mode=None
    )
    group.command("make", epilog=_EPILOG)(make)
    app.add_typer(group, name="people")


def make(
    *,
    out_file: Annotated[Path, typer.Option("--out", help="JSON Lines file to write; must not exist yet.")],
    repetitions: Annotated[
        str, typer.Option(help="How often people are to stand in the data; 0 is a control kept out of it.")
    ] = "0,1,4,16",
    count: Annotated[int, typer.Option(min=1, help="People for each number of repetitions.")] = 20,
    seed: Annotated[int | None, typer.Option(min=0, help="Default: unpredictable.")] = None,
) -> None:
    """Write people. Put each text into the training data as often as it says, keep the file, audit the checkpoint."""
    from audit.safety.own_data import names, people  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety.probes import associations  # noqa: PLC0415 - torch takes seconds to import

    times = numbers_of_repetitions(repetitions)
    if count * len(times) > names.MOST:
        msg = f"--count: {count * len(times)} are more than the {names.MOST} people there can be: ask for fewer"
        raise UsageError(msg)
    if count <= associations.DECOYS:
        msg = f"--count: {count} people cannot be compared with {associations.DECOYS} others: ask for more"
        raise UsageError(msg)
    write_planted(
        out_file, associations.DATASET, associations.NAME, seed, lambda draws: people.make(times, count, draws)
    )
