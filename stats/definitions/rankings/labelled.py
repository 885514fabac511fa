"""Agreement of a scorer with labels: ranking and calibration.

A sample is a labelled text: ``of`` is what the scorer says of it, ``label`` what its label is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from audit.stats.definitions.base import Definition
from audit.stats.definitions.means.mean import Mean
from audit.stats.definitions.statistic import Statistic, Table
from audit.stats.ranking import auroc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.stats.intervals import Interval

MOST_RESAMPLED = 20_000
"""Above this many items the bootstrap would take minutes."""
TOO_LONG = "the bootstrap would take minutes"
BINS = 10
"""Number of bins of the calibration error, of equal width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfLabels(Statistic):
    """A function of rows (score, 1 for a positive label), one per item."""

    of: str = "score"
    """Field with the scorer's value."""
    label: str = "scores.label"
    """Field with the label."""
    positive_from: float = 0.5
    """Minimum label of a positive item."""
    group: str | None = None
    """Slice of items about a group of people."""
    among: Literal["subgroup", "bpsn", "bnsp"] | None = None
    """Which items are ranked; null ranks all. ``subgroup``: items about the group. ``bpsn``: positive items outside it
    and negative ones inside, so that it is low if harmless mentions get high scores. ``bnsp``: positive items inside it
    and negative ones outside. Borkan et al. 2019, "Nuanced Metrics for Measuring Unintended Bias with Real Data for
    Text Classification" (arXiv:1903.04561, section 3.1)."""

    def is_positive(self, sample: Sample) -> bool:
        """Whether an item is positive by its label."""
        found = Mean(of=self.label, despite_errors=True).of_sample(sample)
        return found is not None and found >= self.positive_from

    def is_about(self, sample: Sample, where: Mapping[str, str] | None) -> bool:
        """Whether an item is ranked, scored or not."""
        if not Definition.is_about(self, sample, where):
            return False
        inside = self.group in sample.slices
        return {
            None: True,
            "subgroup": inside,
            "bpsn": self.is_positive(sample) != inside,
            "bnsp": self.is_positive(sample) == inside,
        }[self.among]

    def table(self, samples: Sequence[Sample]) -> Table:
        """Rows (score, 1 for a positive label) of the items with a score."""
        pairs = Mean(of=self.of).values(samples)
        rows = [[value, float(self.is_positive(sample))] for sample, value in pairs]
        names = tuple(sample.sample_id for sample, _ in pairs)
        return Table(names, np.array(rows, dtype=np.float64).reshape(-1, 2), len(rows))

    def why_not(self, table: Table, samples: Sequence[Sample]) -> str:
        """Why there is no value: one kind of item is missing."""
        del samples
        positive = int(table.rows[:, 1].sum())
        return f"needs scored items of both kinds, found {positive} positive and {table.n - positive} others"

    def ends(self, table: Table, value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """The interval, or why there is none: very many items have none."""
        if table.n > MOST_RESAMPLED:
            return None, TOO_LONG
        return Statistic.ends(self, table, value, confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAuroc(OfLabels):
    """Probability that a positive item gets a higher score than another; ties count half, 0.5 is chance.

    Example: positive items have the scores 0.9 and 0.4, the others 0.6 and 0.1. In three of the four pairs, all but
    (0.4, 0.6), the positive item is ahead: 3/4. The interval resamples items of both kinds together.

    Hanley and McNeil 1982, "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve",
    Radiology 143:29; for groups, Borkan et al. 2019 (see ``among``).
    """

    NAME: ClassVar[str] = "label_auroc"

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The area under the ROC curve; NaN without both kinds."""
        positive = rows[:, 1] == 1
        return auroc(rows[positive, 0], rows[~positive, 0])


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAveragePrecision(OfLabels):
    """Area under the precision-recall curve, as scikit-learn sums it; without an interval, which would take minutes.

    Example: by decreasing score the items are positive, negative, positive. Precision is 1 at the first positive item
    and 2/3 at the second: (1 + 2/3) / 2 = 0.83.

    Manning, Raghavan and Schütze 2008, *Introduction to Information Retrieval*, section 8.4: precision is not
    interpolated between positive items.
    """

    NAME: ClassVar[str] = "label_average_precision"

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The average precision; NaN without both kinds."""
        from sklearn.metrics import average_precision_score  # noqa: PLC0415 - two seconds to import

        return float(average_precision_score(rows[:, 1], rows[:, 0])) if len(set(rows[:, 1])) == 2 else math.nan

    def ends(self, table: Table, value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """No interval."""
        return None, TOO_LONG


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCalibrationError(OfLabels):
    """Expected calibration error: mean gap between score and share of positive items, over ten bins of equal width.

    Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (AAAI). Example: two items with
    scores 0.8 and 0.9, one of them positive, lie in two bins, and their gaps are 0.8 and 0.1: (0.8 + 0.1) / 2 = 0.45.
    """

    NAME: ClassVar[str] = "label_calibration_error"

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The calibration error; NaN without items."""
        places = np.minimum((rows[:, 0] * BINS).astype(int), BINS - 1)
        gaps = np.bincount(places, weights=rows[:, 0] - rows[:, 1])
        return float(np.abs(gaps).sum() / len(rows)) if len(rows) else math.nan
