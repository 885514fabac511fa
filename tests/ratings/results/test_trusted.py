"""Which metric orders outputs as people do."""

from __future__ import annotations

import pytest

from audit.ratings.projects.item import RatedOutput
from audit.ratings.projects.making import add_items
from audit.ratings.results.trusted import against_people
from tests.ratings.projects.made import content, made_in


@pytest.mark.slow
def test_the_metric_that_agrees_comes_first(database_url: str) -> None:
    made = made_in(database_url, 0, raters=1)
    points = [1, 5, 2, 4, 3, 3, 2, 5, 1, 4, 4, 2]
    noise = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
    items = [
        content(
            n, outputs=[RatedOutput.of("run-1", f"s{n}", f"t{n}", {"toxicity": 1 - one / 5, "length": float(noise[n])})]
        )
        for n, one in enumerate(points)
    ]
    added = add_items(database_url, "p", "Root", items)
    while (item := made.next("Ann")) is not None:
        made.answer("Ann", item, rating=points[item - added[0].id])
    found = against_people(database_url, "p", "Vera")
    assert [(one.task, one.score) for one in found] == [("asdiv", "toxicity"), ("asdiv", "length")]
    assert found[0].correlation.value == pytest.approx(-1)
    from scipy.stats import spearmanr

    assert found[1].correlation.value == pytest.approx(float(spearmanr(noise, points).statistic))
    assert found[1].correlation.interval is not None


def test_few_rated_outputs_have_no_correlation(database_url: str) -> None:
    made = made_in(database_url, 0, raters=1)
    add_items(database_url, "p", "Root", [content(1, outputs=[RatedOutput.of("r", "s", "t", {"score": 1.0})])])
    made.rate_all("Ann", rating=3)
    (found,) = against_people(database_url, "p", "Vera")
    assert found.correlation.value is None
    assert "at least 10" in found.correlation.why_none
