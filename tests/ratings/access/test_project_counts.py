"""Counts of projects, by hand."""

from __future__ import annotations

import pytest

from audit.ratings.access.project_counts import count_projects
from audit.ratings.projects.adjudicating import exclude
from audit.ratings.projects.roles import NotAllowed
from tests.ratings.projects.made import made_in


@pytest.mark.slow
def test_answers_of_three_items_with_two_raters_less_one_item(any_database: str) -> None:
    assert count_projects(any_database, "root", at_machine=True) == []
    project = made_in(any_database, 3, raters=2)
    project.rate_all("Ann", rating=4)
    exclude(any_database, "p", "Judge", project.items[0].id, "broken")
    with pytest.raises(NotAllowed):
        count_projects(any_database, "Root")
    (found,) = count_projects(any_database, "root", at_machine=True)
    assert (found.project, found.made_by, found.items, found.wanted, found.answered) == ("p", "Root", 2, 4, 2)
    assert found.people == {"admin": 1, "rater": 4, "adjudicator": 1, "viewer": 1}
