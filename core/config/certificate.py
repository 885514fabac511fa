"""How far answers of an engine of others may be from those of a second engine, and how many are asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, Strict

from audit.core.config.fields import Checkpoint, Count, Option, Section
from audit.core.records.certificate import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.records import Certificate

Nats = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
Part = Annotated[float, Strict(), Field(ge=0, lt=1)]
FAILED = 0.01
"""Share of the requests that may lack a second answer."""
WITHHELD = 0.5
"""Share of the texts that may lack a first answer: those with personal data are not kept."""


class CertificateBounds(Section):
    """Bounds of the certificate of a run on an engine of others; ``docs/explanation/engine.md`` says why these."""

    median: Nats = 0.1
    """Largest median of |Δ log p|, in nats per token."""
    p99: Nats = 0.75
    """Nats that at most 1 % of the differences exceed."""
    largest: Nats = 3.0
    """Largest difference of a single token, in nats."""
    flipped_places: Part = 0.05
    """Share of target tokens that only one of both finds the likeliest."""
    flipped_text_tokens: Part = 0.05
    """Share of the tokens of greedy texts that the second answer would not have chosen."""
    flipped_choices: Part = 0.1
    """Share of the items whose chosen option is another."""
    least: Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)] = 100.0
    """Requests that must have been asked again, unless all items were."""

    def faults(self, found: Certificate) -> list[str]:
        """What of a certificate lies beyond these bounds, or was not certified, in words."""
        return [*_not_certified(found, self.least), *self._beyond(found)]

    def _beyond(self, found: Certificate) -> Iterator[str]:
        """Figures beyond their bound."""
        for name, words in (
            ("median", "the median of |Δ log p|"),
            ("p99", "the 99 % quantile of |Δ log p|"),
            ("largest", "the largest |Δ log p|"),
        ):
            value = getattr(found, name)
            if value is not None and not value <= getattr(self, name):
                yield f"{words} is {value:.3g} nats, bound {getattr(self, name):g}"
        for name, whole, words in (
            ("flipped_places", found.places, "target tokens, only one engine finds the likeliest"),
            ("flipped_text_tokens", found.text_tokens, "tokens of greedy texts, the second answer chooses another"),
            ("flipped_choices", found.choices, "items, another option is chosen"),
        ):
            flipped = getattr(found, name)
            if share(flipped, whole) > getattr(self, name):
                yield f"of {flipped:,} of {whole:,} {words}, bound {getattr(self, name):.0%}"


class CertificateConfig(Section):
    """The certificate of a run on an engine of others; no effect on local checkpoints."""

    weights: Annotated[
        Checkpoint | None,
        Option("Weights to certify a server's or a foreign engine's answers with.", ("run",), name="--certify-with"),
    ] = None
    """Folder, hub id, ``.gguf`` file or asset with the weights that answer a part of the requests again; null takes
    what the model's name or the tokenizer's leads to, if it is on this machine, else the requests are repeated."""
    share: Annotated[float, Strict(), Field(gt=0, le=1)] = 0.02
    """Share of each task's items that is asked again."""
    least: Count = 200
    """Requests to ask again at least, if the run has as many; never fewer than the bounds want."""
    bounds: CertificateBounds = Field(default_factory=CertificateBounds)
    """Beyond these the run is ``partial``; a registered policy replaces them by its own."""


def _not_certified(found: Certificate, least: float) -> Iterator[str]:
    """What the certificate says nothing about though it should."""
    asked = found.requests + found.absent + found.failed + found.not_compared
    if asked < least and found.items < found.of_items:
        yield f"{asked:,} requests of {found.items:,} of {found.of_items:,} items were asked again, bound {least:g}"
    if found.not_asked:
        yield f"nothing of {', '.join(found.not_asked)} was asked again"
    absent_texts = found.absent - found.absent_scores
    if found.absent_scores or absent_texts > WITHHELD * (absent_texts + found.read_texts + found.not_compared):
        yield (
            f"the run holds no answer to {found.absent:,} of the requests: other prompts or tokens (another chat "
            "template or tokenizer), or answers with an error"
        )
    if found.changed_prompts:
        yield f"{found.changed_prompts:,} prompts are others with the tokenizer and chat template of the weights"
    if found.failed > FAILED * (found.failed + found.requests):
        yield f"{found.failed:,} requests have no second answer"
    if not found.requests:
        yield "no request could be compared"
