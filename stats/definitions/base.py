"""What a definition is: a named function of stored samples that gives a metric its value and its interval."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, get_type_hints

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from audit.core.config.fields import Resamples  # noqa: TC001 - read at run time, as hints of the fields
from audit.core.records import Flag
from audit.core.records.faults import fault_text
from audit.stats.definitions.indexed_samples import having
from audit.stats.intervals import RESAMPLES, Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample


P_VALUE = "a p-value has no interval"
"""Why a p-value has none."""


def too_few(count: int, what: str, least: int) -> str:
    """Why so few items, clusters, … give no interval."""
    return f"only {count} {what}; an interval needs at least {least}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a definition computes from samples."""

    value: float | None
    """In the metric's unit; null where it cannot be computed (see ``error``)."""
    n: int
    """Number of items that the value is based on."""
    missing: int = 0
    """Scored items that have no value."""
    interval: Interval | None = None
    """In the metric's unit."""
    no_interval: str | None = None
    """Why there is no interval."""
    error: str | None = None
    """Why there is no value."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How to compute a metric on other draws of the same items."""

    units: tuple[str, ...]
    """Units that are drawn: clusters, and items that are their own (:meth:`Definition.unit_of`). Two runs are paired by
    these names."""
    value: Callable[[NDArray[np.float64]], float]
    """The metric if unit ``i`` counts ``weights[i]`` times (shape: units); NaN if it then has no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition(ABC):
    """A function of a task's samples, given by its name and arguments.

    A new kind is a file in a folder here and its import in ``audit.stats.definitions``. All that a kind needs to know
    is in its fields, which are plain JSON, and in the samples: two calls on the same samples give the same numbers.
    """

    NAME: ClassVar[str]
    """Name in ``metrics.json``."""
    IS_MEAN: ClassVar[bool] = False
    """Whether it is the mean of one value per item within the unit's bounds: then missing values can only move it so
    far."""

    COUNTS_COMPLETIONS: ClassVar[bool] = False
    """Whether ``n`` counts completions, of which an item may have many, rather than items."""

    COUNTS_PAIRS: ClassVar[bool] = False
    """Whether ``n`` counts items that several samples are about (:attr:`Sample.pair`), rather than samples."""

    IS_COUNT: ClassVar[bool] = False
    """Whether it counts what is among the samples, which is known and needs no interval."""

    IS_P_VALUE: ClassVar[bool] = False
    """Whether it is the p-value of a test: it has no interval, and a large one is evidence of nothing."""

    OF_TEXTS: ClassVar[bool] = False
    """Whether it reads the texts of samples, which change when personal data is removed."""

    where: Mapping[str, str | None] | None = None
    """Slice values that its samples must have, in addition to the metric's slice; null for samples without the
    slice."""
    columns: tuple[str, ...] | None = None
    """Names in the metric's slice that say what is measured (``attack``, ``label``), not which samples."""
    cluster: str | None = None
    """Slice whose value is an item's cluster, instead of the sample's own cluster."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the bootstrap."""
    resamples: Resamples = RESAMPLES
    """Number of bootstrap resamples."""
    explained: tuple[str, ...] | None = None
    """Only for suite ``explain``, instead of samples: the attributions that it covers, by id and in order, with a name
    for each sample that could not be explained (:func:`audit.stats.records.of_attributions`)."""

    @property
    def is_count(self) -> bool:
        """Whether its value is known as it is: a count over the samples, not an estimate."""
        return self.IS_COUNT

    def tasks(self, own: str) -> tuple[str, ...]:
        """Tasks whose samples it uses.

        Args:
            own: Task of the metric.
        """
        return (own,)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """From its arguments as :attr:`audit.core.records.Metric.definition` has them, without the name.

        Raises:
            TypeError: An argument is missing, is none of this kind, or is not of its type.
        """
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in written.items()}
        try:
            _arguments(cls).model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            msg = f"{'.'.join(map(str, first['loc']))}: {fault_text(first)}"
            raise TypeError(msg) from error
        return cls(**given)

    def written(self) -> dict[str, Any]:
        """As in :attr:`audit.core.records.Metric.definition`; without null and false where they are the default."""
        unset = {one.name for one in fields(self) if _is_unset(getattr(self, one.name), one.default)}
        given = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {"name": self.NAME} | {k: v for k, v in given.items() if k not in unset}

    def select(self, samples: Sequence[Sample], where: Mapping[str, str] | None) -> list[Sample]:
        """The samples that it covers, scored or not, in order.

        Args:
            samples: All samples of the task.
            where: The metric's slice.
        """
        inside = samples
        for name, value in self._wanted(where).items():
            inside = having(inside, name, value)
        return [sample for sample in inside if self.is_about(sample, None)]

    def is_about(self, sample: Sample, where: Mapping[str, str] | None) -> bool:
        """Whether it covers a sample, scored or not. Arguments as in :meth:`select`."""
        wanted = self._wanted(where)
        return not wanted or all(sample.slices.get(name) == value for name, value in wanted.items())

    def _wanted(self, where: Mapping[str, str] | None) -> Mapping[str, str | None]:
        """Slice values that its samples must have."""
        if not where:
            return self.where or {}
        subset = {name: value for name, value in where.items() if name not in (self.columns or ())}
        return {**subset, **(self.where or {})}

    def cluster_of(self, sample: Sample) -> str | None:
        """The cluster of an item; null for an item that is its own cluster."""
        return sample.slices.get(self.cluster) if self.cluster else sample.cluster

    def unit_of(self, sample: Sample) -> str:
        """The name of what an item is drawn with: its cluster, or the item alone. No cluster is named as an item is."""
        cluster = self.cluster_of(sample)
        return f"item {sample.sample_id}" if cluster is None else f"cluster {cluster}"

    def for_slice(self, where: Mapping[str, str]) -> Self:
        """The definition of the same metric on a slice; itself, unless the value depends on other categories, too.

        Args:
            where: The slice. One that the definition takes care of belongs into ``columns``.
        """
        return self

    @abstractmethod
    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval.

        Args:
            samples: Those that it covers (:meth:`select`).
            unit: Unit of the metric: its bounds limit the interval.
            confidence: Nominal coverage of the interval.
            interval: Whether the interval is computed; a bootstrap may take a second.
        """

    def value(self, samples: Sequence[Sample]) -> float | None:
        """The value alone; null where it cannot be computed.

        Args:
            samples: Those that it covers (:meth:`select`).
        """
        return self.estimate(samples, unit="score", interval=False).value

    def interval(
        self, samples: Sequence[Sample], seed: int | None = None, *, unit: str, confidence: float = 0.95
    ) -> Interval | None:
        """The interval alone; null where there is none.

        Args:
            samples: Those that it covers (:meth:`select`).
            seed: Seed of the bootstrap; None takes the definition's own.
            unit: Unit of the metric: its bounds limit the interval.
            confidence: Nominal coverage.
        """
        seeded = self if seed is None else replace(self, seed=seed)
        return seeded.estimate(samples, unit=unit, confidence=confidence).interval

    @abstractmethod
    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """How to compute it on other draws of these samples, for bootstrap and paired comparison."""


def _is_unset(value: object, default: object) -> bool:
    """Whether the value of a field is null or false and its default is the same."""
    return (value is None or value is False) and value is default


@cache
def _arguments(kind: type[Definition]) -> type[BaseModel]:
    """A model of the arguments of a kind: it knows their types and forbids others."""
    hints = get_type_hints(kind, localns={"Mapping": Mapping}, include_extras=True)
    arguments: dict[str, Any] = {
        one.name: (hints[one.name], ... if one.default is MISSING else one.default) for one in fields(kind)
    }
    strict = ConfigDict(strict=True, extra="forbid", protected_namespaces=())
    return create_model(kind.__name__, __config__=strict, **arguments)


def places_of(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The units that rows belong to, in order of appearance, and the place of each row's unit among them.

    Args:
        names: The name of each row's unit.
    """
    units = tuple(dict.fromkeys(names))
    places = {unit: place for place, unit in enumerate(units)}
    return units, np.array([places[name] for name in names], dtype=np.intp)


