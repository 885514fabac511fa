"""A metric corrected by people's ratings of a random sample of its outputs."""

from __future__ import annotations

from pydantic import Field

from audit.core.records.base import Record, Share

LOWEST, HIGHEST = 1, 5
"""The scale of ratings."""


class RatedAs(Record):
    """What a rule asks of the ratings."""

    at_least: int | None = None
    """An output whose mean rating is this or more counts as 1, any other as 0; null where ``at_most`` is given."""
    at_most: int | None = None
    """An output whose mean rating is this or less counts as 1, any other as 0; null where ``at_least`` is given."""
    labels: int
    """Number of outputs that are drawn to be rated."""


class Correction(Record):
    """What people's ratings make of a metric."""

    raw: float | None
    """The metric as the scorer has it, in its unit."""
    outputs: int
    """Outputs that the scorer judged."""
    labels: int
    """Outputs that were drawn and rated. The rest is null unless all of the drawn ones are rated."""
    disagreements: int | None = None
    """Drawn outputs whose raters are on both sides of the limit; their mean rating counts."""
    agreement: Share | None = None
    """Share of the labels that the scorer agrees with; a value of 0.5 or more counts as 1."""
    bias: float | None = None
    """Mean of the scorer's value minus the label over the drawn outputs, in shares."""
    tuning: Share | None = None
    """λ of PPI++: how much the scorer's judgement of outputs without a label counts."""
    method: str | None = None
    """How the interval was computed; null where there is none."""
    ratings: dict[str, list[int]] = Field(default_factory=dict)
    """By sample id, the ratings of each drawn output: the latest one of each rater, ascending."""
