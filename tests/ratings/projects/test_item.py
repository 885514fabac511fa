"""Items hold what raters saw, with its digest."""

from __future__ import annotations

import hashlib

import pytest

from audit.core.errors import UsageError
from audit.ratings.database import reading
from audit.ratings.projects.item import RatedOutput, read_item, read_items
from tests.ratings.projects.made import content, made_in


def test_an_output_has_its_digest() -> None:
    assert RatedOutput.of("r", "s", "größer").sha256 == hashlib.sha256("größer".encode()).hexdigest()


def test_items_come_back_whole(any_database: str) -> None:
    made = made_in(any_database, 2, pairs=True)
    with reading(any_database) as connection:
        assert read_items(connection, 1) == made.items
        assert read_item(connection, 1, 2) == made.items[1]
        for project, item in ((1, 3), (2, 1)):
            with pytest.raises(UsageError, match=f"no item {item}"):
                read_item(connection, project, item)
    assert made.items[0].model_dump(exclude={"id", "project_id", "kind"}) == content(0, pairs=True).model_dump()


def test_one_output_has_no_other_side(database_url: str) -> None:
    made = made_in(database_url, 20)
    assert not any(item.is_swapped(1234) for item in made.items)
    assert list(made.items[0].sides(1234)) == ["a"]
