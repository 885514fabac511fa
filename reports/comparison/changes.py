"""What changed between two runs of a task: by slice, and the items that lost most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import slice_text
from audit.core.sensitive import is_hidden
from audit.gate.comparison.changed import badness, changed_items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Sample
    from audit.gate.comparison.changed import ChangedItem

MOST_VALUES = 12
"""A category with more values is no slice that a reader can compare."""


@dataclass(frozen=True)
class SliceChanges:
    """The items of one slice that both runs scored."""

    name: str
    """``bias_type=gender``."""
    n: int
    """Items that both runs scored."""
    higher: int
    """Of these, items with a higher score in the later run."""
    lower: int
    """Items with a lower score."""
    change: float
    """Mean change of the score."""


@dataclass(frozen=True)
class ItemGroup:
    """Changed items of one slice, the worst first."""

    title: str
    """The slice; empty where the samples have none that divides them."""
    items: list[ChangedItem]
    """Of which some may be hidden (:func:`audit.core.sensitive.is_hidden`)."""


@dataclass(frozen=True)
class TaskChanges:
    """Everything that changed in a task."""

    task: str
    """Its name."""
    direction: str
    """Whether a higher score is better, in words."""
    n: int
    """Items that both runs scored."""
    changed: int
    """Items whose score changed."""
    slices: list[SliceChanges]
    """The worst first."""
    groups: list[ItemGroup]
    """The worst items by slice; the slice with the worst item first."""
    listed: int
    """Items in the groups."""
    up: int
    """Items with a higher score in the later run."""
    down: int
    """Items with a lower score."""
    reworded: int
    """Items with another output and the same score."""
    right_or_wrong: bool
    """Whether every score is 0 or 1."""
    higher_is_better: bool | None
    """Direction of the score; null where neither end is good."""

    @property
    def loss(self) -> float:
        """By how many items more lost than gained, as a share of all; where neither end is good, the changed share."""
        net = self.changed if self.higher_is_better is None else self.down - self.up
        return (net if self.higher_is_better is not False else -net) / max(self.n, 1)

    @property
    def items(self) -> list[ChangedItem]:
        """The listed items, those of one group together."""
        return [item for group in self.groups for item in group.items]

    @property
    def counts(self) -> str:
        """What changed, in one line: ``12 of 40 items: 5 fixed, 7 broken; 3 more answers differ``."""
        if self.higher_is_better is None:
            parts = f"{self.up:,} higher, {self.down:,} lower"
        else:
            words = ("fixed", "broken") if self.right_or_wrong else ("better", "worse")
            better, worse = (self.up, self.down) if self.higher_is_better else (self.down, self.up)
            parts = f"{better:,} {words[0]}, {worse:,} {words[1]}"
        more = f"; {self.reworded:,} more with another output and the same score" if self.reworded else ""
        if not self.changed:
            return f"none of {self.n:,} items; {self.reworded:,} with another output and the same score"
        return f"{self.changed:,} of {self.n:,} items: {parts}{more}"

    def hides(self, item: ChangedItem) -> bool:
        """Whether a reader must ask for the texts of an item, which may offend."""
        return is_hidden(item.baseline) or is_hidden(item.candidate)


def task_changes(
    task: str,
    before: Sequence[Sample],
    after: Sequence[Sample],
    *,
    higher_is_better: bool | None,
    most: int,
) -> TaskChanges:
    """Compare the scores of a task's items.

    Args:
        task: Its name.
        before: Samples of the earlier run.
        after: Samples of the later run.
        higher_is_better: Direction of the score; None where neither end is good.
        most: Items that are listed.
    """
    items = changed_items(before, after, higher_is_better=higher_is_better)
    pairs = _scored(before, after)
    listed = items[:most]
    words = {True: "higher is better", False: "lower is better", None: "neither end is good"}
    return TaskChanges(
        task=task,
        direction=words[higher_is_better],
        n=len(pairs),
        changed=len(items),
        slices=_slices(pairs, higher_is_better),
        groups=_groups(listed, pairs),
        listed=len(listed),
        up=sum(item.change > 0 for item in items),
        down=sum(item.change < 0 for item in items),
        reworded=_reworded(before, after),
        right_or_wrong={one.score for one in (*before, *after) if one.score is not None} <= {0.0, 1.0},
        higher_is_better=higher_is_better,
    )


def _reworded(before: Sequence[Sample], after: Sequence[Sample]) -> int:
    """Items with another output and the same score; those whose output is not kept do not count."""
    earlier = {one.sample_id: one for one in before if one.error is None}
    pairs = [(other, one) for one in after if one.error is None and (other := earlier.get(one.sample_id)) is not None]
    return sum(
        None not in (other.output, one.output, one.score) and other.output != one.output and other.score == one.score
        for other, one in pairs
    )


def _scored(before: Sequence[Sample], after: Sequence[Sample]) -> list[tuple[Sample, float]]:
    """Items that both runs scored: the later run's sample, and the change of the score."""
    scores = {one.sample_id: one.score for one in before if one.error is None}
    found = []
    for sample in after:
        earlier, later = scores.get(sample.sample_id), sample.score
        if sample.error is None and earlier is not None and later is not None and math.isfinite(later - earlier):
            found.append((sample, later - earlier))
    return found


def _values(pairs: Sequence[tuple[Sample, float]]) -> Mapping[str, list[str]]:
    """The values of every category that divides the items into a few slices."""
    found: dict[str, dict[str, None]] = {}
    for sample, _ in pairs:
        for key, value in sample.slices.items():
            found.setdefault(key, {})[value] = None
    return {key: list(values) for key, values in found.items() if 2 <= len(values) <= MOST_VALUES}


def _slices(pairs: Sequence[tuple[Sample, float]], higher_is_better: bool | None) -> list[SliceChanges]:
    rows = []
    for key, values in _values(pairs).items():
        for value in values:
            changes = [change for sample, change in pairs if sample.slices.get(key) == value]
            up, down = (sum(sign * change > 0 for change in changes) for sign in (1, -1))
            if up or down:
                mean = math.fsum(changes) / len(changes)
                rows.append(SliceChanges(slice_text({key: value}), len(changes), up, down, mean))
    return sorted(rows, key=lambda row: badness(row.change, higher_is_better), reverse=True)


def _groups(listed: Sequence[ChangedItem], pairs: Sequence[tuple[Sample, float]]) -> list[ItemGroup]:
    """The listed items by the first category that divides the task's items."""
    key = next(iter(_values(pairs)), None)
    found: dict[str, list[ChangedItem]] = {}
    for item in listed:
        value = item.candidate.slices.get(key) if key is not None else None
        title = slice_text({key: value}) if key is not None and value is not None else ""
        found.setdefault(title, []).append(item)
    return [ItemGroup(title, items) for title, items in found.items()]
