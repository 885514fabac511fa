"""Typical failures: of each task the explained failure whose explanation is believed most, one of them opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.reports.attribution.order import best_first, is_worth_showing, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.core.records import Attribution
    from audit.reports.contents import TaskContents

NO_FAILURE = ("right answer", "asked for")
"""In the reason of an explanation that is not of a failure."""


@dataclass(frozen=True)
class TypicalFailure:
    """A failure with its explanation."""

    task: TaskContents
    """Its task."""
    attribution: Attribution
    """The explanation that is believed most, of all samples of the task that failed."""
    others: int
    """Further explanations of the task."""
    hidden: bool
    """Whether a reader must ask for the text."""
    opened: bool = False
    """Whether it is shown at once."""


def typical_failures(tasks: Iterable[TaskContents]) -> list[TypicalFailure]:
    """One failure of each task that has an explained one, in the order of the tasks; the opened one comes first.

    Opened is the one that is believed most; none where no text may be shown unasked, or no explanation is more than
    one that is not to be believed.
    """
    found = [one for task in tasks if (one := _of(task, task.attributions)) is not None]
    fit = [one for one in found if not one.hidden and is_worth_showing(one.attribution)]
    best = min(fit, key=lambda one: place(one.attribution), default=None)
    if best is None:
        return found
    return [replace(best, opened=True), *(one for one in found if one is not best)]


def _of(task: TaskContents, attributions: Sequence[Attribution]) -> TypicalFailure | None:
    failed = [one for one in attributions if not any(word in one.reason for word in NO_FAILURE)]
    if not failed:
        return None
    first = best_first(failed)[0]
    return TypicalFailure(task, first, len(attributions) - 1, task.hides(first.sample_id))
