"""What is no rating."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from audit.core.errors import UsageError
from audit.ratings import (
    add,
    read_all,
)

if TYPE_CHECKING:
    from tests.ratings.conftest import MakeRating


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_ratings_off_the_scale_are_refused_by_the_record_and_by_the_database(
    rating: int, database_url: str, make_rating: MakeRating
) -> None:
    with pytest.raises(ValidationError):
        make_rating("ada", "s1", rating)
    unchecked = make_rating("ada", "s1", 3).model_copy(update={"rating": rating})
    with pytest.raises(UsageError, match="CHECK"):
        add(database_url, unchecked)
    assert read_all(database_url) == []


@pytest.mark.parametrize("name", ["", "  ", "\u200b\n", "x" * 201])
def test_a_name_that_is_none_is_refused(make_rating: MakeRating, name: str) -> None:
    with pytest.raises(ValidationError):
        make_rating(name, "s1", 3)
