"""BLEU and chrF of a whole corpus as lm-eval aggregations; task files name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.stats.definitions import Corpus

if TYPE_CHECKING:
    from collections.abc import Sequence


class CorpusMetric:
    """A corpus score as an lm-eval aggregation.

    Args:
        definition: What it computes; seed and resamples are those of the run.
    """

    def __init__(self, definition: Corpus) -> None:
        self.definition = definition

    def __repr__(self) -> str:
        """As lm-eval logs it; without a place in memory, which would differ from run to run."""
        return f"CorpusMetric({self.definition.metric!r})"

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> float:
        """The corpus score (0 to 100) of (reference, hypothesis) pairs."""
        return self.definition.of_rows(self.definition.counts(pairs))


bleu = CorpusMetric(Corpus(metric="bleu"))
"""BLEU with sacreBLEU's defaults (tokenizer 13a)."""
bleu_zh = CorpusMetric(Corpus(metric="bleu", tokenize="zh"))
"""BLEU with sacreBLEU's tokenizer for Chinese."""
chrf = CorpusMetric(Corpus(metric="chrf"))
"""chrF2 with sacreBLEU's defaults."""
