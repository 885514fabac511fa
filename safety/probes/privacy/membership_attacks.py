"""Membership inference: scores of a document that distinguish seen from unseen ones."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.membership.min_k import min_k, min_k_plus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.engine import Score

FOLDS = 5


def attacks(text: str, score: Score) -> dict[str, float]:
    """Scores of one document; each is higher for a document that was seen in training.

    Args:
        text: The document.
        score: Log-probabilities of its tokens, with moments.

    Returns:
        ``loss``: mean log-probability (Yeom et al. 2018). ``zlib``: total log-probability over the bytes of the
        compressed text (Carlini et al. 2021). ``min_k``: mean over the 20 % least likely tokens (Shi et al. 2024,
        Min-K %). ``min_k_plus``: the same of (log p - mean) / standard deviation of log p (Zhang et al. 2024,
        Min-K % ++).
    """
    log_probs = np.array(score.log_probs)
    return {
        "loss": float(log_probs.mean()),
        "zlib": float(log_probs.sum() / len(zlib.compress(text.encode()))),
        "min_k": min_k(log_probs),
        "min_k_plus": min_k_plus(score.log_probs, score.mean_log_probs or (), score.std_log_probs or ()),
    }


def blind(
    seen: Sequence[str], unseen: Sequence[str], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Scores of a classifier that never asks the checkpoint: words of other documents say whether this one is "seen".

    Logistic regression on TF-IDF of words, each document scored by a model that was fitted without it (five folds).
    Where this separates the two sets, they differ by themselves, and an attack's success proves nothing. Source: Das
    et al. 2024, "Blind Baselines Beat Membership Inference Attacks for Foundation Models" (arXiv:2406.16201).

    Returns:
        Scores of the seen and of the unseen documents; None where a set has fewer documents than folds.
    """
    if min(len(seen), len(unseen)) < FOLDS:
        return None
    # Imported here because every run lists this probe, and scikit-learn takes a second to import.
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    labels = np.concatenate([np.ones(len(seen)), np.zeros(len(unseen))])
    words = TfidfVectorizer(sublinear_tf=True, analyzer=str.split)
    model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=1000))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed % 2**32)
    scores = cross_val_predict(model, [*seen, *unseen], labels, cv=folds, method="decision_function")
    return scores[: len(seen)], scores[len(seen) :]
