"""BLEU and chrF of a whole corpus, by sacreBLEU.

Both are functions of summed per-sentence counts, so a resample of sentences costs one sum. Papineni et al. 2002, "BLEU:
a Method for Automatic Evaluation of Machine Translation" (ACL); Popović 2015, "chrF: character n-gram F-score for
automatic MT evaluation" (WMT); Post 2018, "A Call for Clarity in Reporting BLEU Scores" (WMT). The bootstrap over
sentences is that of Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation" (EMNLP).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from audit.stats.definitions.statistic import Statistic, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus(Statistic):
    """A corpus score (0 to 100) of ``output`` against ``reference``, without surrounding white space."""

    NAME: ClassVar[str] = "corpus"
    OF_TEXTS: ClassVar[bool] = True

    metric: Literal["bleu", "chrf"]
    """``bleu``, or ``chrf``: chrF2 with sacreBLEU's defaults."""
    tokenize: str | None = None
    """sacreBLEU's tokenizer for BLEU; null: its default, ``13a``."""

    @staticmethod
    def pair(sample: Sample) -> tuple[str, str] | None:
        """Reference and hypothesis of a sample; None if it has no value."""
        if sample.error is not None or sample.reference is None or sample.output is None:
            return None
        return sample.reference, sample.output.strip()

    def table(self, samples: Sequence[Sample]) -> Table:
        """Sufficient statistics, one row per sentence: n-gram counts, matches and lengths."""
        pairs = {sample.sample_id: pair for sample in samples if (pair := self.pair(sample)) is not None}
        return Table(tuple(pairs), self.counts(list(pairs.values())), len(pairs))

    def counts(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """The rows of (reference, hypothesis) pairs."""
        if not pairs:
            return np.empty((0, 0))
        # sacreBLEU shares these counts with nobody but its own percentile bootstrap.
        counts = self._scorer()._extract_corpus_statistics([pair[1] for pair in pairs], [[pair[0] for pair in pairs]])  # noqa: SLF001
        return np.asarray(counts, dtype=np.float64)

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The corpus score of sentences given by their counts."""
        if not len(rows):
            return math.nan
        total = rows.sum(axis=0).astype(int).tolist()
        return float(self._scorer()._compute_score_from_stats(total).score)  # noqa: SLF001 - see above

    def signature(self) -> str:
        """Signature by sacreBLEU: everything that determines the number."""
        scorer = self._scorer()
        scorer.corpus_score([""], [[""]])  # it knows the number of references only then
        return str(scorer.get_signature().format())

    def _scorer(self) -> BLEU | CHRF:
        from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415 - most who read definitions need no sacreBLEU
        from sacrebleu.metrics.chrf import CHRF  # noqa: PLC0415 - see above

        if self.metric == "chrf":
            return CHRF()
        return BLEU(tokenize=self.tokenize) if self.tokenize else BLEU()
