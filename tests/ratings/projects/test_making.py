"""Projects, guidelines and items as they are made."""

from __future__ import annotations

import pytest

from audit.core.errors import UsageError
from audit.ratings.projects import asking
from audit.ratings.projects.making import add_items, create, read_guidelines, write_guidelines
from audit.ratings.projects.project import ProjectPlan
from tests.ratings.projects.made import content, made_in


def test_guidelines_have_versions(any_database: str) -> None:
    made_in(any_database, 0)
    assert read_guidelines(any_database, "p", "Ann") == (1, "Be fair.")
    assert write_guidelines(any_database, "p", "Root", "Be kind.") == 2
    assert read_guidelines(any_database, "p", "Ann") == (2, "Be kind.")


def test_an_item_is_added_once(any_database: str) -> None:
    made_in(any_database, 2)
    again = add_items(any_database, "p", "Root", [content(1), content(2), content(2)])
    assert [item.prompt for item in again] == ["question 2"]


def test_a_name_is_taken_once(database_url: str) -> None:
    made_in(database_url, 0)
    plan = ProjectPlan(made_by="Eve", questions=asking.of_one_run())
    with pytest.raises(UsageError, match="there is a rating project p already"):
        create(database_url, " p ", plan)
    for name in ("", "x" * 101):
        with pytest.raises(UsageError, match="--name: a project's name has 1 to 100"):
            create(database_url, name, plan)


@pytest.mark.parametrize(
    ("pairs", "kind", "item", "fault"),
    [
        (False, "regular", content(1, pairs=True), "are about one output"),
        (True, "regular", content(1), "are about two outputs"),
        (False, "regular", content(1, expected={"rating": 1}), "a regular item has no expected answers"),
        (False, "gold", content(1), "a gold item has expected answers"),
        (False, "gold", content(1, expected={"other": 1}), "no question is called 'other'"),
    ],
)
def test_items_fit_the_questions(database_url: str, pairs: bool, kind: str, item: object, fault: str) -> None:
    made_in(database_url, 0, pairs=pairs)
    with pytest.raises(UsageError, match=fault):
        add_items(database_url, "p", "Root", [item], kind)  # type: ignore[list-item, arg-type]
