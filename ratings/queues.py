"""The order in which a person rates the outputs of a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.records import digest_of, split_address
from audit.ratings.raters import person

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.core.records import Sample
    from audit.ratings.records import Rating


@dataclass(frozen=True, slots=True)
class RatingQueue:
    """One rater's view of the samples of a run.

    Attributes:
        pending: Samples still to rate, next one first.
        rated: Samples rated already, in the order of the queue.
        unrateable: Number of samples without an output; nobody is asked about them.
    """

    pending: tuple[Sample, ...]
    rated: tuple[Sample, ...]
    unrateable: int

    @property
    def total(self) -> int:
        """Samples that can be rated."""
        return len(self.pending) + len(self.rated)


def output_digest(output: str) -> str:
    """SHA-256 of an output's UTF-8 bytes, hexadecimal: ties a rating to the text that the rater saw."""
    return hashlib.sha256(output.encode("utf-8", "surrogatepass")).hexdigest()


def rating_queue(samples: Iterable[Sample], run_id: str, rater: str, ratings: Sequence[Rating]) -> RatingQueue:
    """Order the samples of a run for one rater.

    The order is that of a digest of rater, run and sample: it looks random, is the same at every visit, differs between
    raters, and does not change when samples are added or filtered. Orders differ between raters so that tiredness and
    the sequence of outputs do not affect the same samples for everybody.

    Args:
        samples: Samples of the run; several tasks may be mixed.
        run_id: The run.
        rater: Whose queue it is.
        ratings: That rater's latest ratings of the run. One whose output digest differs from the sample's
            output was about another text and does not count; of one prompt the same text counts at any address.
    """
    seen = {
        (split_address(rating.sample_id)[0], rating.output_sha256)
        for rating in ratings
        if person(rating.rater) == person(rater)
    }
    pending, rated, unrateable = [], [], 0
    for sample in sorted(samples, key=lambda sample: digest_of(person(rater), run_id, sample.sample_id)):
        if sample.output is None:
            unrateable += 1
        elif (split_address(sample.sample_id)[0], output_digest(sample.output)) in seen:
            rated.append(sample)
        else:
            pending.append(sample)
    return RatingQueue(tuple(pending), tuple(rated), unrateable)


def every_text(samples: Iterable[Sample]) -> list[Sample]:
    """Each completion as a sample with an address (``SAMPLE_ID#3``); samples without completions unchanged.

    A text that was sampled several times for one prompt is there once, at its first address.
    """
    found = []
    for sample in samples:
        texts = set()
        for index, completion in enumerate(sample.completions):
            if completion.text not in texts:
                texts.add(completion.text)
                found.append(sample.as_answered_by(index))
        found += [] if sample.completions else [sample]
    return found
