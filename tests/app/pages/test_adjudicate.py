"""The page on which adjudicators decide what raters disagree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.app.pages import adjudicate
from audit.ratings.database import reading
from audit.ratings.projects import adjudicating
from audit.ratings.projects.answers import collect
from audit.ratings.projects.events import read_events
from audit.ratings.projects.roles import give_role
from tests.app.drawn import button, drawn, every_markdown, rows_tables, tables
from tests.app.pages.test_rate import as_rater
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings
    from tests.ratings.projects.made import Made

    Open = Callable[..., AppTest]


def disagreed(url: str) -> Made:
    """Two items: of the first, raters give 1 and 5; on the second they agree."""
    made = made_in(url, 2)
    for rater, points in (("Ann", 1), ("Bob", 5)):
        while (item := made.next(rater)) is not None:
            made.answer(rater, item, rating=points if item == made.items[0].id else 3)
    return made


def opened(made: Made, test: AppTest) -> AppTest:
    """As a click on the first row of the queue does."""
    adjudicate_key = rows_tables(test)[0]["rows"][0]["key"]
    assert adjudicate_key == str(made.items[0].id)
    case = adjudicate.read_case(made.url, "p", "Judge", int(adjudicate_key))
    test.session_state[adjudicate.CASE_KEY] = (made.url, "p", "judge"), "showing", case
    return drawn(test.run())


@pytest.mark.slow
def test_the_queue_opens_an_item_with_all_answers_and_the_decision_counts(
    settings: AppSettings, open_page: Open
) -> None:
    made = disagreed(settings.database_url)
    test = as_rater(open_page("adjudicate"), "Judge")
    assert [row["cells"][2] for row in rows_tables(test)[0]["rows"]] == ["1.00"]
    opened(made, test)
    (said,) = tables(test)
    assert said["rater"] == ["rater 1", "rater 2"]
    assert said["rating"] == ["1", "5"]
    assert "Ann" not in every_markdown(test)
    drawn(button(test, "4").click().run())
    test.text_area[0].set_value("between them")
    drawn(button(test, "Decide").click().run())
    assert "Nothing waits for a decision" in test.success[1].value
    with reading(made.url) as connection:
        assert [about.decided for about in collect(connection, 1)] == [{"rating": 4}, None]
        (event,) = read_events(connection, 1, ["adjudicated"])
    assert event.content["reason"] == "between them"


@pytest.mark.slow
def test_an_item_is_excluded_with_a_reason_alone(settings: AppSettings, open_page: Open) -> None:
    made = disagreed(settings.database_url)
    test = opened(made, as_rater(open_page("adjudicate"), "Judge"))
    drawn(button(test, "Exclude the item").click().run())
    assert "say why" in test.error[0].value
    test.text_area[0].set_value("no question")
    drawn(button(test, "Exclude the item").click().run())
    with reading(made.url) as connection:
        assert [about.excluded for about in collect(connection, 1)] == [True, False]


def test_raters_see_no_queue(settings: AppSettings, open_page: Open) -> None:
    disagreed(settings.database_url)
    test = as_rater(open_page("adjudicate", project="p"), "Ann")
    assert "does not have the role adjudicator in a project called p" in test.warning[0].value
    assert not rows_tables(test)


@pytest.mark.slow
def test_a_decision_of_somebody_else_is_not_replaced_by_who_had_the_item_open_too(
    settings: AppSettings, open_page: Open
) -> None:
    made = disagreed(settings.database_url)
    test = opened(made, as_rater(open_page("adjudicate"), "Judge"))
    drawn(button(test, "4").click().run())
    give_role(made.url, "p", "Root", "Other", "adjudicator")
    adjudicating.adjudicate(made.url, "p", "Other", made.items[0].id, {"rating": 2})
    drawn(button(test, "Decide").click().run())
    assert "no longer needs a decision" in test.error[0].value
    test.text_area[0].set_value("no question")
    drawn(button(test, "Exclude the item").click().run())
    with reading(made.url) as connection:
        (first, _) = collect(connection, 1)
    assert (first.decided, first.excluded) == ({"rating": 2}, False)
