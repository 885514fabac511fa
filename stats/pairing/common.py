"""The items that several runs have in common, and which of them lacks how many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.formatting import counted
from audit.stats.pairing.alignment import check_clusters, side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.stats.definitions.base import Definition
    from audit.stats.pairing.alignment import Side


@dataclass(frozen=True, slots=True)
class CommonItems:
    """What one metric is about in several runs."""

    sides: tuple[Side, ...]
    """Each run's samples."""
    kept: tuple[str, ...]
    """Items with a value in every run, by id: only they are compared."""
    left_out: frozenset[str]
    """The other items that the metric is about in any run."""
    absent: tuple[int, ...]
    """Number of items that each run lacks."""
    unscored: tuple[int, ...]
    """Number of items of each run without a value."""

    @property
    def share(self) -> float:
        """Compared items as a share of all items that the metric is about in any run; 0 if there are none."""
        union = len(self.kept) + len(self.left_out)
        return len(self.kept) / union if union else 0.0

    def missing(self, names: Sequence[str]) -> str:
        """What is missing in which run, in words; empty if nothing is.

        Args:
            names: Of the runs.
        """
        parts = [
            f"{counted(count, 'item')} {words} {name}"
            for name, absent, unscored in zip(names, self.absent, self.unscored, strict=True)
            for count, words in ((absent, "not in"), (unscored, "without a value in"))
            if count
        ]
        return ", ".join(parts)

    def chosen(self, place: int) -> list[Sample]:
        """The samples of a run that the metric is computed from."""
        return self.sides[place].only(frozenset(self.kept))

    def comparable(self, place: int) -> list[Sample]:
        """All samples of a run but those of items that are left out."""
        return [sample for name, sample in self.sides[place].every.items() if name not in self.left_out]

    def values(self) -> NDArray[np.float64] | None:
        """The value of each item in each run (shape: runs × items), before scaling.

        None if the metric is no mean of one value per item, or if items have different weights: a condition on the
        answer holds in some runs only, or numbers of completions differ.
        """
        if not self.kept or not all(one.values for one in self.sides):
            return None
        if any(name not in one.about for one in self.sides for name in self.kept):
            return None
        if len({len(one.values[name]) for one in self.sides for name in self.kept}) > 1:
            return None
        rows = [[math.fsum(one.values[name]) / len(one.values[name]) for name in self.kept] for one in self.sides]
        return np.array(rows, dtype=np.float64)


def common_items(
    definition: Definition,
    runs: Sequence[Sequence[Sample]],
    where: Mapping[str, str] | None,
    names: Sequence[str],
) -> CommonItems:
    """Find the items that all runs have scored.

    Args:
        definition: The metric.
        runs: All samples of the task or tasks, run by run.
        where: The metric's slice.
        names: Of the runs, for errors.

    Raises:
        UsageError: Sample ids occur twice, or an item belongs to another cluster in another run.
    """
    sides = tuple(side(definition, samples, where, name) for samples, name in zip(runs, names, strict=True))
    for other, name in zip(sides[1:], names[1:], strict=True):
        check_clusters(sides[0], other, names[0], name)
    union = dict.fromkeys(name for one in sides for name in one.about)
    absent = [{name for name in union if name not in one.every} for one in sides]
    unscored = [{name for name in one.about if name not in one.valued} for one in sides]
    gone = frozenset().union(*absent, *unscored)
    return CommonItems(
        sides=sides,
        kept=tuple(name for name in union if name not in gone),
        left_out=frozenset(gone),
        absent=tuple(map(len, absent)),
        unscored=tuple(map(len, unscored)),
    )
