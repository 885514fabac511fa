"""Macro-averaged precision, recall and F1 where answers are classes.

Unweighted means over the classes that occur among references or outputs, as scikit-learn computes them
(``precision_recall_fscore_support`` with ``average="macro"`` and ``zero_division=0``): a class that is never predicted
has precision 0, one that never occurs recall 0. The F1 is the mean of the classes' F1, not the F1 of the means (Opitz
and Burst 2019, "Macro F1 and Macro F1", arXiv:1911.03347).
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

    from audit.core.records import Sample

MEASURES: tuple[Literal["precision", "recall", "f1"], ...] = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro(Statistic):
    """A macro average over the classes of ``reference`` and ``output``, without surrounding white space."""

    NAME: ClassVar[str] = "macro"
    OF_TEXTS: ClassVar[bool] = True

    of: Literal["precision", "recall", "f1"]
    """Which average."""

    def table(self, samples: Sequence[Sample]) -> Table:
        """Codes of the correct and of the chosen class, one row per item."""
        pairs = {
            sample.sample_id: (sample.reference.strip(), sample.output.strip())
            for sample in samples
            if sample.reference is not None and sample.output is not None and sample.error is None
        }
        labels = {
            label: code for code, label in enumerate(sorted({label for pair in pairs.values() for label in pair}))
        }
        rows = np.array([[labels[right], labels[chosen]] for right, chosen in pairs.values()], dtype=np.float64)
        return Table(tuple(pairs), rows.reshape(-1, 2), len(pairs))

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """From class codes by the confusion matrix: scikit-learn's checks are too slow for resampling."""
        if not len(rows):
            return math.nan
        pairs = rows.astype(np.intp)
        classes = int(pairs.max()) + 1
        confusion = np.bincount(pairs[:, 0] * classes + pairs[:, 1], minlength=classes**2).reshape(classes, classes)
        hits, occurs, claimed = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
        below = {"precision": claimed, "recall": occurs, "f1": occurs + claimed}[self.of]
        present = (occurs + claimed) > 0
        shares = (2 if self.of == "f1" else 1) * hits / np.maximum(below, 1)
        return float(shares[present].mean())
