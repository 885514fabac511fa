"""Toxicity scorers behind one interface: a text goes in, a probability of being toxic comes out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from audit.core.assets.digest import files_sha256
from audit.core.errors import AssetMissing
from audit.core.records import AssetRecord
from audit.core.text import printable
from audit.safety.scorers.language import ENGLISH, reads, unread
from audit.safety.scorers.validity import Validity, shipped_validity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.config import SafetyConfig

BATCH = 64
"""Texts that are scored together, at most."""
BATCH_CHARACTERS = 1_000_000
"""Characters of texts that are scored together, but for a longer one alone: memory does not grow with their number."""


class ToxicityScorer(Protocol):
    """What every scorer offers. A new one is a class like this and one line in :func:`choose_scorer`."""

    record: AssetRecord
    """What it is, for the manifest; its name and version go into every result."""
    validity: Validity | None
    """How it agrees with labelled text; None when nobody measured it."""
    languages: frozenset[str]
    """ISO 639 codes of the languages it reads; text of any other gets no score."""

    def score(self, texts: Sequence[str]) -> list[float]:
        """Probability, 0 to 1, that each text is toxic. May raise: callers go through :func:`score_texts`."""


@runtime_checkable
class LabelScorer(Protocol):
    """A scorer with several labels."""

    labels: tuple[str, ...]
    """Their names."""

    def score_labels(self, texts: Sequence[str]) -> list[tuple[float, dict[str, float]]]:
        """For each text what ``score`` gives, and the probability of every label."""


@dataclass(frozen=True, slots=True)
class Toxicity:
    """What a scorer said about one text."""

    value: float | None
    """Probability of being toxic; None when there is no usable answer."""
    error: str | None = None
    """Why there is none."""
    unread: bool = False
    """Whether there is none because the scorer does not read the language."""
    labels: Mapping[str, float] = field(default_factory=dict)
    """Probability of every label, of scorers with several."""


class ProfanityCheck:
    """alt-profanity-check: a linear classifier on word counts that comes with its weights. English."""

    languages = ENGLISH

    def __init__(self) -> None:
        # Reads two pickles of a pinned dependency and takes a second, so only when it is wanted.
        from profanity_check import predict_prob  # noqa: PLC0415

        self._predict = predict_prob
        version = metadata.version("alt-profanity-check")
        data = Path(str(resources.files("profanity_check") / "data"))
        self.record = AssetRecord(
            name="alt-profanity-check",
            kind="scorer",
            source=f"package alt-profanity-check=={version}",
            version=version,
            sha256=files_sha256({name: data / name for name in ("model.joblib", "vectorizer.joblib")}),
            licence="MIT",
            homepage="https://github.com/dimitrismistriotis/alt-profanity-check",
        )
        self.validity = shipped_validity(self.record)

    def score(self, texts: Sequence[str]) -> list[float]:
        """Probability of being offensive, by ``profanity_check.predict_prob``."""
        return [float(value) for value in self._predict(list(texts))]


def choose_scorer(config: SafetyConfig) -> ToxicityScorer:
    """The scorer a configuration asks for; ``auto`` takes Detoxify when its weights are at hand.

    Raises:
        AssetMissing: What was asked for is nowhere to be found.
        AssetError: Its weights cannot be used.
    """
    name, _, rest = config.toxicity_scorer.partition(":")
    if name == "profanity-check":
        return ProfanityCheck()
    if name == "folder":
        from audit.safety.scorers.folder import FolderScorer, classifier_folder  # noqa: PLC0415 - loads transformers

        folder = Path(rest).expanduser() if rest else classifier_folder()
        return FolderScorer(folder, config.toxicity_label, frozenset(config.toxicity_languages))
    if name != "audit-toxicity":
        from audit.safety.scorers.detoxify import Detoxify, detoxify_weights  # noqa: PLC0415 - loads transformers

        try:
            weights = detoxify_weights(rest or None)
        except AssetMissing:
            if name == "detoxify":
                raise
        else:
            return Detoxify(weights.path, weights.record)
    from audit.safety.scorers.audit_toxicity import AuditToxicity  # noqa: PLC0415 - loads torch and scikit-learn

    return AuditToxicity()


def score_texts(scorer: ToxicityScorer, texts: Sequence[str]) -> list[Toxicity]:
    """Score texts in batches; whatever a scorer does wrong becomes an error of the text it was about.

    A text in a language that the scorer does not read is not put before it: it would pass for harmless. A batch that
    fails is scored again text by text, so that one bad text does not take others along.
    """
    able = [reads(scorer.languages, text) for text in texts]
    scored = iter(_score(scorer, [text for text, read in zip(texts, able, strict=True) if read]))
    return [next(scored) if read else _unread(scorer, text) for text, read in zip(texts, able, strict=True)]


def _unread(scorer: ToxicityScorer, text: str) -> Toxicity:
    return Toxicity(None, unread(f"scorer {scorer.record.name}", scorer.languages, text), unread=True)


def _score(scorer: ToxicityScorer, texts: Sequence[str]) -> list[Toxicity]:
    """The scores of texts that the scorer reads."""
    results: list[Toxicity] = []
    for batch in batches(texts):
        scored = _attempt(scorer, batch)
        if isinstance(scored, str) and len(batch) > 1:
            for text in batch:
                alone = _attempt(scorer, [text])
                results += [Toxicity(None, alone)] if isinstance(alone, str) else alone
        else:
            results += [Toxicity(None, scored)] if isinstance(scored, str) else scored
    return results


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in their order, ``BATCH`` or ``BATCH_CHARACTERS`` at a time, whichever is less."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == BATCH or size + len(text) > BATCH_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _attempt(scorer: ToxicityScorer, texts: Sequence[str]) -> list[Toxicity] | str:
    """One call of the scorer: an answer for each text, or why there is none."""
    name = scorer.record.name
    try:
        if isinstance(scorer, LabelScorer):
            pairs = [(float(value), labels) for value, labels in scorer.score_labels(texts)]
        else:
            pairs = [(float(value), {}) for value in scorer.score(texts)]
    except Exception as error:  # noqa: BLE001 - foreign code on untrusted text: any fault means not scored
        return f"scorer {name} failed: {type(error).__name__}: {printable(str(error), 200)}"
    if len(pairs) != len(texts):
        return f"scorer {name} gave {len(pairs)} scores for {len(texts)} texts"
    return [_checked(name, value, labels) for value, labels in pairs]


def _checked(name: str, value: float, labels: Mapping[str, float]) -> Toxicity:
    wrong = next((number for number in (value, *labels.values()) if not _is_probability(number)), None)
    if wrong is None:
        return Toxicity(value, labels=labels)
    return Toxicity(None, f"scorer {name} gave {wrong}, which is not a probability")


def _is_probability(value: float) -> bool:
    return math.isfinite(value) and 0.0 <= value <= 1.0
