"""The latest answer of each rater counts; a decision counts instead of all."""

from __future__ import annotations

from audit.ratings.database import reading
from audit.ratings.projects.adjudicating import adjudicate, exclude
from audit.ratings.projects.answers import collect
from audit.ratings.projects.rating import change
from tests.ratings.projects.made import made_in


def test_what_counts(database_url: str) -> None:
    made = made_in(database_url, 2)
    made.rate_all("Ann", rating=2)
    made.rate_all("Bob", rating=4)
    change(database_url, "p", "Ann", 1, {"rating": 1}, submission="c")
    adjudicate(database_url, "p", "Judge", 2, {"rating": 3})
    exclude(database_url, "p", "Judge", 1, "a duplicate")
    with reading(database_url) as connection:
        one, two = collect(connection, 1)
    assert one.values("rating") == {"ann": 1, "bob": 4}
    assert sorted(one.counting("rating")) == [1, 4]
    assert (one.excluded, two.excluded) == (True, False)
    assert two.counting("rating") == [3]
    assert two.counting("other") == []
