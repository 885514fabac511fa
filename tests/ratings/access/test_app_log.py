"""The log: who sees it, what a filter leaves, and that it holds no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.ratings.access.app_events import log_look
from audit.ratings.access.app_log import LogFilter, people_in_log, read_log
from audit.ratings.access.app_roles import give_app_role
from audit.ratings.projects.roles import NotAllowed
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.slow
def test_admins_see_what_was_looked_at_and_no_answer(any_database: str) -> None:
    project = made_in(any_database, 1, raters=1)
    give_app_role(any_database, "root", "ada@host", "admin", at_machine=True)
    log_look(any_database, "vera@host", "opened", {"page": "overview", "run": "run_7"})
    log_look(any_database, "vera@host", "revealed", {"run": "run_7", "task": "safety/toxicity", "sample": "s%1"})
    item = project.next("Ann")
    assert item is not None
    project.answer("Ann", item, rating=2)

    def lines(**wanted: object) -> list[tuple[str, str, str]]:
        found = read_log(any_database, "ada@host", LogFilter.model_validate(wanted))
        return [(one.person, one.kind, one.where) for one in found]

    shown = ("ann", "shown", f"project p · item {item}")
    opened = ("vera@host", "opened", "overview · run_7")
    revealed = ("vera@host", "revealed", "run_7 · safety/toxicity · s%1")
    assert lines(limit=4) == [("ann", "answered", f"project p · item {item}"), shown, revealed, opened]
    assert lines(person="vera@host") == [revealed, opened]
    assert lines(kinds=["shown", "opened"]) == [shown, opened]
    assert lines(text="s%1") == [revealed]
    assert lines(text="s_1") == [], "no pattern"
    assert lines(text="rating") == [], "an answer cannot be searched for"
    assert lines(text="ADA@") == [("root", "role_given", "admin: ada@host")]
    assert ("root", "role_given", "rater: Bob") in [(who, what, where.split(" · ")[-1]) for who, what, where in lines()]
    assert people_in_log(any_database, "ada@host") == ["ann", "root", "vera@host"]


def test_others_see_nothing(database_url: str) -> None:
    assert read_log(database_url, "ada@host", LogFilter()) == []
    log_look(database_url, "vera@host", "opened", {"page": "runs"})
    looks: list[Callable[[], object]] = [
        lambda: read_log(database_url, "vera@host", LogFilter()),
        lambda: people_in_log(database_url, "vera@host"),
    ]
    for look in looks:
        with pytest.raises(NotAllowed):
            look()
    assert people_in_log(database_url, "root", at_machine=True) == ["vera@host"]
