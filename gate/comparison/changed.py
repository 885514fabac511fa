"""Items whose score changed between two runs, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """An item that both runs scored, and scored differently."""

    baseline: Sample
    """What the baseline answered."""
    candidate: Sample
    """What the candidate answered."""
    change: float
    """Score of the candidate minus that of the baseline."""

    @property
    def sample_id(self) -> str:
        """The item."""
        return self.candidate.sample_id


def changed_items(
    baseline: Sequence[Sample], candidate: Sequence[Sample], *, higher_is_better: bool | None
) -> list[ChangedItem]:
    """Items of a task whose primary score differs, the candidate's worst losses first.

    Args:
        baseline: Samples of the baseline.
        candidate: Samples of the candidate.
        higher_is_better: Direction of the score; None sorts by the size of the change.
    """
    before = {sample.sample_id: sample for sample in baseline if sample.error is None}
    changed = []
    for sample in candidate:
        other = before.get(sample.sample_id)
        if other is None or sample.error is not None or sample.score is None or other.score is None:
            continue
        if sample.score != other.score:
            changed.append(ChangedItem(other, sample, sample.score - other.score))
    return sorted(changed, key=lambda one: badness(one.change, higher_is_better), reverse=True)


def badness(change: float, higher_is_better: bool | None) -> float:
    """How much worse a change is; its size where neither end is good.

    Args:
        change: Later minus earlier score.
        higher_is_better: Direction of the score.
    """
    if higher_is_better is None:
        return abs(change)
    return -change if higher_is_better else change
