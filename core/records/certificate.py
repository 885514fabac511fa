"""What scoring a part of a run again has shown about the engine of others that answered it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from audit.core.records.base import Record, Share

Number = Annotated[int, Field(ge=0)]
Nats = Annotated[float, Field(ge=0)]


class CertifiedMetric(Record):
    """A primary metric on the items that were answered twice."""

    name: str
    """``task/metric``."""
    items: Number
    """Items among those."""
    of_items: Number
    """Items of the run."""
    served: float | None
    """Its value from the run's answers; null if it could not be computed."""
    again: float | None
    """Its value from the second answers; null if it could not be computed."""

    def substituted(self, value: float) -> float | None:
        """What the run's value would be with the second answers in place of the first; exact for means over items.

        Args:
            value: The metric of the run.
        """
        if self.served is None or self.again is None or not self.of_items:
            return None
        return value + (self.again - self.served) * self.items / self.of_items


class Certificate(Record):
    """A random part of a run's requests answered a second time, and how far both answers are apart.

    A difference of log p is in nats, one for each target token. A flip is where the likeliest token, the chosen option
    or an item's score is another one.
    """

    against: Literal["weights", "repeat"]
    """``weights``: the local engine answered them; ``repeat``: the same engine did, in another order and batch."""
    source: str
    """The checkpoint whose weights were loaded; for a repeat, the engine itself."""
    digest: str | None = None
    """Digest of that checkpoint; null for a repeat."""
    dtype: str | None = None
    """Floating-point type in which the local engine computed; null for a repeat."""
    why_repeat: str | None = None
    """Why the weights were not used; null where they were."""
    seed: int
    """Seed of the draw."""
    items: Number = 0
    """Items that were asked again."""
    of_items: Number = 0
    """Items of the run that could be drawn."""
    tasks: dict[str, int] = Field(default_factory=dict)
    """Number of items by task."""
    not_asked: list[str] = Field(default_factory=list)
    """Tasks of the run none of whose items was asked again: they cannot run on the second engine."""
    requests: Number = 0
    """Requests whose two answers were compared."""
    absent: Number = 0
    """Requests without an answer of the run: not asked in these tokens or words, answered with an error, or with
    personal data, which is not kept."""
    absent_scores: Number = 0
    """Those among them that are about log-probabilities: personal data is no reason there."""
    changed_prompts: Number = 0
    """Items whose prompt is another one with the tokenizer and chat template of the weights."""
    failed: Number = 0
    """Requests without a second answer."""
    not_compared: Number = 0
    """Sampled texts, and texts after a reasoning trace, which no second text can be compared with."""
    tokens: Number = 0
    """Target tokens whose log-probabilities were compared."""
    median: Nats | None = None
    """Median of the difference; null without target tokens."""
    p90: Nats | None = None
    """90 % of the differences are at most this large."""
    p99: Nats | None = None
    """99 % of the differences are at most this large."""
    largest: Nats | None = None
    """The largest difference."""
    places: Number = 0
    """Target tokens of which both say whether they were the likeliest."""
    flipped_places: Number = 0
    """Those on which they disagree."""
    read_texts: Number = 0
    """Greedy texts that were compared; they are among ``requests``."""
    text_tokens: Number = 0
    """Tokens of greedy texts that were compared."""
    flipped_text_tokens: Number = 0
    """Those that the second answer would not have chosen."""
    choices: Number = 0
    """Items answered by the likeliest option, twice."""
    flipped_choices: Number = 0
    """Those whose chosen option, or score of 0 or 1, is another."""
    texts: Number = 0
    """Items answered by generated text, twice, with scores of 0 or 1."""
    flipped_texts: Number = 0
    """Those whose score is another."""
    metrics: list[CertifiedMetric] = Field(default_factory=list)
    """Primary metrics on the items that were asked again."""
    faults: list[str] = Field(default_factory=list)
    """What lies beyond the bounds of the run, in words; empty where the certificate holds."""

    @property
    def line(self) -> str:
        """One line for a reader."""
        how = (
            f"{self.requests:,} requests scored again with the weights ({self.dtype})"
            if self.against == "weights"
            else f"{self.requests:,} requests repeated in another order (weights not at hand)"
        )
        said = "; ".join(self.faults) if self.faults else ", ".join(self.figures)
        return f"{how}: {'DOES NOT HOLD: ' if self.faults else ''}{said}"

    @property
    def figures(self) -> list[str]:
        """The figures in words."""
        found = []
        if self.median is not None and self.p99 is not None and self.largest is not None:
            found.append(f"|Δ log p| median {self.median:.2g}, 99 % {self.p99:.2g}, largest {self.largest:.2g} nats")
        counts = (
            ("flipped likeliest tokens", self.flipped_places, self.places),
            ("flipped tokens of texts", self.flipped_text_tokens, self.text_tokens),
            ("flipped choices", self.flipped_choices, self.choices),
            ("flipped scores of texts", self.flipped_texts, self.texts),
        )
        return [*found, *(f"{word} {flipped:,} of {whole:,}" for word, flipped, whole in counts if whole)]


def share(part: int, whole: int) -> Share:
    """A share; 0 of nothing."""
    return part / whole if whole else 0.0
