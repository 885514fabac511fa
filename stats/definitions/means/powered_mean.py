"""The mean that people would find, from a judge's numbers of all outputs and people's labels of a random sample."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.core.records import Flag
from audit.core.units import unit_of
from audit.stats.clusters import cluster_codes
from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, none_scored, places_of
from audit.stats.definitions.means.mean import field_of, scaled_interval
from audit.stats.interval import Interval, t_interval
from audit.stats.prediction_powered import LEAST_LABELS
from audit.stats.prediction_powered.share import powered_share
from audit.stats.prediction_powered.tuned import LabelledSample, clustered_variance, jackknife_variance, tuned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample

OF_ENDS = 4
"""Labels that differ from the most frequent one from which on Student's interval is wide enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoweredMean(Definition):
    """Prediction-powered mean, tuned for power (PPI++: Angelopoulos, Duchi and Zrnic 2023, arXiv:2311.01453).

    Samples with ``label`` are a random sample of all; the others have the judge's number alone. With labels of 0 and 1
    value and interval are those of :func:`audit.stats.prediction_powered.share.powered_share`; else the value is
    PPI++'s, and the interval Student's with n − 1 degrees of freedom (of clusters: with theirs) and at least the
    jackknife's variance, since the normal one of the package ppi-python is too short at few labels. Where all outputs
    have a label, it is that of their mean.
    """

    NAME: ClassVar[str] = "powered_mean"

    of: str = "score"
    """The judge's number: ``score``, or ``scores.NAME``."""
    label: str = "scores.label"
    """People's number of the samples that they labelled."""
    at_least: float | None = None
    """If set, each number counts as 1 from this threshold on and as 0 below it."""
    if_cut: float | None = None
    """If set, number and label of outputs that were cut by the token limit, provided that they have one."""
    scale: float = 1.0
    """Factor for value and interval."""

    def numbers(self, sample: Sample) -> tuple[float | None, float | None]:
        """The judge's number and people's label; null where a sample has none."""
        if sample.error is not None:
            return None, None
        found = field_of(sample, self.of), field_of(sample, self.label)
        mine, theirs = (None if one is None else self._counted(one, sample) for one in found)
        return mine, theirs

    def _counted(self, number: float, sample: Sample) -> float:
        """A number as the mean has it."""
        if self.if_cut is not None and Flag.TRUNCATED_OUTPUT in sample.flags:
            return self.if_cut
        return number if self.at_least is None else float(number >= self.at_least)

    def _split(self, samples: Sequence[Sample]) -> tuple[list[Sample], LabelledSample]:
        """Samples with a judge's number, those with a label first, and their numbers with clusters."""
        given = [(sample, *self.numbers(sample)) for sample in samples]
        judged = [(sample, mine, label) for sample, mine, label in given if mine is not None]
        labelled = [(sample, mine, label) for sample, mine, label in judged if label is not None]
        others = [(sample, mine) for sample, mine, label in judged if label is None]
        ordered = [*(sample for sample, _, _ in labelled), *(sample for sample, _ in others)]
        values = LabelledSample(
            np.array([label for _, _, label in labelled], dtype=np.float64),
            np.array([mine for _, mine, _ in labelled], dtype=np.float64),
            np.array([mine for _, mine in others], dtype=np.float64),
        )
        units = [self.unit_of(sample) for sample in ordered]
        if len(set(units)) < len(units):
            codes = cluster_codes(np.concatenate([values.judged, values.others]), units)
            values = replace(values, clusters=codes)
        return ordered, values

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval; ``n`` counts the outputs that the judge judged."""
        ordered, values = self._split(samples)
        n, labels = len(ordered), len(values.labels)
        missing = sum(map(is_scored, samples)) - sum(map(is_scored, ordered))
        if not n:
            return Estimate(None, 0, missing, error=none_scored(samples, len(samples)))
        if labels < LEAST_LABELS:
            return Estimate(None, n, missing, error=f"{labels} labels of people; {LEAST_LABELS} are needed")
        numbers = np.concatenate([values.labels, values.scores])
        if not np.isfinite(numbers).all():
            return Estimate(None, n, missing, error="labels or judged numbers are NaN or infinite")
        if len(values.others) < 2:
            value = float(values.labels.mean())
            ends = self._of_labels(ordered[:labels], values, unit, confidence) if interval else None
            return Estimate(self.scale * value, n, missing, ends)
        if set(values.labels.tolist()) <= {0.0, 1.0}:
            clusters = None if values.clusters is None else values.clusters.tolist()
            share = powered_share(values.labels, values.judged, values.others, clusters=clusters, confidence=confidence)
            return Estimate(self.scale * share.value, n, missing, self._scaled(share.interval if interval else None))
        ends = self._student(values, confidence) if interval else None
        domain = unit_of(unit)  # the estimate of few labels may lie outside
        value = min(domain.high, max(domain.low, self.scale * tuned(values).value))
        return Estimate(value, n, missing, self._scaled(ends))

    def _of_labels(
        self, labelled: Sequence[Sample], values: LabelledSample, unit: str, confidence: float
    ) -> Interval | None:
        """The interval of the labels' mean, where nothing is left to correct."""
        return scaled_interval(
            values.labels.tolist(),
            [self.cluster_of(sample) for sample in labelled],
            unit=unit,
            scale=self.scale,
            seed=self.seed,
            resamples=self.resamples,
            confidence=confidence,
        )

    def _scaled(self, ends: Interval | None) -> Interval | None:
        return ends and Interval(self.scale * ends.low, self.scale * ends.high, ends.method, ends.confidence)

    def _student(self, values: LabelledSample, confidence: float) -> Interval | None:
        """Student's interval of a tuned mean; None where labels show no spread, or nearly none."""
        found = tuned(values)
        variance, freedom = found.variance, values.freedom
        _, often = np.unique(values.labels, return_counts=True)
        if freedom == 0 or len(values.labels) - often.max() < OF_ENDS:
            return None
        variance = max(variance, jackknife_variance(values) + found.of_others)
        if values.clusters is not None:
            variance = max(variance, clustered_variance(found.influences, values.clusters))
        return t_interval(found.value, math.sqrt(variance), freedom, confidence, "powered_t")

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """The mean on other draws of the same outputs, with the λ of these."""
        ordered, values = self._split(samples)
        units, of_row = places_of([self.unit_of(sample) for sample in ordered])
        labels = len(values.labels)
        tuning = tuned(values).tuning if labels >= 2 and len(values.others) >= 2 else 0.0
        left = values.labels - tuning * values.judged

        def value(weights: np.ndarray) -> float:
            rows = weights[of_row]
            mine, rest = rows[:labels], rows[labels:]
            if not mine.sum() or (tuning and not rest.sum()):
                return math.nan
            others = tuning * float(rest @ values.others) / float(rest.sum()) if tuning else 0.0
            return self.scale * (float(mine @ left) / float(mine.sum()) + others)

        return Resampling(units, value)
