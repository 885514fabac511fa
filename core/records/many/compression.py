"""How compressed checkpoints differ from the original: distributions, texts by language, tasks, verdicts."""

from __future__ import annotations

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record, Share, Suite
from audit.core.records.comparison import (  # noqa: TC001 - pydantic reads the annotations at run time
    Comparison,
    RunReference,
)
from audit.core.records.decision import Decision  # noqa: TC001 - see above


class Estimated(Record):
    """A number with its interval."""

    value: float
    """Point estimate."""
    ci_low: float | None = None
    """Lower end of its interval."""
    ci_high: float | None = None
    """Upper end of its interval."""
    ci_method: str | None = None
    """How the interval was computed."""
    no_interval: str | None = None
    """Why there is none."""


class TaskDivergence(Record):
    """Divergence on the prompts of one task."""

    suite: Suite
    """Its suite."""
    task: str
    """The task."""
    items: int
    """Items of the task."""
    positions: int
    """Compared positions."""
    kl_divergence: Estimated
    """As in :class:`Divergence`."""
    top1_agreement: Estimated
    """As in :class:`Divergence`."""


class Divergence(Record):
    """How far the next-token distributions P of the original and Q of a compressed checkpoint are apart.

    Taken at the same positions of the same token sequences: the prompts of the original's run, each followed by the
    original's answer. Intervals are clustered by item.
    """

    items: int
    """Items with a position."""
    positions: int
    """Compared positions: those that predict the first tokens of an answer."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Drawn items that were not compared, by the reason."""
    kl_divergence: Estimated
    """Mean of KL(P ‖ Q) over the positions, in nats; 0 if the distributions are equal."""
    top1_agreement: Estimated
    """Share of the positions at which both have the same likeliest token."""
    rms_delta_p: Estimated
    """Root of the mean of (q − p)², with p and q as the probabilities of the answer's token."""
    mean_delta_p: Estimated
    """Mean of q − p; below 0, the compressed checkpoint is less sure of the original's answers."""
    kl_quantiles: dict[str, float]
    """Median, 90 % and 99 % quantile and maximum of KL(P ‖ Q) over the positions, in nats."""
    by_task: list[TaskDivergence] = Field(default_factory=list)
    """By task, the largest divergence first."""


class Fit(Record):
    """How well two checkpoints predict the same texts; a lower number is better."""

    unit: str
    """Unit of all numbers: ``bits_per_byte`` or ``perplexity`` (per token)."""
    original: float
    """Of the original."""
    compressed: float
    """Of the compressed checkpoint."""
    difference: float
    """Compressed minus original."""
    ci_low: float | None = None
    """Lower end of the interval of the difference."""
    ci_high: float | None = None
    """Upper end of the interval of the difference."""
    ci_method: str | None = None
    """How the interval was computed."""
    no_interval: str | None = None
    """Why there is none."""


class LanguageFit(Record):
    """Texts of one language."""

    language: str
    """Language code, such as ``de``."""
    source: str
    """Data set that the texts are from."""
    texts: int
    """Texts that both have scored."""
    left_out: int = 0
    """Texts that one of them could not score."""
    bits_per_byte: Fit
    """Bits per byte of UTF-8, which do not depend on the tokenizer."""
    perplexity: Fit | None = None
    """Perplexity per token; null where the tokenizers differ, since the tokens are not the same (see
    ``no_perplexity``)."""
    no_perplexity: str | None = None
    """Why there is none."""


class CompressedTwin(Record):
    """A compressed checkpoint next to the original."""

    run: RunReference
    """Its run."""
    label: str
    """What distinguishes it from the others."""
    bytes: int | None = None
    """Size of its weight files; null if the run did not record it."""
    divergence: Divergence | None = None
    """Of the next-token distributions; null where it is not defined (see ``no_divergence``)."""
    no_divergence: str | None = None
    """Why there is none."""
    languages: list[LanguageFit] = Field(default_factory=list)
    """Texts by language."""
    comparison: Comparison
    """Every metric and slice that both runs have, item by item."""
    broken_slices: list[str] = Field(default_factory=list)
    """Metrics of slices that are worse, the smallest p-value first."""
    decision: Decision
    """The verdict of the policy, with the original as the baseline; the run folder does not have it."""


class CompressionCheck(Record):
    """Compressed checkpoints against one original."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    original: RunReference
    """The run of the original."""
    bytes: int | None = None
    """Size of its weight files; null if the run did not record it."""
    confidence: Share
    """Nominal coverage of all intervals but those of the decisions."""
    no_languages: str | None = None
    """Why there are no texts by language."""
    twins: list[CompressedTwin]
    """The compressed checkpoints, as they were given."""
