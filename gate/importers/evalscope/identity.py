"""How EvalScope names a metric: by name, aggregation and dimensions, which are derived from the name of a score.

The rules are those of ``evalscope.metrics.semantics.naming`` (EvalScope 1.14).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.gate.importers.files import member, optional

if TYPE_CHECKING:
    from collections.abc import Sequence

BLEU = re.compile(r"(?:mean_)?[Bb]leu[-_](\d+)")
ROUGE = re.compile(r"(?:mean_)?Rouge-([12L])-([RPF])")
STATISTICS = {"R": "recall", "P": "precision", "F": "f1"}
SYNONYMS = {"acc": "accuracy", "f1_score": "f1", "em": "exact_match", "bertscore": "bert_score"}


@dataclass(frozen=True)
class MetricIdentity:
    """What a metric is."""

    name: str
    """``accuracy``, ``rouge`` …"""
    dimensions: tuple[tuple[str, str], ...]
    """Sorted by name, values as text: ``(("statistic", "recall"), ("variant", "l"))``."""
    aggregation: str = "mean"
    """How it was made of the scores."""

    @property
    def label(self) -> str:
        """Name in a run: ``accuracy``, ``rouge_recall_l``, ``accuracy_pass_at_3``."""
        values = dict(self.dimensions)
        at = values.pop("k", "") if self.aggregation.endswith("_at_k") else ""
        ending = self.aggregation.removesuffix("k") + at if at else self.aggregation
        return "_".join([self.name, *values.values(), *([] if self.aggregation == "mean" else [ending])])

    @property
    def k(self) -> int | None:
        """The k of pass@k; None for another aggregation."""
        found = dict(self.dimensions).get("k", "")
        return int(found) if self.aggregation == "pass_at_k" and found.isdecimal() and 0 < int(found) < 10**6 else None

    @property
    def of_score(self) -> MetricIdentity:
        """That of the mean of the same score."""
        return MetricIdentity(self.name, tuple(one for one in self.dimensions if one[0] != "k"))


def stated_identity(owner: dict[str, Any], place: object) -> MetricIdentity:
    """The identity that a report states.

    Raises:
        UsageError: There is none.
    """
    dimensions = optional(owner, "dimensions", dict, place) or {}
    name, aggregation = (str(member(owner, key, str, place)) for key in ("name", "aggregation"))
    return MetricIdentity(name, tuple(sorted((str(key), str(value)) for key, value in dimensions.items())), aggregation)


def identity_of(score: str) -> MetricIdentity:
    """The identity of the mean of a score, by its name in an item."""
    bleu, rouge = BLEU.fullmatch(score), ROUGE.fullmatch(score)
    if bleu:
        return MetricIdentity("bleu", (("ngram", str(int(bleu[1]))),))
    if rouge:
        of = ("variant", "l") if rouge[1] == "L" else ("ngram", rouge[1])
        return MetricIdentity("rouge", tuple(sorted([of, ("statistic", STATISTICS[rouge[2]])])))
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", score).lower()
    snake = re.sub(r"[^a-z0-9]+", "_", snake).strip("_")
    return MetricIdentity(SYNONYMS.get(snake, snake), ())


def score_of(identity: MetricIdentity, scores: Sequence[str]) -> str | None:
    """The score that a metric is about; None if it cannot be known."""
    found = [score for score in scores if identity_of(score) == identity.of_score]
    return found[0] if len(found) == 1 else None