def mean_resampling(units: Sequence[str], values: Sequence[float], scale: float = 1.0) -> Resampling:
    """A mean over rows, each with the weight of its unit.

    Args:
        units: The name of each row's unit.
        values: One number per row.
        scale: Factor on the mean.
    """
    names, of_row = places_of(units)
    numbers = np.array(values, dtype=np.float64)

    def value(weights: NDArray[np.float64]) -> float:
        row_weights = weights[of_row]
        total = row_weights.sum()
        return float(scale * (row_weights @ numbers) / total) if total else math.nan

    return Resampling(names, value)


def sum_resampling(units: Sequence[str], counts: Sequence[float]) -> Resampling:
    """A sum over rows, each with the weight of its unit.

    Args:
        units: The name of each row's unit.
        counts: One number per row.
    """
    names, of_row = places_of(units)
    numbers = np.array(counts)

    def value(weights: NDArray[np.float64]) -> float:
        return float(weights[of_row] @ numbers)

    return Resampling(names, value)


def none_scored(samples: Sequence[Sample], count: int, what: str = "items") -> str:
    """Why there is no value when no item has one.

    Args:
        samples: Those that the metric covers.
        count: How many of ``what`` they are.
        what: What has values.
    """
    unread = bool(samples) and all(Flag.NOT_ENGLISH in sample.flags for sample in samples)
    return f"none of {count} {what} could be scored" + (": the judge does not read their language" if unread else "")


def is_scored(sample: Sample) -> bool:
    """Whether a sample has a usable score: finite, and no error."""
    return sample.error is None and sample.score is not None and math.isfinite(sample.score)
