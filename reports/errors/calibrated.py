"""Whether a checkpoint is right as often as it is sure to be, and whether its errors are the unsure answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from audit.reports.errors.quantity import ERROR_RATE, score_of
from audit.stats.calibration.bins import bin_codes, calibration_error, expected_error
from audit.stats.calibration.brier import brier_parts
from audit.stats.calibration.risk_coverage import area_under_risk, risks
from audit.stats.definitions.calibration.confidence import BrierScore, RiskCoverageArea
from audit.stats.intervals import Interval, mean_interval
from audit.stats.permutation import p_value
from audit.stats.subgroups.search import codes_of, is_clustered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.reports.errors.quantity import Quantity
    from audit.stats.calibration.bins import Binning

    Numbers = NDArray[np.float64]

FEWEST = 30
"""Samples with a confidence below which nothing is said."""
PER_BIN, MOST_BINS = 10, 10
"""Samples in a bin of the reliability curve at least, and bins at most."""
FEW_DRAWS, MANY = 200, 10_000
"""Number of draws of a calibrated checkpoint if there are so many samples; otherwise 1,000."""
MOST_RESAMPLED = 2_000
"""Samples up to which the area under the risk has an interval: of more, a card would wait for seconds."""
RESAMPLES = 1_000
COVERAGES = tuple(k / 20 for k in range(1, 21))


@dataclass(frozen=True)
class CalibrationError:
    """A calibration error next to what chance alone gives."""

    value: float
    """0 to 1."""
    expected: float
    """Mean error of a perfectly calibrated checkpoint with these confidences and so many samples."""
    p_value: float
    """Share of such checkpoints whose error is at least as large."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers of similar confidence."""

    n: int
    """Their number."""
    confidence: float
    """Mean confidence."""
    right: float
    """Share of right answers."""
    interval: Interval | None
    """Its interval."""


@dataclass(frozen=True)
class RiskPoint:
    """The most confident answers."""

    coverage: float
    """Their share of all answers."""
    n: int
    """Their number."""
    risk: float
    """Error rate among them."""


@dataclass(frozen=True)
class ConfidenceAnalysis:
    """Calibration of a task, or why there is none."""

    n: int
    """Samples with a confidence."""
    of: int
    """Scored samples."""
    refused: str | None = None
    """Why nothing is computed; null otherwise."""
    meaning: str = ""
    """What a confidence is here."""
    confidence: float = 0.0
    """Mean confidence."""
    right: float = 0.0
    """Share of right answers."""
    difference: Interval | None = None
    """Interval of mean confidence minus share of right answers."""
    error: CalibrationError | None = None
    """Expected calibration error, over bins of equal width."""
    adaptive_error: CalibrationError | None = None
    """The same over bins of equal mass."""
    brier: float = 0.0
    """Brier score of the confidences."""
    brier_interval: Interval | None = None
    """Its interval."""
    parts: dict[str, float] = field(default_factory=dict)
    """What it consists of: ``reliability`` - ``resolution`` + ``uncertainty`` + ``within``."""
    area: float = 0.0
    """Area under the risk–coverage curve; the error rate itself if confidences say nothing."""
    gain: Interval | None = None
    """Interval of the error rate minus the area; above 0, confident answers have fewer errors. Null for very many
    samples."""
    area_best: float = 0.0
    """The area if all errors were the least confident answers."""
    bins: list[ReliabilityBin] = field(default_factory=list)
    """The reliability curve, over bins of equal mass."""
    curve: list[RiskPoint] = field(default_factory=list)
    """The risk–coverage curve, from few to all answers."""


def confidence_analysis(scored: Sequence[Sample], quantity: Quantity, *, seed: int) -> ConfidenceAnalysis | None:
    """Calibration of right and wrong answers; None for tasks of other scores.

    Args:
        scored: The scored samples of a task.
        quantity: What they are compared by: only an error rate is of right and wrong answers.
        seed: Of draws and bootstrap.
    """
    if quantity.name != ERROR_RATE or not scored:
        return None
    kept = [sample for sample in scored if sample.confidence is not None]
    bare = ConfidenceAnalysis(len(kept), len(scored))
    if not kept:
        return replace(
            bare, refused="the answers have no confidence, because they were not chosen among options by likelihood"
        )
    if len(kept) < FEWEST:
        return replace(bare, refused=f"only {len(kept)} answers have a confidence; at least {FEWEST} are needed")
    confidences = np.array([sample.confidence for sample in kept], dtype=np.float64)
    right = np.array([score_of(sample) for sample in kept])
    clusters = [sample.cluster for sample in kept]
    codes = codes_of(clusters) if is_clustered(clusters) else None
    brier = BrierScore(seed=seed).estimate(kept, unit="share")
    above = RiskCoverageArea(seed=seed, resamples=RESAMPLES, minus_error_rate=True)
    gain = above.estimate(kept, unit="score", interval=len(kept) <= MOST_RESAMPLED).interval
    parts = brier_parts(confidences, right)
    return replace(
        bare,
        meaning=_meaning(kept),
        confidence=float(confidences.mean()),
        right=float(right.mean()),
        difference=mean_interval(
            confidences - right, clusters=clusters, seed=seed, share=False, bounds=(-1.0, 1.0), resamples=RESAMPLES
        ),
        error=_error(confidences, right, codes, "width", seed),
        adaptive_error=_error(confidences, right, codes, "mass", seed),
        brier=brier.value or 0.0,
        brier_interval=brier.interval,
        parts={name: getattr(parts, name) for name in ("reliability", "resolution", "uncertainty", "within")},
        area=area_under_risk(confidences, right),
        gain=gain and Interval(-gain.high, -gain.low, gain.method, gain.confidence),
        area_best=area_under_risk(right, right),
        bins=_bins(confidences, right, clusters, seed),
        curve=_curve(confidences, right),
    )


def _meaning(kept: Sequence[Sample]) -> str:
    """What the confidences are: likelihoods of the options that add up to 1."""
    by = {sample.choice.normalised for sample in kept if sample.choice}
    each = {"characters": " per character", "tokens": " per token"}.get(next(iter(by)), "") if len(by) == 1 else ""
    return f"the likelihood of the chosen option{each}, divided by the sum over all options of the item"


def _error(
    confidences: Numbers, right: Numbers, codes: NDArray[np.int64] | None, binning: Binning, seed: int
) -> CalibrationError:
    value = calibration_error(confidences, right, binning)
    draws = 1_000 if len(confidences) <= MANY else FEW_DRAWS
    drawn = expected_error(confidences, binning, seed=seed, codes=codes, draws=draws)
    return CalibrationError(value, float(drawn.mean()), p_value(value, drawn))


def _bins(confidences: Numbers, right: Numbers, clusters: Sequence[str | None], seed: int) -> list[ReliabilityBin]:
    """Bins of equal mass, each with the interval of its share."""
    codes = bin_codes(confidences, "mass", max(1, min(MOST_BINS, len(confidences) // PER_BIN)))
    found = []
    for code in np.unique(codes):
        inside = np.flatnonzero(codes == code).tolist()
        ends = mean_interval(right[inside], clusters=[clusters[place] for place in inside], seed=seed)
        found.append(ReliabilityBin(len(inside), float(confidences[inside].mean()), float(right[inside].mean()), ends))
    return found


def _curve(confidences: Numbers, right: Numbers) -> list[RiskPoint]:
    """Error rates at every twentieth of coverage."""
    every = risks(confidences, right)
    counts = dict.fromkeys(max(1, round(coverage * len(every))) for coverage in COVERAGES)
    return [RiskPoint(count / len(every), count, float(every[count - 1])) for count in counts]
