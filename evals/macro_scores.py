"""Macro-averaged precision, recall and F1 where answers are classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from audit.stats.intervals import Interval, bca_bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NAMES = ("macro_precision", "macro_recall", "macro_f1")


def macro_scores(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Unweighted means over the classes that occur in ``gold`` or ``predicted``, by scikit-learn.

    A class that is never predicted has precision 0, one that never occurs recall 0.
    """
    scores = precision_recall_fscore_support(list(gold), list(predicted), average="macro", zero_division=0)
    return {name: float(score) for name, score in zip(NAMES, scores[:3], strict=True)}


def macro_intervals(
    gold: Sequence[str], predicted: Sequence[str], *, seed: int, resamples: int
) -> dict[str, Interval | None]:
    """Bootstrap intervals of :func:`macro_scores` over items; None where there is none."""
    labels = sorted({*gold, *predicted})
    rows = np.array([[labels.index(g), labels.index(p)] for g, p in zip(gold, predicted, strict=True)], dtype=float)
    intervals: dict[str, Interval | None] = {}
    for position, name in enumerate(NAMES):

        def statistic(resample: NDArray[np.float64], position: int = position) -> float:
            return _macro_of_indices(resample.astype(int), len(labels))[position]

        intervals[name] = bca_bootstrap(rows, statistic, seed=seed, resamples=resamples)
    return intervals


def _macro_of_indices(pairs: NDArray[np.int_], classes: int) -> tuple[float, float, float]:
    """:func:`macro_scores` from (gold, predicted) class indices; scikit-learn's checks are too slow to resample."""
    confusion = np.bincount(pairs[:, 0] * classes + pairs[:, 1], minlength=classes**2).reshape(classes, classes)
    hits, occurs, claimed = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    present = (occurs + claimed) > 0
    precision = hits / np.maximum(claimed, 1)
    recall = hits / np.maximum(occurs, 1)
    f1 = 2 * hits / np.maximum(occurs + claimed, 1)
    return float(precision[present].mean()), float(recall[present].mean()), float(f1[present].mean())
