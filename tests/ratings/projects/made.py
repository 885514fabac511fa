"""A project with two raters per item, and people of every role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from audit.ratings.projects import asking
from audit.ratings.projects.item import ItemContent, RatedOutput
from audit.ratings.projects.making import add_items, create
from audit.ratings.projects.project import ProjectPlan
from audit.ratings.projects.rating import next_item, submit

if TYPE_CHECKING:
    from audit.ratings.projects.item import RatedItem
    from audit.ratings.projects.rating import Submitted


class Made:
    """A project and short ways to use it."""

    def __init__(self, url: str, name: str, items: list[RatedItem]) -> None:
        self.url, self.name, self.items = url, name, items

    def next(self, user: str) -> int | None:
        found = next_item(self.url, self.name, user)
        return found and found.item_id

    def answer(self, user: str, item: int, *, submission: str | None = None, **answers: Any) -> Submitted:
        return submit(self.url, self.name, user, item, answers, submission=submission or uuid4().hex)

    def rate_all(self, user: str, **answers: Any) -> list[int]:
        done = []
        while (item := self.next(user)) is not None:
            self.answer(user, item, **answers)
            done.append(item)
        return done


def content(number: int, *, pairs: bool = False, **more: Any) -> ItemContent:
    outputs = [RatedOutput.of("run-1", f"s{number}", f"answer {number}")]
    if pairs:
        outputs.append(RatedOutput.of("run-2", f"s{number}", f"other answer {number}"))
    values: dict[str, Any] = {"suite": "evals", "task": "asdiv", "prompt": f"question {number}", "outputs": outputs}
    return ItemContent(**values | more)


PEOPLE: dict[str, list[Any]] = {
    **{name: ["rater"] for name in ("Ann", "Bob", "Cem", "Dee")},
    "Judge": ["adjudicator"],
    "Vera": ["viewer"],
}


def made_in(url: str, count: int = 3, *, raters: int = 2, pairs: bool = False, **more: Any) -> Made:
    """A project "p" made by Root, with so many items."""
    questions = asking.of_two_runs() if pairs else asking.of_one_run()
    plan = ProjectPlan(**{"made_by": "Root", "questions": questions, "raters_per_item": raters, **more})
    create(url, "p", plan, guidelines="Be fair.", roles=PEOPLE)
    items = add_items(url, "p", "Root", [content(number, pairs=pairs) for number in range(count)])
    return Made(url, "p", items)
