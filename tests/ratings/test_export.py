"""Ratings as JSON Lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from audit.ratings import (
    add,
    json_lines,
)

if TYPE_CHECKING:
    from tests.ratings.conftest import MakeRating


def test_export_has_all_rows_one_object_a_line(database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s1", 2, comment="two\nlines"))
    add(database_url, make_rating("ada", "s1", 4))
    add(database_url, make_rating("ada", "s9", 3, run_id="run-2"))
    lines = list(json_lines(database_url))
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines)
    assert [json.loads(line)["rating"] for line in lines] == [2, 4, 3]
    assert json.loads(lines[0])["comment"] == "two\nlines"
    assert [json.loads(line)["sample_id"] for line in json_lines(database_url, "run-2")] == ["s9"]
