"""Projects are found by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.ratings.database import reading
from audit.ratings.projects import asking
from audit.ratings.projects.project import ProjectPlan, find, read_projects
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from pathlib import Path


def test_a_project_comes_back_as_it_was_planned(any_database: str) -> None:
    made_in(any_database, 0, pairs=True, seed=7, hidden_names=["acme"])
    (found,) = read_projects(any_database)
    assert (found.name, found.seed, found.raters_per_item, found.hidden_names) == ("p", 7, 2, ["acme"])
    assert found.preference == asking.of_two_runs()[0]
    assert found.scale is None


def test_a_name_that_is_none_says_which_there_are(database_url: str) -> None:
    made_in(database_url, 0)
    with reading(database_url) as connection, pytest.raises(UsageError, match=r"called 'pp': there are p"):
        find(connection, "pp")


def test_no_database_is_no_projects(database_url: str, tmp_path: Path) -> None:
    assert read_projects(database_url) == []
    assert list(tmp_path.iterdir()) == []


def test_the_scale_of_reports_has_five_points() -> None:
    seven = asking.LikertScale(name="a", text="?", points=7)
    five = asking.LikertScale(name="b", text="?")
    plan = ProjectPlan(made_by="x", questions=[seven, five])
    from datetime import UTC, datetime

    from audit.ratings.projects.project import Project

    project = Project(**plan.model_dump(), id=1, name="p", created=datetime.now(UTC))
    assert project.scale == five
