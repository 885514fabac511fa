"""``audit ratings agreement``: tables and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.ratings.conftest import Ratings


@pytest.mark.slow
def test_tables_and_json(ratings: Ratings, database_url: str, tmp_path: Path) -> None:
    made = made_in(database_url, 6)
    for who, points in {"Ann": [1, 2, 3, 4, 5, 3], "Bob": [1, 2, 4, 4, 5, 2]}.items():
        while (item := made.next(who)) is not None:
            made.answer(who, item, rating=points[item - 1])
    words = ("agreement", "--project", "p", "--as", "Vera", "--runs", tmp_path)
    result = ratings(*words)
    assert result.exit_code == 0, result.exception
    for shown in (
        "6 of 6 items complete",
        "krippendorff (ordinal)",
        "cohen (quadratic weights)",
        "Ann",
        "bias in points",
    ):
        assert shown in result.stdout
    found = json.loads(ratings(*words, "--json").stdout)
    assert found["progress"]["answers"] == 12
    assert found["questions"][0]["coefficients"][0]["items"] == 6
    assert found["metrics"] == []


def test_faults_are_one_line(ratings: Ratings, database_url: str, tmp_path: Path) -> None:
    made_in(database_url, 1)
    common = ("agreement", "--runs", tmp_path, "--as", "Vera")
    for words, fault in (
        (("--project", "q"), "no rating project is called 'q': there are p"),
        (("--project", "p", "--confidence", "1"), "share between 0 and 1"),
        (("--project", "p", "--database", f"sqlite:///{tmp_path}/no.sqlite"), "no such ratings database"),
    ):
        with pytest.raises(UsageError, match=fault):
            raise ratings(*common, *words).exception or AssertionError
