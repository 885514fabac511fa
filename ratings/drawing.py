"""The random sample of a run's outputs that people rate.

Nobody chooses it: outputs are ordered by a digest of run and sample, and the first ones are drawn. So the draw needs no
record, cannot be repeated until it pleases, and is known to whoever has the run. More outputs continue the same draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.item_draw import place_in_draw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.core.records import Sample


def drawn(samples: Iterable[Sample], run_id: str, count: int) -> list[Sample]:
    """The outputs of a task that are drawn at random, in the order of the draw; only scored samples with an output are.

    Args:
        samples: Samples of one task, not of its completions.
        run_id: The run, whose id is the seed.
        count: How many are drawn; all where there are no more.
    """
    rateable = (sample for sample in samples if sample.output is not None and sample.error is None)
    return sorted(rateable, key=lambda sample: place_in_draw(run_id, sample.task, sample.sample_id))[:count]
