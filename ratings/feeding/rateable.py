"""Which samples people can judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.ratings.queues import every_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.core.records import Sample


def is_rateable(sample: Sample) -> bool:
    """Whether people can say how good an output is.

    Generated text is; so is the choice of an option where one is right, shown as question, options and answer. Choices
    without a right option are between sentences of a data set, which the checkpoint never wrote.
    """
    if sample.output is None or not sample.output.strip():
        return False
    if sample.choice is None or sample.answered_by == "generation":
        return sample.answered_by != "likelihood"
    return sample.choice.right is not None and bool(sample.prompt.strip())


def rateable(samples: Iterable[Sample], *, every: bool = False) -> list[Sample]:
    """The samples that people can judge.

    Args:
        samples: Of a run.
        every: Each sampled text as a sample of its own, with its address, instead of the output alone.
    """
    texts = every_text(samples) if every else samples
    return [sample for sample in texts if is_rateable(sample)]
