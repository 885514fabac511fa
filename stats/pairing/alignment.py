"""Which items two runs have in common, and which are missing on which side."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import UsageError
from audit.stats.definitions.base import is_scored
from audit.stats.definitions.clusters import OfClusters
from audit.stats.definitions.comparisons.groups import OfGroups
from audit.stats.definitions.comparisons.pairs import Paired
from audit.stats.definitions.corpora.corpus import Corpus
from audit.stats.definitions.counts.count import Count
from audit.stats.definitions.indexed_samples import by_id
from audit.stats.definitions.means.mean import Mean
from audit.stats.definitions.means.mean_of_completions import MeanOfCompletions
from audit.stats.definitions.means.members import Members
from audit.stats.definitions.registry import read
from audit.stats.definitions.statistic import Statistic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import Sample
    from audit.stats.definitions.base import Definition


@dataclass(frozen=True, slots=True)
class Alignment:
    """The items that a comparison is about, by ``sample_id``, in the order of the baseline."""

    paired: tuple[str, ...]
    """Items with a value on both sides: only they are compared."""
    not_in_baseline: tuple[str, ...]
    """Items that only the candidate has."""
    not_in_candidate: tuple[str, ...]
    """Items that only the baseline has."""
    unscored_in_baseline: tuple[str, ...]
    """Items of both runs without a value in the baseline."""
    unscored_in_candidate: tuple[str, ...]
    """Items of both runs without a value in the candidate; some may have none on either side."""
    in_one_slice: tuple[str, ...]
    """Items that both runs have and only one run counts, since the slice or condition depends on the answer. They are
    compared as part of the side that counts them."""

    @property
    def union(self) -> int:
        """Number of items that either side counts."""
        unscored = {*self.unscored_in_baseline, *self.unscored_in_candidate}
        return len(self.paired) + len(self.not_in_baseline) + len(self.not_in_candidate) + len(unscored)

    @property
    def share(self) -> float:
        """Compared items as a share of all items that either side counts; 0 if there are none."""
        return len(self.paired) / self.union if self.union else 0.0

    def missing(self) -> str:
        """What is missing on which side, in words; empty if nothing is."""
        parts = (
            (self.not_in_baseline, "not in the baseline"),
            (self.not_in_candidate, "not in the candidate"),
            (self.unscored_in_baseline, "without a value in the baseline"),
            (self.unscored_in_candidate, "without a value in the candidate"),
        )
        return ", ".join(f"{len(items)} {words}" for items, words in parts if items)


@dataclass(frozen=True, slots=True)
class Side:
    """The samples of one run that a metric is about."""

    definition: Definition
    """The metric."""
    every: dict[str, Sample]
    """All samples of the run, by id."""
    about: dict[str, Sample]
    """The items that the metric covers, scored or not, by id."""
    valued: frozenset[str]
    """Those with a value."""
    values: dict[str, list[float]]
    """The finite values of each item with one, by id, if the metric is a mean of them; otherwise empty."""
    chosen: list[Sample]
    """All samples that the metric covers: those of ``about``, and what belongs to them (second items of pairs)."""

    def only(self, ids: frozenset[str]) -> list[Sample]:
        """The covered samples of these items, with second items of pairs."""
        if len(self.about) == len(self.chosen):
            return [sample for sample in self.chosen if sample.sample_id in ids]
        pairs = {sample.pair for sample in self.about.values() if sample.sample_id in ids}
        return [sample for sample in self.chosen if sample.pair in pairs]


def side(definition: Definition, samples: Sequence[Sample], where: Mapping[str, str] | None, run: str) -> Side:
    """What a metric is about in one run.

    Args:
        definition: The metric.
        samples: All samples of the task or tasks.
        where: The metric's slice.
        run: Name of the run, for errors.

    Raises:
        UsageError: Two samples have the same id.
    """
    every = by_id(samples)
    if len(every) < len(samples):
        twice = [name for name, count in Counter(sample.sample_id for sample in samples).items() if count > 1]
        msg = f"{run}: {len(twice)} sample ids occur more than once, first {twice[0]}: remove the copies"
        raise UsageError(msg)
    chosen = definition.select(samples, where)
    items = chosen
    if isinstance(definition, Paired):
        items = [sample for sample in chosen if sample.slices.get(definition.by) == definition.first]
    values = item_values(definition, chosen)
    return Side(
        definition=definition,
        every=every,
        about={sample.sample_id: sample for sample in items},
        valued=frozenset(values or valued(definition, chosen)),
        values=values,
        chosen=chosen,
    )


def item_values(definition: Definition, samples: Sequence[Sample]) -> dict[str, list[float]]:
    """The finite values of each item with one, by id, if a metric is the mean of them; otherwise empty.

    Args:
        definition: The metric.
        samples: Those that it covers.
    """
    found: dict[str, list[float]] = {}
    if isinstance(definition, Paired) or (isinstance(definition, Mean) and definition.IS_MEAN):
        for sample, value in definition.values(samples):
            if math.isfinite(value):
                found.setdefault(sample.sample_id, []).append(value)
    return found


def valued(definition: Definition, samples: Sequence[Sample]) -> set[str]:
    """The ids of samples that have a value for a metric.

    Args:
        definition: The metric.
        samples: Those that it covers.
    """
    match definition:
        case Members():
            return {name for member, inside in _members(definition, samples) for name in valued(member, inside)}
        case Mean() | Paired():
            return {sample.sample_id for sample, value in definition.values(samples) if math.isfinite(value)}
        case OfGroups():
            reader = MeanOfCompletions(of=definition.of)
            return {sample.sample_id for sample, _ in reader.values(samples)}
        case Statistic() if not isinstance(definition, OfClusters | Corpus):
            return set(definition.table(samples).units)
    return {sample.sample_id for sample in samples if _has_value(definition, sample)}


def _members(definition: Members, samples: Sequence[Sample]) -> Iterator[tuple[Definition, list[Sample]]]:
    """Each member with the samples that it covers."""
    for task, written in definition.members.items():
        member = read(written)
        yield member, member.select([sample for sample in samples if sample.task == task], None)


def _has_value(definition: Definition, sample: Sample) -> bool:
    """Whether a sample has a value for a metric that looks at one sample at a time."""
    if isinstance(definition, Count):
        return True
    if isinstance(definition, Corpus):  # without the counts of n-grams that its table has
        return definition.pair(sample) is not None
    field = getattr(definition, "of", None)
    return Mean(of=field).of_sample(sample) is not None if isinstance(field, str) else is_scored(sample)


def check_clusters(one: Side, other: Side, first: str, second: str) -> None:
    """Require each item to be in the same cluster of both runs: clusters are drawn together.

    Args:
        one: A run.
        other: Another.
        first: Name of the one, for errors.
        second: Name of the other.

    Raises:
        UsageError: An item belongs to another cluster in the other run.
    """
    for name in dict.fromkeys([*one.about, *other.about]):
        if name not in one.every or name not in other.every:
            continue
        here, there = (side.definition.cluster_of(side.every[name]) for side in (one, other))
        if here != there:
            msg = f"item {name} is in cluster {here!r} of {first} and {there!r} of {second}: the data differ"
            raise UsageError(msg)


def aligned(baseline: Side, candidate: Side) -> Alignment:
    """Pair the items of two runs.

    Raises:
        UsageError: An item belongs to another cluster in the other run.
    """
    both = list(dict.fromkeys([*baseline.about, *candidate.about]))
    shared = [name for name in both if name in baseline.every and name in candidate.every]
    check_clusters(baseline, candidate, "the baseline", "the candidate")
    lost = [
        tuple(name for name in shared if name in side.about and name not in side.valued)
        for side in (baseline, candidate)
    ]
    unscored = {*lost[0], *lost[1]}
    return Alignment(
        paired=tuple(name for name in shared if name not in unscored),
        not_in_baseline=tuple(name for name in both if name not in baseline.every),
        not_in_candidate=tuple(name for name in both if name not in candidate.every),
        unscored_in_baseline=lost[0],
        unscored_in_candidate=lost[1],
        in_one_slice=tuple(name for name in shared if (name in baseline.about) != (name in candidate.about)),
    )
