"""How well a number distinguishes two kinds of samples."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.core.config.fields import Resamples  # noqa: TC001 - read at run time, as hints of the fields
from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, places_of, too_few
from audit.stats.definitions.means.mean import Mean
from audit.stats.intervals import FEWEST, Interval
from audit.stats.ranking import auroc, true_positive_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

RESAMPLES = 1_000
"""Default number of resamples, for two kinds: each resample ranks all items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Apart(Definition):
    """A function of one number of the samples of two kinds."""

    of: str
    """Field to rank by: ``score``, or ``scores.NAME``."""
    by: str
    """Slice with the kind of a sample."""
    positive: str
    """Its value for the kind that should score higher."""
    negative: str
    """Its value for the other kind."""
    least: int = 1
    """Minimum number of samples of each kind."""
    resamples: Resamples = RESAMPLES
    """Number of bootstrap resamples."""

    @abstractmethod
    def statistic(self, positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
        """The value from the numbers of both kinds; NaN without numbers of one."""

    def ends(self, samples: Sequence[Sample], value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """Percentile bootstrap of whole clusters, or why there is no interval.

        Clusters of both kinds are resampled separately, or together if one holds items of both kinds. A resample
        without a value counts as the value itself.
        """
        from scipy import stats  # noqa: PLC0415 - a second to import

        drawn = self.resample(samples)
        kinds = [self._units(samples, kind) for kind in (self.positive, self.negative)]
        items = len(self._known(samples))
        fewest, what = min(map(len, kinds)), "items" if len(drawn.units) == items else "clusters"
        if fewest < FEWEST:
            return None, too_few(fewest, f"{what} of one kind", FEWEST)
        places = {unit: place for place, unit in enumerate(drawn.units)}
        apart = kinds[0].isdisjoint(kinds[1])
        strata = kinds if apart else [kinds[0] | kinds[1]]

        def of_units(*units: NDArray[np.intp]) -> float:
            weights = np.bincount(np.concatenate(units), minlength=len(places)).astype(np.float64)
            found = drawn.value(weights)
            return value if math.isnan(found) else found

        result = stats.bootstrap(
            [np.array(sorted(places[unit] for unit in stratum), dtype=np.intp) for stratum in strata],
            of_units,
            n_resamples=self.resamples,
            confidence_level=confidence,
            method="percentile",
            rng=np.random.default_rng(self.seed),
        )
        low, high = (float(end) for end in result.confidence_interval)
        if not low < high:
            return None, "every resample gives the same value"
        method = "percentile_bootstrap" if what == "items" else "percentile_cluster_bootstrap"
        return Interval(low, high, method, confidence), None

    def estimate(
        self,
        samples: Sequence[Sample],
        *,
        unit: str,
        confidence: float = 0.95,
        interval: bool = True,
    ) -> Estimate:
        """Value and interval; ``n`` counts the samples of both kinds."""
        known = self._known(samples)
        kinds = {
            kind: np.array([number for sample, number in known if sample.slices[self.by] == kind])
            for kind in (self.positive, self.negative)
        }
        few = [f"{len(found)} {kind}" for kind, found in kinds.items() if len(found) < self.least]
        if few:
            error = f"{self.least} scored items of each kind are needed, found {' and '.join(few)}: supply more"
            return Estimate(None, 0, error=error)
        n = len(known)
        value, missing = self.statistic(*kinds.values()), max(0, sum(map(is_scored, samples)) - n)
        wanted = interval and math.isfinite(value)
        ends, reason = self.ends(samples, value, confidence) if wanted else (None, None)
        return Estimate(value, n, missing, ends, reason)

    def _known(self, samples: Sequence[Sample]) -> list[tuple[Sample, float]]:
        """The samples of both kinds with a number, and the number."""
        both = [sample for sample in samples if sample.slices.get(self.by) in {self.positive, self.negative}]
        return Mean(of=self.of).values(both)

    def _units(self, samples: Sequence[Sample], kind: str) -> set[str]:
        """Clusters of the samples of a kind; an item on its own is one."""
        inside = (sample for sample, _ in self._known(samples) if sample.slices[self.by] == kind)
        return {self.unit_of(sample) for sample in inside}

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """The value if each number counts as often as its weight, a whole number, says."""
        known = self._known(samples)
        numbers = np.array([number for _, number in known])
        is_positive = np.array([sample.slices[self.by] == self.positive for sample, _ in known], dtype=bool)
        names = [self.unit_of(sample) for sample, _ in known]
        units, of_item = places_of(names)

        def value(weights: NDArray[np.float64]) -> float:
            times = weights[of_item].astype(np.intp)
            drawn, kinds = np.repeat(numbers, times), np.repeat(is_positive, times)
            return self.statistic(drawn[kinds], drawn[~kinds])

        return Resampling(units, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auroc(_Apart):
    """Probability that a sample of the positive kind has a higher number than one of the negative kind; 0.5 is chance.

    Hanley and McNeil 1982, "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve",
    Radiology 143:29.
    """

    NAME: ClassVar[str] = "auroc"

    def statistic(self, positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
        """The area under the ROC curve."""
        return auroc(positive, negative)


@dataclass(frozen=True, slots=True, kw_only=True)
class TruePositiveRate(_Apart):
    """Share of the positive kind that is found when at most a given share of the negative kind is accused.

    Carlini et al. 2022, "Membership Inference Attacks From First Principles" (arXiv:2112.03570), section IV.
    """

    NAME: ClassVar[str] = "true_positive_rate"

    false_positive_rate: float = 0.01
    """Maximum share of the negative kind that is accused."""

    def statistic(self, positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
        """The true positive rate at this false positive rate."""
        return true_positive_rate(positive, negative, self.false_positive_rate)

    def ends(self, samples: Sequence[Sample], value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """None: the threshold depends on the few highest values of the negative kind."""
        return None, "it depends on a few items"
