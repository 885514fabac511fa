"""Groups in which a task's errors gather: searched for, and shown only if they hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from audit.core.units import unit_of
from audit.reports.errors.candidates import Candidates, candidates
from audit.reports.errors.embedding_groups import NOT_SAID, Embedded
from audit.stats.clusters import clustered_standard_error
from audit.stats.definitions.means.mean import scaled_interval
from audit.stats.interval import within
from audit.stats.intervals import RESAMPLES, Interval
from audit.stats.subgroups.contrast import contrast
from audit.stats.subgroups.search import FEWEST_CLUSTERS, FEWEST_ITEMS, codes_of, is_clustered, search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.reports.errors.quantity import Quantity
    from audit.stats.subgroups.search import SubgroupSearch

ALPHA = 0.05
"""Chance that a search finds any group that does not differ."""
FEWEST_SEARCHED = 40
"""Scored samples below which nothing is searched: only huge differences could be found."""
MOST_SEARCHED = 20_000
"""Samples that are searched at most, the first by the digest that is their id: with so many, small differences show."""
SHOWN = 12
"""Groups shown at most."""
ALIKE = 0.8
"""Groups that share this part of all their samples count as one; the clearest is shown."""
EXAMPLES = 3
"""Samples listed per group."""


@dataclass(frozen=True)
class Group:
    """The scored samples of one subset."""

    by: str
    """What divides: a slice's name, ``prompt length``, ``text``, …"""
    name: str
    """Which part, e.g. ``gender`` or ``12 to 31 tokens``."""
    n: int
    """Scored samples in it."""
    value: float
    """Mean of the quantity over them."""
    interval: Interval | None
    """Its confidence interval; null where the samples give none."""


@dataclass(frozen=True)
class FoundGroup(Group):
    """A group that differs from all other samples, beyond what the search explains."""

    rest: float
    """Mean of the quantity over all other samples."""
    difference: Interval
    """Interval of ``value - rest``, adjusted for the search."""
    p_value: float
    """Two-sided p-value, adjusted for the search."""
    examples: list[str] = field(default_factory=list)
    """Ids of some of its samples, worst first."""


@dataclass(frozen=True)
class GroupSearch:
    """What was searched, and what was found."""

    groups: list[FoundGroup]
    """What holds: groups that are worse than the rest, then those that are better; the largest difference first."""
    alike: int = 0
    """Groups that hold, too, but have nearly the same samples as one that is listed."""
    tested: int = 0
    """Groups that were compared with the rest."""
    kinds: list[str] = field(default_factory=list)
    """What divides them."""
    n: int = 0
    """Samples that were searched."""
    of: int = 0
    """Scored samples of the task."""
    detectable: float | None = None
    """Difference at which a group of a quarter of the samples would be found with 80 % power; in the unit of the
    quantity."""
    left_out: list[str] = field(default_factory=list)
    """What was not searched, and why."""
    too_few: str | None = None
    """Why nothing was searched; null otherwise."""


def searched(scored: Sequence[Sample]) -> list[int]:
    """Positions of the samples that are searched, by their ids: all, or of many the first."""
    return sorted(range(len(scored)), key=lambda place: scored[place].sample_id)[:MOST_SEARCHED]


def find_groups(
    scored: Sequence[Sample], quantity: Quantity, *, seed: int, embedded: Embedded = NOT_SAID
) -> GroupSearch:
    """Search the groups of :mod:`audit.reports.errors.candidates` for those that differ from all other samples.

    Args:
        scored: The scored samples of a task.
        quantity: What they are compared by.
        seed: Of permutations, text clusters and bootstrap.
        embedded: Embeddings of the samples.
    """
    if len(scored) < FEWEST_SEARCHED:
        return GroupSearch([], of=len(scored), too_few=_too_few(len(scored), "scored samples", FEWEST_SEARCHED))
    order = searched(scored)
    samples = [scored[place] for place in order]
    values = np.array([quantity.values[place] for place in order])
    clusters = [sample.cluster for sample in samples]
    codes = codes_of(clusters) if is_clustered(clusters) else None
    nothing = GroupSearch([], n=len(samples), of=len(scored))
    if codes is not None and int(codes.max()) + 1 < 2 * FEWEST_CLUSTERS:
        return replace(nothing, too_few=_too_few(int(codes.max()) + 1, "clusters of samples", 2 * FEWEST_CLUSTERS))
    if float(np.ptp(values)) == 0:
        return replace(nothing, too_few="all samples have the same score")
    given = candidates(samples, codes, seed=seed, embedded=embedded)
    if not given.groups:
        reason = f"no group has {FEWEST_ITEMS} samples in it and {FEWEST_ITEMS} outside"
        return replace(nothing, too_few=reason, left_out=given.left_out)
    subsets = np.array([group.inside for group in given.groups])
    result = search(values, clusters, subsets, seed=seed, alpha=ALPHA)
    holding = _holding(samples, values, clusters, given, result, quantity, seed)
    distinct = _without_alike(holding)
    return replace(
        nothing,
        groups=[group for group, _ in _ranked(distinct, quantity.worse)][:SHOWN],
        alike=len(holding) - min(SHOWN, len(distinct)),
        tested=len(given.groups),
        kinds=list(dict.fromkeys(group.by for group in given.groups)),
        detectable=_detectable(values, codes, result.critical, quantity.unit),
        left_out=given.left_out,
    )


