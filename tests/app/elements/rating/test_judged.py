"""Judges on the page of results: agreement with people in words, foreign names as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.ratings.judging.storing import JudgeReply, RatingJudge, store, waiting
from tests.app.drawn import every_markdown
from tests.app.pages.test_rate import as_rater
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_a_judge_stands_beside_people(settings: AppSettings, open_page: Open) -> None:
    made = made_in(settings.database_url, 12, raters=1)
    points = [1, 2, 3, 4, 5, 1, 3, 5, 2, 4, 3, 1]
    while (item := made.next("Ann")) is not None:
        made.answer("Ann", item, rating=points[item - 1])
    judge = RatingJudge(name="*judge*", checkpoint="abc", by="generation")
    left = waiting(settings.database_url, "p", "Root", judge)
    replies = [
        (one, JudgeReply(value=min(points[one.item_id - 1] + (one.item_id % 3 == 0), 5))) for (one,) in left.items
    ]
    store(settings.database_url, "p", "Root", judge, replies, left.guidelines)
    test = as_rater(open_page("ratings"), "Vera")
    assert "Judges against people" in [one.value for one in test.header]
    assert "\\*judge\\*" in every_markdown(test)
    assert any(one.value.startswith("*judge* agrees with people more than by chance") for one in test.text)
