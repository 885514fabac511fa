"""The former name of :mod:`audit.evals.corpus_scores`, for copied task files; removed in the next release."""

from __future__ import annotations

from audit.evals.corpus_scores import bleu, bleu_zh, chrf

__all__ = ["bleu", "bleu_zh", "chrf"]
