"""What each item may be worth as far as a run shows: one value, or any between two where it is not known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.units import unit_of
from audit.stats import definitions
from audit.stats.definitions import counts_completions
from audit.stats.definitions.base import is_scored
from audit.stats.definitions.means.mean import Mean
from audit.stats.pairing.alignment import aligned, item_values
from audit.stats.sequential import units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.core.records import Metric, Sample
    from audit.gate.rules.baseline import Baseline
    from audit.stats.definitions import Definition
    from audit.stats.pairing.alignment import Side
    from audit.stats.sequential import Units

AT_END = "it is decided when all items of the task are there"


class NotEarlyError(Exception):
    """Why a rule cannot be decided before all items are there."""


@dataclass(frozen=True, slots=True)
class ItemValues:
    """Items with the lowest and highest value that each may have, in the metric's unit."""

    low: list[float]
    """Lowest."""
    high: list[float]
    """Highest; equal where the value is known."""
    bounds: tuple[float, float]
    """Between which any value lies."""
    known: int
    """Items that have a value."""
    clusters: list[str] | None = None
    """The cluster of each item, where whole clusters were drawn; None where single items were."""
    largest: int | None = None
    """Items of the largest cluster in the data set."""

    @property
    def independent(self) -> int:
        """Independent units: clusters, or items."""
        return len(self.low) if self.clusters is None else len(set(self.clusters))

    def ends(self) -> tuple[Units, Units]:
        """Units of the lowest values, and of the highest."""
        lowest = units(self.low, self.bounds, self.clusters, self.largest)
        same = self.low == self.high
        return lowest, lowest if same else units(self.high, self.bounds, self.clusters, self.largest)


def of_metric(
    metric: Metric, samples: Sequence[Sample], bounds: Iterable[Metric], largest: int | None = None
) -> ItemValues:
    """The items of one run.

    Args:
        metric: A mean of item values.
        samples: All of its task.
        bounds: The metric with cut answers counted as wrong, and as right; none where no answer was cut.
        largest: Items of the largest cluster in the data set, where whole clusters were drawn.

    Raises:
        NotEarlyError: The metric is no such mean, or items are in clusters that were not drawn as a whole.
    """
    definition, whole = mean_of(metric), _range(metric)
    chosen = definition.select(samples, metric.slice)
    values = _per_item(definition, chosen)
    ends = [_per_item(mean_of(bound), chosen) for bound in bounds]
    inside = {sample.sample_id for sample in chosen}
    outside = [one for one in samples if one.sample_id not in inside and not is_scored(one)] if metric.slice else []
    items = [*chosen, *outside]  # an item that could not be scored may belong to any slice
    clusters = _clusters(definition, items, largest)
    if counts_completions(metric) and len(values) < len(items):
        reason = "answers without a value are not counted by item"
        raise NotEarlyError(reason)
    scale = definition.scale
    seen = [[scale * found[one.sample_id] for found in (values, *ends)] if one.sample_id in values else whole
            for one in items]  # fmt: skip
    return ItemValues(
        low=[_within(min(one), whole) for one in seen],
        high=[_within(max(one), whole) for one in seen],
        bounds=whole,
        known=len(values),
        clusters=clusters,
        largest=largest,
    )


def of_pairs(metric: Metric, baseline: Baseline, largest: int | None = None) -> ItemValues:
    """The items of the judged run, each with its difference to the baseline.

    Items that the baseline alone has are not drawn yet. Those that it lacks, and those without a value on one side,
    may differ by as much as the unit allows.

    Args:
        metric: A mean of item values, of the judged run.
        baseline: Knows the samples of both.
        largest: As in :func:`of_metric`.

    Raises:
        NotEarlyError: As :func:`of_metric`; or an item is in the slice in one run alone.
        UsageError: Sample ids occur twice, or clusters differ between the runs.
        TypeError: The definition cannot be followed.
    """
    definition, (low, high) = mean_of(metric), _range(metric)
    before, after = baseline.sides(metric)
    alignment = aligned(before, after)
    if alignment.in_one_slice:
        reason = "which items it covers depends on the answers"
        raise NotEarlyError(reason)
    clusters = _clusters(definition, after.about.values(), largest)
    width, scale, cut = high - low, definition.scale, baseline.cut_items(metric)
    values = [_averaged(one.values) for one in (before, after)]
    if len(_lengths(before) | _lengths(after)) > 1:
        reason = "its items have different numbers of answers with a value"
        raise NotEarlyError(reason)
    paired = set(alignment.paired)
    ends = [
        _difference(scale * (values[1][name] - values[0][name]), width if name in cut else 0.0, width)
        if name in paired
        else (-width, width)
        for name in after.about
    ]
    return ItemValues(
        low=[one for one, _ in ends],
        high=[one for _, one in ends],
        bounds=(-width, width),
        known=len(paired),
        clusters=clusters,
        largest=largest,
    )