def _too_few(count: int, what: str, least: int) -> str:
    return f"{count} {what}; a search needs at least {least}"


Held = tuple[FoundGroup, "NDArray[np.bool_]"]


def _holding(
    samples: Sequence[Sample],
    values: NDArray[np.float64],
    clusters: Sequence[str | None],
    given: Candidates,
    result: SubgroupSearch,
    quantity: Quantity,
    seed: int,
) -> list[Held]:
    """The groups whose adjusted p-value and interval both show a difference, the clearest first."""
    resampled = partial(scaled_interval, unit=quantity.unit, scale=1.0, seed=seed, resamples=RESAMPLES)

    def ends(numbers: Sequence[float], names: Sequence[str | None], confidence: float) -> Interval | None:
        return resampled(numbers, names, confidence=confidence)

    found: list[Held] = []
    for place in sorted(range(len(given.groups)), key=lambda one: -abs(result.statistics[one])):
        if result.p_values[place] > ALPHA:
            continue
        group = given.groups[place]
        other = given.others.get(place)
        if other is not None and result.statistics[place] * (quantity.worse or 1) < 0:
            group = other  # of two halves, the worse one is named
        one = contrast(values, clusters, group.inside, confidence=result.confidence, mean_interval=ends)
        if one.difference is None or one.difference.low <= 0 <= one.difference.high:
            continue
        difference = _within_unit(one.difference, quantity.unit)
        inside = np.flatnonzero(group.inside)
        worst = sorted(inside.tolist(), key=lambda place: -values[place] * (quantity.worse or 1))[:EXAMPLES]
        found.append(
            (
                FoundGroup(
                    by=group.by,
                    name=group.name,
                    n=one.n,
                    value=one.value,
                    interval=one.interval and within(one.interval, quantity.unit),
                    rest=one.rest,
                    difference=difference,
                    p_value=result.p_values[place],
                    examples=[samples[place].sample_id for place in worst],
                ),
                group.inside,
            )
        )
    return found


def _within_unit(difference: Interval, unit: str) -> Interval:
    """A difference of two values of a unit is no wider than its range."""
    domain = unit_of(unit)
    width = domain.high - domain.low
    return replace(difference, low=max(-width, difference.low), high=min(width, difference.high))


def _without_alike(holding: Sequence[Held]) -> list[Held]:
    """One of each set of groups that have nearly the same samples, the clearest."""
    kept: list[Held] = []
    for group, inside in holding:
        shared = ((inside & other).sum() / (inside | other).sum() for _, other in kept)
        if all(share < ALIKE for share in shared):
            kept.append((group, inside))
    return kept


def _ranked(holding: Sequence[Held], worse: int) -> list[Held]:
    """Groups that are worse than the rest first, each half by the size of the difference."""

    def key(held: Held) -> tuple[bool, float]:
        difference = held[0].value - held[0].rest
        return worse != 0 and difference * worse < 0, -abs(difference)

    return sorted(holding, key=key)


def _detectable(
    values: NDArray[np.float64], codes: NDArray[np.int64] | None, critical: float, unit: str
) -> float | None:
    """What a group of a quarter of the samples must differ by: the critical value and the normal quantile of 80 %."""
    names = range(len(values)) if codes is None else codes.tolist()
    found = (critical + 0.8416) * clustered_standard_error(values, names) / math.sqrt(0.25 * 0.75)
    domain = unit_of(unit)
    return found if found < domain.high - domain.low else None
