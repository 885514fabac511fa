"""Who is at the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.app.drawn import button, drawn
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings


def test_a_name_is_asked_for_once_and_one_of_spaces_is_none(
    settings: AppSettings, open_page: Callable[..., AppTest]
) -> None:
    made_in(settings.database_url, 1)
    test = open_page("rate")
    test.text_input(key="rater_box").set_value("  ")
    drawn(button(test, "Start").click().run())
    assert "question" not in "".join(code.value for code in test.code)
    test.text_input(key="rater_box").set_value("Ann")
    drawn(button(test, "Start").click().run())
    assert not [box for box in test.text_input if box.label == "Your name"]
