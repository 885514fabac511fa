"""That a run was looked at while it went on, and what a rule that was judged so rests on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from audit.core.records.base import Record, Share

Items = Annotated[int, Field(ge=0)]


class TaskLooks(Record):
    """A task whose number of items depends on earlier looks; its items, or clusters, come in one random order."""

    limit: Items
    """Limit up to which its items are measured; 0 before they are."""
    most: Items | None = None
    """Greatest limit, fixed before the first look: of so many items an interval of a fixed number is right, once. Null
    where nobody knows it."""
    largest_cluster: Annotated[int | None, Field(ge=1)] = None
    """Items of the largest cluster in the data set, where whole clusters are drawn; null where single items are."""


class Looks(Record):
    """The looks at a run: its size depends on what was measured, so that intervals of a fixed size are too narrow."""

    policy: str
    """File name of the policy whose rules decided how many items were measured."""
    policy_sha256: str
    """Digest of its bytes."""
    baseline: str | None
    """Id of the run that it was compared with; null without one."""
    looks: Items
    """How often the rules were judged."""
    decided: bool
    """Whether every rule that items can decide was decided at the last look."""
    tasks: dict[str, TaskLooks] = Field(default_factory=dict)
    """The tasks whose size depends on it, by name."""

    @property
    def remark(self) -> str:
        """What a reader of the results is warned of."""
        how = "stopped when every blocking rule was decided" if self.decided else "looked at before its end"
        tasks = ", ".join(self.tasks)
        return (
            f"{how} (policy {self.policy}, looks: {self.looks}): intervals and p-values of {tasks} are made for a fixed"
            " number of items and too narrow here; audit gate judges them by evidence that holds at any time"
        )


class SequentialCheck(Record):
    """How a rule was judged on a task that was looked at while it ran."""

    confidence: Share
    """Coverage of the interval that the verdict rests on, after its share of the error."""
    last: bool
    """Whether it rests on the interval of a fixed number of items, of which there are no more."""
    tests: Annotated[int, Field(ge=1)]
    """Rules of which any may fail by chance: a violation counts at so many times less error."""
    items: Items = 0
    """Items that the evidence is of; 0 where only all items of the task can decide the rule."""
    needed: Items | None = None
    """About how many items would decide the rule if its value stays; null where it is decided, or nobody knows."""
