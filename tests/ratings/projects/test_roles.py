"""Roles are checked in every function that reads or writes, whatever the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.ratings.projects.adjudicating import adjudicate, exclude, queue, read_case
from audit.ratings.projects.making import add_items, read_guidelines, write_guidelines
from audit.ratings.projects.progress import progress
from audit.ratings.projects.rating import change, flag, next_item, own_answers, reveal, skip, submit
from audit.ratings.projects.roles import NotAllowed, acting, give_role, my_roles, take_role
from tests.ratings.projects.made import content, made_in

if TYPE_CHECKING:
    from collections.abc import Callable

USES: dict[str, tuple[Callable[[str, str], object], set[str]]] = {
    "next_item": (lambda url, who: next_item(url, "p", who), {"Ann"}),
    "submit": (lambda url, who: submit(url, "p", who, 1, {"rating": 1}, submission=who), {"Ann"}),
    "change": (lambda url, who: change(url, "p", who, 1, {"rating": 1}, submission=who), {"Ann"}),
    "skip": (lambda url, who: skip(url, "p", who, 1, "why"), {"Ann"}),
    "flag": (lambda url, who: flag(url, "p", who, 1, "why"), {"Ann"}),
    "reveal": (lambda url, who: reveal(url, "p", who, 1), {"Ann"}),
    "own_answers": (lambda url, who: own_answers(url, "p", who), {"Ann"}),
    "queue": (lambda url, who: queue(url, "p", who), {"Judge"}),
    "read_case": (lambda url, who: read_case(url, "p", who, 1), {"Judge", "Ann"}),
    "adjudicate": (lambda url, who: adjudicate(url, "p", who, 1, {"rating": 1}), {"Judge"}),
    "exclude": (lambda url, who: exclude(url, "p", who, 1, "why"), {"Judge"}),
    "add_items": (lambda url, who: add_items(url, "p", who, [content(1)]), {"Root"}),
    "write_guidelines": (lambda url, who: write_guidelines(url, "p", who, "new"), {"Root"}),
    "give_role": (lambda url, who: give_role(url, "p", who, "Eve", "rater"), {"Root"}),
    "progress": (lambda url, who: progress(url, "p", who), {"Ann", "Judge", "Vera", "Root"}),
    "read_guidelines": (lambda url, who: read_guidelines(url, "p", who), {"Ann", "Judge", "Vera", "Root"}),
}


@pytest.mark.parametrize("use", USES)
def test_each_role_may_do_what_is_its_own(database_url: str, use: str) -> None:
    made_in(database_url, 1)
    function, allowed = USES[use]
    refused = set()
    for who in ("Ann", "Judge", "Vera", "Root", "Nobody"):
        try:
            function(database_url, who)
        except NotAllowed as error:
            if " does not have the role " in str(error):  # else the role is right, and the item not complete yet
                refused.add(who)
        except UsageError:
            pass
    assert refused == {"Ann", "Judge", "Vera", "Root", "Nobody"} - allowed


def test_a_role_that_was_taken_is_gone(any_database: str) -> None:
    made = made_in(any_database, 1)
    assert my_roles(any_database, "p", "ANN") == {"rater"}
    take_role(any_database, "p", "Root", "ann", "rater")
    assert my_roles(any_database, "p", "Ann") == set()
    with pytest.raises(
        NotAllowed, match="Ann does not have the role rater in the project p: ask one of its admins for it"
    ):
        made.next("Ann")


def test_the_last_admin_stays(database_url: str) -> None:
    made_in(database_url, 0)
    with pytest.raises(UsageError, match="last admin"):
        take_role(database_url, "p", "Root", "Root", "admin")
    give_role(database_url, "p", "Root", "Eve", "admin")
    take_role(database_url, "p", "Eve", "Root", "admin")
    assert my_roles(database_url, "p", "Root") == set()
    with pytest.raises(UsageError, match="Did you mean 'rater'"):
        give_role(database_url, "p", "Eve", "Bob", "ratr")


def test_spellings_of_a_name_are_one_person() -> None:
    assert acting(" ＡＤＡ ") == acting("ada")
    for name in ("", " ", "\u200b", "x" * 201):
        with pytest.raises(UsageError, match="1 to 200 characters"):
            acting(name)
