"""Functions of stored samples that a metric is defined by: with them a reader derives its number again."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from audit.core.units import SHARE_SCALES, unit_of
from audit.stats.intervals import RESAMPLES, Interval, mean_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import Metric, Sample

TRUNCATED_OUTPUT = "truncated_output"
"""Flag of a sample whose answer was cut by the bound of tokens."""
SCORES = "scores."
"""Begins the name of a field of ``Sample.scores``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The mean of one field over the samples of the metric's slice.

    Samples with an error, and those whose field is null, have no value.
    """

    of: str = "score"
    """Field of a sample: ``score``, or ``scores.NAME``."""
    key: bool = False
    """Whether it is about those samples alone whose ``scores`` hold the name."""
    where: dict[str, str] | None = None
    """Slice values of the samples that it is about, besides those of the metric's slice."""
    at_least: float | None = None
    """Take 1 from this value on and 0 below it, in place of the value itself."""
    if_cut: float | None = None
    """Take this for samples with a value whose answer was cut by the bound of tokens."""
    scale: float = 1.0
    """Factor on value and interval: 100 turns shares into percent."""
    resamples: int = RESAMPLES
    """Of the bootstrap."""
    seed: int = 0
    """Of the bootstrap."""

    @classmethod
    def read(cls, definition: Mapping[str, Any]) -> Self:
        """From :attr:`audit.core.records.Metric.definition`.

        Raises:
            TypeError: It is no definition of a mean.
        """
        fields = dict(definition)
        name = fields.pop("name", None)
        if name != "mean":
            msg = f"no known function is called {name!r}"
            raise TypeError(msg)
        return cls(**fields)

    def written(self) -> dict[str, Any]:
        """As it is in :attr:`audit.core.records.Metric.definition`; what is not set is left out."""
        fields = asdict(self)
        return {"name": "mean"} | {
            key: value for key, value in fields.items() if value is not None and value is not False
        }

    def is_about(self, sample: Sample, where: Mapping[str, str] | None) -> bool:
        """Whether a sample counts for the metric, with a value or without.

        Args:
            sample: Of the metric's task.
            where: The metric's slice.
        """
        wanted = {**(where or {}), **(self.where or {})}
        if self.key and self.of.removeprefix(SCORES) not in sample.scores:
            return False
        return all(sample.slices.get(name) == value for name, value in wanted.items())

    def value(self, sample: Sample) -> float | None:
        """The value of one sample; null where it has none."""
        if sample.error is not None:
            return None
        found = sample.scores.get(self.of.removeprefix(SCORES)) if self.of.startswith(SCORES) else sample.score
        if found is None:
            return None
        if self.at_least is not None:
            return float(found >= self.at_least)
        if self.if_cut is not None and TRUNCATED_OUTPUT in sample.flags:
            return self.if_cut
        return found

    def values(self, samples: Sequence[Sample], where: Mapping[str, str] | None) -> list[tuple[Sample, float]]:
        """The samples that have a value, with it, in order. Arguments as in :meth:`is_about`."""
        inside = ((sample, self.value(sample)) for sample in samples if self.is_about(sample, where))
        return [(sample, value) for sample, value in inside if value is not None]

    def missing(self, samples: Sequence[Sample], where: Mapping[str, str] | None) -> int:
        """How many samples it is about were scored and have no value. Arguments as in :meth:`is_about`."""
        inside = (sample for sample in samples if self.is_about(sample, where))
        return sum(is_scored(sample) and self.value(sample) is None for sample in inside)


def is_scored(sample: Sample) -> bool:
    """Whether a sample has a score to count on: finite, and no error."""
    return sample.error is None and sample.score is not None and math.isfinite(sample.score)


def scaled_mean(values: Sequence[float], scale: float) -> float:
    """The mean of a metric: the sum is exact, whatever the order."""
    return scale * math.fsum(values) / len(values)


def scaled_interval(
    values: Sequence[float],
    clusters: Sequence[str | None],
    *,
    unit: str,
    scale: float,
    seed: int,
    resamples: int,
    confidence: float,
) -> Interval | None:
    """The interval of a metric that is a mean, in its unit; the one place that asks for it.

    Args:
        values: One per item.
        clusters: Of the items.
        unit: Of the metric: only shares have the intervals of shares.
        scale: Factor on the values.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
        confidence: Nominal coverage.
    """
    domain = unit_of(unit)
    found = mean_interval(
        values,
        clusters=clusters,
        seed=seed,
        resamples=resamples,
        confidence=confidence,
        share=SHARE_SCALES.get(unit) == scale,
        bounds=(domain.low / scale, domain.high / scale),
    )
    return found and within(Interval(scale * found.low, scale * found.high, found.method, confidence), unit)


def within(interval: Interval, unit: str) -> Interval:
    """The interval without what the unit cannot be: Student's, which few items get, goes beyond."""
    domain = unit_of(unit)
    low, high = max(domain.low, interval.low), min(domain.high, interval.high)
    return Interval(low, high, interval.method, interval.confidence)


def defined_interval(metric: Metric, mean: Mean, pairs: Sequence[tuple[Sample, float]]) -> Interval | None:
    """The interval of a metric, from the values that its definition gives."""
    return scaled_interval(
        [value for _, value in pairs],
        [sample.cluster for sample, _ in pairs],
        unit=metric.unit,
        scale=mean.scale,
        seed=mean.seed,
        resamples=mean.resamples,
        confidence=metric.confidence,
    )


def differences(metric: Metric, samples: Sequence[Sample], *, interval: bool) -> Iterator[str]:
    """Where a metric differs from what its definition makes of the samples; nothing for one without a definition.

    Args:
        metric: Of a task.
        samples: All of the task.
        interval: Whether the interval is computed again, too.
    """
    if metric.definition is None:
        return
    try:
        mean = Mean.read(metric.definition)
    except TypeError as error:
        yield f"{metric.name} has a definition that cannot be followed: {error}"
        return
    name = f"{metric.name} with slice {metric.slice}" if metric.slice else metric.name
    pairs, missing = mean.values(samples, metric.slice), mean.missing(samples, metric.slice)
    if not pairs or (metric.n, metric.missing) != (len(pairs), missing):
        counts = f"n {metric.n}, missing {metric.missing}"
        yield f"{name} has {counts}, the samples give n {len(pairs)}, missing {missing}"
        return
    value = scaled_mean([value for _, value in pairs], mean.scale)
    if not _equal(metric.value, value):
        yield f"{name} is {shown(metric.value)}, the samples give {shown(value)}"
    found = defined_interval(metric, mean, pairs) if interval else None
    low, high = (found.low, found.high) if found else (None, None)
    if interval and not (_equal(metric.ci_low, low) and _equal(metric.ci_high, high)):
        said, given = (f"{shown(a)} to {shown(b)}" for a, b in ((metric.ci_low, metric.ci_high), (low, high)))
        yield f"the interval of {name} is {said}, the samples give {given}"


def _equal(one: float | None, other: float | None) -> bool:
    """Whether two numbers are the same but for rounding, or both absent."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def shown(value: float | None) -> str:
    """A number of a metric in a message."""
    return "none" if value is None else f"{value:.6g}"
