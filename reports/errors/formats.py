"""Answers that could not be read, apart from those that are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.records import Flag
from audit.reports.errors.quantity import ERROR_RATE, score_of
from audit.stats.intervals import Interval, mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.reports.errors.quantity import Quantity

UNREAD = frozenset({Flag.UNPARSED_ANSWER, Flag.EMPTY_OUTPUT})
"""Flags of an answer in which none was found."""


@dataclass(frozen=True)
class AnswerFormats:
    """Generated answers by whether an answer could be read from them."""

    n: int
    """Generated answers that were scored."""
    unread: int
    """Those in which no answer was found; they count as wrong."""
    interval: Interval | None
    """Interval of their share."""
    empty: int
    """Those that are empty."""
    cut: int
    """Those that the token limit cut."""
    right: int | None = None
    """Right ones; null where scores are not right or wrong."""
    of_all: Interval | None = None
    """Interval of the share of right ones among all."""
    of_read: Interval | None = None
    """The same among those that could be read."""

    @property
    def read(self) -> int:
        """Answers that could be read."""
        return self.n - self.unread


def answer_formats(scored: Sequence[Sample], quantity: Quantity, *, seed: int) -> AnswerFormats | None:
    """How many generated answers could be read; None where none was generated, or none is to be read.

    Args:
        scored: The scored samples of a task.
        quantity: What they are compared by: an error rate is of right and wrong answers.
        seed: Of bootstrap.
    """
    kept = [sample for sample in scored if sample.answered_by == "generation" and sample.reference is not None]
    unread = [not UNREAD.isdisjoint(sample.flags) for sample in kept]
    graded = quantity.name == ERROR_RATE
    if not kept or (not graded and not any(unread)):
        return None
    clusters = [sample.cluster for sample in kept]
    without = [sample for sample, is_unread in zip(kept, unread, strict=True) if is_unread]
    bare = AnswerFormats(
        n=len(kept),
        unread=len(without),
        interval=mean_interval([float(one) for one in unread], clusters=clusters, seed=seed),
        empty=sum(Flag.EMPTY_OUTPUT in sample.flags for sample in without),
        cut=sum(Flag.TRUNCATED_OUTPUT in sample.flags for sample in without),
    )
    if not graded:
        return bare
    right = [score_of(sample) for sample in kept]
    read = [place for place, is_unread in enumerate(unread) if not is_unread]
    return AnswerFormats(
        bare.n,
        bare.unread,
        bare.interval,
        bare.empty,
        bare.cut,
        right=int(sum(right)),
        of_all=mean_interval(right, clusters=clusters, seed=seed),
        of_read=mean_interval([right[i] for i in read], clusters=[clusters[i] for i in read], seed=seed)
        if read
        else None,
    )
