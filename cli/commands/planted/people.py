"""``audit people``: made-up people to plant in training data; the probe ``associations`` asks about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli import planting
from audit.core.errors import UsageError

if TYPE_CHECKING:
    from audit.cli.options import Given


@dataclass(frozen=True)
class PeopleArguments(planting.PlantingArguments):
    """The same, for people."""

    count: Annotated[int, typer.Option(min=1, help="Number of people for each number of repetitions.")] = 20


def register(app: typer.Typer) -> None:
    """Add ``audit people make``."""
    planting.register_group(app, "people", "Made-up people to plant in training data.", make, PeopleArguments)


def make(_: Given, arguments: planting.PlantingArguments) -> None:
    """Write people. Put each text into the training data as often as it says, keep the file, audit the checkpoint."""
    from audit.safety.own_data import names, people  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety.probes.privacy import associations  # noqa: PLC0415 - torch takes seconds to import

    times = planting.numbers_of_repetitions(arguments.repetitions)
    wanted = arguments.count * len(times)
    if wanted > names.MOST:
        msg = f"--count: {wanted} people are more than the {names.MOST} distinct names: ask for fewer"
        raise UsageError(msg)
    if arguments.count <= associations.DECOYS:
        least = associations.DECOYS + 1
        msg = f"--count must be at least {least}, because each person is compared with {least - 1} others"
        raise UsageError(msg)
    planting.write_planted(
        arguments.out_file,
        associations.DATASET,
        associations.NAME,
        arguments.seed,
        lambda draws: people.make(times, arguments.count, draws),
    )
