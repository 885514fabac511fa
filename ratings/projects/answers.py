"""The answers that count: each rater's latest one, and what adjudicators decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audit.ratings.projects.events import read_events
from audit.ratings.projects.item import read_items

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from audit.ratings.projects.events import Event
    from audit.ratings.projects.item import RatedItem
    from audit.ratings.projects.project import Project


@dataclass(slots=True)
class ItemAnswers:
    """What was said about an item."""

    item: RatedItem
    """The item."""
    by_rater: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Answers by question, of each rater in the order of their first answer."""
    written: dict[str, datetime] = field(default_factory=dict)
    """When each rater's counting answer was written."""
    comments: dict[str, str] = field(default_factory=dict)
    """Comment of each rater."""
    decided: dict[str, Any] | None = None
    """What an adjudicator decided; None where none has."""
    decided_at: datetime | None = None
    """When."""
    flags: dict[str, str] = field(default_factory=dict)
    """Why raters flagged it."""
    excluded: bool = False
    """Whether an adjudicator took it out."""

    def values(self, question: str) -> dict[str, Any]:
        """Answers to one question by rater; raters who left it out are not in it."""
        return {rater: given[question] for rater, given in self.by_rater.items() if question in given}

    def counting(self, question: str) -> list[Any]:
        """The answers to a question that count: the decision alone where there is one."""
        if self.decided is not None:
            return [self.decided[question]] if question in self.decided else []
        return list(self.values(question).values())


def is_complete(about: ItemAnswers, project: Project) -> bool:
    """Whether an item has all its raters; calibration and gold items, which everyone rates, never have."""
    return about.item.kind == "regular" and len(about.by_rater) >= project.raters_per_item


def collect(connection: Connection, project_id: int) -> list[ItemAnswers]:
    """All items of a project with what was said about them; excluded ones included."""
    found = {item.id: ItemAnswers(item) for item in read_items(connection, project_id)}
    kinds = ("answered", "changed", "adjudicated", "flagged", "excluded")
    for event in read_events(connection, project_id, kinds):  # type: ignore[arg-type]
        if event.item_id in found:
            _add(found[event.item_id], event)
    return list(found.values())


def _add(about: ItemAnswers, event: Event) -> None:
    if event.kind in {"answered", "changed"}:
        about.by_rater[event.person] = event.content["answers"]
        about.written[event.person] = event.created
        about.comments[event.person] = event.content.get("comment", "")
    elif event.kind == "adjudicated":
        about.decided, about.decided_at = event.content["answers"], event.created
    elif event.kind == "flagged":
        about.flags[event.person] = event.content["reason"]
    else:
        about.excluded = True
