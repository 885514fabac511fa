"""What a rating is, and the summary of many."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotation at run time
from typing import Annotated

from pydantic import AfterValidator, Field

from audit.core.records import Record, Share, Suite
from audit.core.records.decision import HIGHEST, LOWEST
from audit.ratings.raters import cleaned

Points = Annotated[int, Field(ge=LOWEST, le=HIGHEST)]


class NewRating(Record):
    """One person's rating of one output, before it is stored."""

    rater: Annotated[str, AfterValidator(cleaned), Field(min_length=1, max_length=200)]
    """Name of the rater; spellings that differ in case or spaces are one person."""
    run_id: str
    """Run that the output comes from."""
    suite: Suite
    """Suite that requested the output."""
    task: str
    """Task that the sample belongs to."""
    sample_id: str
    """The rated sample, or the address of one of its completions (``SAMPLE_ID#3``). Without ``#``, its output."""
    output_sha256: str
    """Digest of the output that the rater saw (:func:`audit.ratings.queues.output_digest`)."""
    rating: Points
    """1 (worst) to 5 (best)."""
    comment: str = ""
    """The rater's comment."""


class Rating(NewRating):
    """One row of the database; never changed once written."""

    id: int
    """Ascending number; if one rater rates an address several times, the highest number counts."""
    created: datetime
    """Time of writing, UTC."""
    withdrawn: bool = False
    """Whether the rater withdrew it; it then does not count."""


class RatingSummary(Record):
    """People's ratings of one task's outputs. Only the latest rating of each rater and sample counts."""

    suite: Suite
    """Suite of the task."""
    task: str
    """The rated task."""
    n_ratings: int
    """Number of ratings that count."""
    n_samples: int
    """Number of samples with at least one rating."""
    n_raters: int
    """Number of people who rated at least one sample."""
    mean: float
    """Mean rating, 1 to 5."""
    ci_low: float | None
    """Lower end of the interval of the mean; null if ``ci_method`` is."""
    ci_high: float | None
    """Upper end of the interval of the mean; null if ``ci_method`` is."""
    ci_method: str | None
    """How the interval was computed; null if there is only one sample, or all ratings are equal."""
    confidence: Share = 0.95
    """Nominal coverage of the interval."""
