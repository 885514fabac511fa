"""Roles in the app: who may give them, and that every write asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.ratings.access.app_roles import app_admins, app_members, app_roles, give_app_role, take_app_role
from audit.ratings.database import exists
from audit.ratings.projects.roles import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable


def test_roles_are_given_taken_and_never_come_with_another(database_url: str) -> None:
    assert app_roles(database_url, "ada@host") == frozenset()
    assert not exists(database_url), "asking makes no database"
    give_app_role(database_url, "root", "Ada@Host", "admin", at_machine=True)
    assert app_roles(database_url, " ada@host ") == {"admin"}
    give_app_role(database_url, "ADA@host", "bob@host", "viewer")
    give_app_role(database_url, "ada@host", "bob@host", "rater")
    assert app_roles(database_url, "bob@host") == {"viewer", "rater"}
    take_app_role(database_url, "ada@host", "bob@host", "viewer")
    members = {one.name: one.roles for one in app_members(database_url, "ada@host")}
    assert members == {"Ada@Host": ["admin"], "bob@host": ["rater"]}
    assert app_admins(database_url) == ["Ada@Host"]


def test_only_admins_change_roles_and_the_last_one_stays(database_url: str) -> None:
    give_app_role(database_url, "root", "ada@host", "admin", at_machine=True)
    for role in ("viewer", "rater", "adjudicator"):
        give_app_role(database_url, "ada@host", "bob@host", role)
    refused: list[Callable[[], object]] = [
        lambda: give_app_role(database_url, "bob@host", "bob@host", "admin"),
        lambda: take_app_role(database_url, "bob@host", "ada@host", "admin"),
        lambda: give_app_role(database_url, "eve@host", "eve@host", "viewer"),
        lambda: app_members(database_url, "bob@host"),
    ]
    for attempt in refused:
        with pytest.raises(NotAllowed, match="does not have the role admin in this app"):
            attempt()
    with pytest.raises(UsageError, match="last admin"):
        take_app_role(database_url, "ada@host", "ada@host", "admin")
    with pytest.raises(UsageError, match=r"no role is called 'admn': .* Did you mean"):
        give_app_role(database_url, "ada@host", "bob@host", "admn")
    assert app_roles(database_url, "bob@host") == {"viewer", "rater", "adjudicator"}
    assert app_admins(database_url) == ["ada@host"]


def test_a_role_that_is_there_is_not_written_again(database_url: str) -> None:
    from audit.ratings.access.app_events import read_app_events
    from audit.ratings.database import reading

    for _ in range(2):
        give_app_role(database_url, "root", "ada@host", "admin", at_machine=True)
        take_app_role(database_url, "root", "bob@host", "viewer", at_machine=True)
    with reading(database_url) as connection:
        (event,) = read_app_events(connection, ["role_given", "role_taken"])
    assert (event.kind, event.person, event.content) == (
        "role_given",
        "root",
        {"to": "ada@host", "name": "ada@host", "role": "admin"},
    )
