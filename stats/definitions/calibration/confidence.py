"""Confidences of right and wrong answers: what all kinds of calibration are computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from audit.stats.calibration.bins import calibration_error
from audit.stats.calibration.brier import brier_parts
from audit.stats.calibration.risk_coverage import area_under_risk
from audit.stats.definitions.means.mean import Mean
from audit.stats.definitions.statistic import Statistic, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.stats.intervals import Interval

MOST_RESAMPLED = 20_000
"""Above this many items the bootstrap would take minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfConfidence(Statistic):
    """A function of rows (confidence, 1 for a right answer), one per item with a confidence.

    A confidence is the checkpoint's own probability of its choice among the options (:attr:`Sample.confidence`).
    Generated answers have none, and are left out.
    """

    of: str = "score"
    """Field that is 1 for a right answer, else 0."""

    def table(self, samples: Sequence[Sample]) -> Table:
        """Rows of the items with a confidence and a value.

        Raises:
            ValueError: A value is neither 0 nor 1.
        """
        pairs = [(one, value) for one, value in Mean(of=self.of).values(samples) if one.confidence is not None]
        other = next((value for _, value in pairs if value not in {0.0, 1.0}), None)
        if other is not None:
            msg = f"calibration is of right and wrong answers, not of values such as {other:g}"
            raise ValueError(msg)
        rows = [[sample.confidence, value] for sample, value in pairs]
        names = tuple(sample.sample_id for sample, _ in pairs)
        return Table(names, np.array(rows, dtype=np.float64).reshape(-1, 2), len(rows))

    def why_not(self, table: Table, samples: Sequence[Sample]) -> str:
        """Why there is no value."""
        return f"none of {len(samples)} items has a confidence and a score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(OfConfidence):
    """How far confidences are from shares of right answers, over ten bins of confidence.

    ``error``: expected calibration error, the mean gap over items in bins of equal width (Naeini et al. 2015,
    "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI). ``adaptive_error``: the same in bins of as
    many items each (Nixon et al. 2019, "Measuring Calibration in Deep Learning", arXiv:1904.01685). ``reliability``,
    ``resolution``, ``uncertainty`` and ``within``: parts of the Brier score, which is reliability - resolution +
    uncertainty + within (Murphy 1973, Journal of Applied Meteorology 12:595; Stephenson, Coelho and Jolliffe 2008,
    Weather and Forecasting 23:752).

    Example: two items with confidences 0.8 and 0.9, one of them right, lie in two bins, and their gaps are 0.8 and
    0.1: an error of (0.8 + 0.1) / 2 = 0.45.
    """

    NAME: ClassVar[str] = "calibration"

    part: Literal["error", "adaptive_error", "reliability", "resolution", "uncertainty", "within"] = "error"
    """Which one."""

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The part; NaN without items."""
        confidences, right = rows[:, 0], rows[:, 1]
        if self.part == "error":
            return calibration_error(confidences, right, "width")
        if self.part == "adaptive_error":
            return calibration_error(confidences, right, "mass")
        return float(getattr(brier_parts(confidences, right), self.part))

    def ends(self, table: Table, value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """No interval: resamples vary more within bins than the items do, and lie above the value."""
        return None, "resamples of binned shares are biased upwards"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCoverageArea(OfConfidence):
    """Mean error rate among the k most confident answers, for k from 1 to all (AURC); 0 is best.

    Confidences that say nothing about errors give the error rate itself. Geifman, Uziel and El-Yaniv 2019,
    "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers" (arXiv:1805.08206), section 2; ties count as in
    random order. Example: by decreasing confidence, answers are right, wrong, right: (0 + 1/2 + 1/3) / 3 = 0.28.
    """

    NAME: ClassVar[str] = "risk_coverage_area"

    minus_error_rate: bool = False
    """Whether the error rate is subtracted: below 0, confident answers have fewer errors."""

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The area; NaN without items."""
        area = area_under_risk(rows[:, 0], rows[:, 1])
        return area - float(1 - rows[:, 1].mean()) if self.minus_error_rate and len(rows) else area

    def ends(self, table: Table, value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """The interval, or why there is none: very many items have none."""
        if table.n > MOST_RESAMPLED:
            return None, "the bootstrap would take minutes"
        return Statistic.ends(self, table, value, confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrierScore(Mean):
    """Mean squared difference between confidence and outcome (1 for a right answer, else 0); 0 is best.

    Brier 1950, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78:1. A confidence
    of 1 / 2 for every answer gives 0.25. Items without a confidence have no value. Example: confidences 0.8 and 0.9,
    the first answer wrong: (0.64 + 0.01) / 2 = 0.325.
    """

    NAME: ClassVar[str] = "brier_score"

    def of_sample(self, sample: Sample) -> float | None:
        """The squared difference of one sample; null if it has no confidence or no value."""
        outcome = Mean.of_sample(self, sample)
        if outcome is None or sample.confidence is None:
            return None
        return (sample.confidence - outcome) ** 2 if outcome in {0.0, 1.0} else math.nan
