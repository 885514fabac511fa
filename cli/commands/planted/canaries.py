"""``audit canaries``: secrets to plant in training data; the probe ``canaries`` measures what is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.cli.planting import PlantingArguments, numbers_of_repetitions, register_group, write_planted
from audit.core.errors import UsageError

if TYPE_CHECKING:
    import typer

    from audit.cli.options import Given


def register(app: typer.Typer) -> None:
    """Add ``audit canaries make``."""
    register_group(app, "canaries", "Secrets to plant in training data.", make, PlantingArguments)


def make(_: Given, arguments: PlantingArguments) -> None:
    """Write canaries. Put each text into the training data as often as it says, keep the file, audit the checkpoint."""
    from audit.safety.own_data import names  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety.probes.privacy import canaries  # noqa: PLC0415 - torch takes seconds to import

    times = numbers_of_repetitions(arguments.repetitions)
    wanted = arguments.count * len(times)
    if wanted > names.MOST:
        msg = f"--count: {wanted} canaries are more than the {names.MOST} distinct names: ask for fewer"
        raise UsageError(msg)
    write_planted(
        arguments.out_file,
        "canaries",
        canaries.NAME,
        arguments.seed,
        lambda draws: canaries.make(times, arguments.count, draws),
    )
