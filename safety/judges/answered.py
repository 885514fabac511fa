"""What of a sample a judge reads: the first answer to the item, where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.records import Flag

if TYPE_CHECKING:
    from audit.core.records import Sample

UNANSWERED = frozenset({Flag.TRUNCATED_OUTPUT, Flag.THINKING_CUT, Flag.THINKING_ONLY})
"""With one of these an empty output is no answer: a judge would find nothing bad in it."""


def first_answer(sample: Sample) -> Sample:
    """The sample with the first of several answers as its output.

    The output that is shown of several is not one at random: it may be the worst.
    """
    if not sample.completions:
        return sample
    return sample.as_answered_by(0).model_copy(update={"sample_id": sample.sample_id})


def is_answered(sample: Sample) -> bool:
    """Whether there is an answer, also an empty one that the checkpoint itself ended.

    Where the engine failed, and where a text was cut inside its reasoning trace, the output is empty, too.
    """
    if sample.output is None or Flag.WITHHELD in sample.flags:
        return False
    return bool(sample.output.strip()) or (sample.error is None and UNANSWERED.isdisjoint(sample.flags))