def of_flag(samples: Sequence[Sample], flag: str, largest: int | None = None) -> ItemValues:
    """1 for each sample with a flag, 0 for each without; one that could not be scored may be either.

    Args:
        samples: All of the task.
        flag: The flag.
        largest: As in :func:`of_metric`.

    Raises:
        NotEarlyError: Items are in clusters that were not drawn as a whole.
    """
    clusters = _clusters(Mean(), samples, largest)
    seen = [float(flag in sample.flags) for sample in samples]
    known = [is_scored(sample) for sample in samples]
    return ItemValues(
        low=seen,
        high=[value if sure else 1.0 for value, sure in zip(seen, known, strict=True)],
        bounds=(0.0, 1.0),
        known=sum(known),
        clusters=clusters,
        largest=largest,
    )


def mean_of(metric: Metric) -> Mean:
    """The definition of a mean.

    Raises:
        NotEarlyError: It is another metric.
        TypeError: It cannot be followed.
    """
    definition = definitions.read(metric.definition) if metric.definition else None
    if not isinstance(definition, Mean) or not definition.IS_MEAN or definition.tasks(metric.task) != (metric.task,):
        reason = "it is no mean of one value per item"
        raise NotEarlyError(reason)
    return definition


def _range(metric: Metric) -> tuple[float, float]:
    whole = unit_of(metric.unit).whole_range
    if whole is None:
        reason = f"values in {metric.unit} have no bounds"
        raise NotEarlyError(reason)
    return whole


def _per_item(definition: Mean, chosen: Sequence[Sample]) -> dict[str, float]:
    """The value of each item that has one, before scaling.

    Raises:
        NotEarlyError: Items have different weights.
    """
    found = item_values(definition, chosen)
    if len({len(numbers) for numbers in found.values()}) > 1:
        reason = "its items have different numbers of answers with a value"
        raise NotEarlyError(reason)
    return _averaged(found)


def _averaged(found: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: math.fsum(numbers) / len(numbers) for name, numbers in found.items()}


def _lengths(one: Side) -> set[int]:
    return {len(numbers) for numbers in one.values.values()}


def _difference(value: float, unknown: float, width: float) -> tuple[float, float]:
    """The ends of a difference of which so much is not known."""
    return max(-width, value - unknown), min(width, value + unknown)


def _within(value: float, whole: tuple[float, float]) -> float:
    """The value, without what rounding puts beyond the range; anything else is refused by :func:`units`."""
    low, high = whole
    nearest = min(max(value, low), high)
    return nearest if math.isclose(value, nearest, rel_tol=1e-9, abs_tol=1e-9) else value


def _clusters(definition: Definition, items: Iterable[Sample], largest: int | None) -> list[str] | None:
    """The cluster of each item; None where items are independent.

    Those of a cluster are not independent, and where they are drawn one by one, it is never complete.

    Raises:
        NotEarlyError: There is a cluster that was not drawn as a whole.
    """
    by = definition.cluster
    found = [one.slices.get(by) if by else one.cluster for one in items]
    known = [one for one in found if one is not None]
    if not known and largest is None:
        return None
    if by or largest is None or len(known) < len(found):
        reason = "its items are in clusters, which are drawn one by one"
        raise NotEarlyError(reason)
    return known
