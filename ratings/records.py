"""What a rating is, and what many of them add up to."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotation at run time
from typing import Annotated

from pydantic import AfterValidator, Field

from audit.core.records import Record, Share, Suite
from audit.ratings.raters import cleaned

LOWEST, HIGHEST = 1, 5

Points = Annotated[int, Field(ge=LOWEST, le=HIGHEST)]


class NewRating(Record):
    """One person's judgement of one output, before the database has taken it."""

    rater: Annotated[str, AfterValidator(cleaned), Field(min_length=1, max_length=200)]
    """Name the rater goes by; spellings that differ in case or spaces are one person."""
    run_id: str
    """Run that the output is from."""
    suite: Suite
    """Suite that asked for the output."""
    task: str
    """Task that the sample belongs to."""
    sample_id: str
    """The rated sample, or the address of one of its completions (``SAMPLE_ID#3``). Without ``#``, its output."""
    output_sha256: str
    """Digest of the output that the rater saw (:func:`audit.ratings.queues.output_digest`)."""
    rating: Points
    """1 (worst) to 5 (best)."""
    comment: str = ""
    """What the rater wrote about it."""


class Rating(NewRating):
    """One row of the database; never changed once written."""

    id: int
    """Ascending number; of several ratings of one address by one rater the highest counts."""
    created: datetime
    """When it was written, UTC."""
    withdrawn: bool = False
    """Whether the rater took it back; it does not count then."""


class RatingSummary(Record):
    """What people think of one task's outputs. Only the latest rating of each rater and sample counts."""

    suite: Suite
    """Suite of the task."""
    task: str
    """The rated task."""
    n_ratings: int
    """Ratings that count."""
    n_samples: int
    """Samples with at least one rating."""
    n_raters: int
    """People who rated at least one sample."""
    mean: float
    """Mean rating, 1 to 5."""
    ci_low: float | None
    """Lower end of the interval of the mean; null where ``ci_method`` is."""
    ci_high: float | None
    """Upper end of the interval of the mean; null where ``ci_method`` is."""
    ci_method: str | None
    """How the interval was computed; null when one sample alone, or equal ratings, leave no spread to see."""
    confidence: Share = 0.95
    """Nominal coverage of the interval."""
