"""BLEU and chrF of a whole corpus, by sacreBLEU, with bootstrap intervals over sentences.

Both are functions of summed per-sentence counts, so a resample of sentences costs one sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from audit.stats.intervals import Interval, bca_bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class CorpusMetric:
    """A sacreBLEU metric as an lm-eval aggregation.

    Args:
        metric: BLEU or chrF, as configured.
    """

    def __init__(self, metric: BLEU | CHRF) -> None:
        self.metric = metric

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> float:
        """The corpus score (0 to 100) of (reference, hypothesis) pairs."""
        return float(self.metric.corpus_score([pair[1] for pair in pairs], [[pair[0] for pair in pairs]]).score)

    @property
    def unit(self) -> str:
        """Unit of the score."""
        return "bleu" if isinstance(self.metric, BLEU) else "chrf"

    @property
    def signature(self) -> str:
        """The signature by sacreBLEU of the last score: everything that decides the number."""
        return str(self.metric.get_signature().format())

    def interval(self, pairs: Sequence[tuple[str, str]], *, seed: int, resamples: int) -> Interval | None:
        """Bootstrap interval over sentences (Koehn 2004, with BCa limits); None where there is none."""
        rows = self._sentence_counts(pairs)
        return bca_bootstrap(rows, self._score_of_counts, seed=seed, resamples=resamples)

    def _sentence_counts(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Sufficient statistics, one row per sentence: n-gram counts, matches and lengths."""
        hypotheses, references = [pair[1] for pair in pairs], [[pair[0] for pair in pairs]]
        # sacreBLEU shares these counts with nobody but its own percentile bootstrap.
        counts = self.metric._extract_corpus_statistics(hypotheses, references)  # noqa: SLF001
        return np.asarray(counts, dtype=np.float64)

    def _score_of_counts(self, rows: NDArray[np.float64]) -> float:
        """The corpus score of sentences given by their counts."""
        total = rows.sum(axis=0).astype(int).tolist()
        return float(self.metric._compute_score_from_stats(total).score)  # noqa: SLF001 - see above


bleu = CorpusMetric(BLEU())
"""BLEU with sacreBLEU's defaults (tokenizer 13a)."""
bleu_zh = CorpusMetric(BLEU(tokenize="zh"))
"""BLEU with sacreBLEU's tokenizer for Chinese."""
chrf = CorpusMetric(CHRF())
"""chrF2 with sacreBLEU's defaults."""
