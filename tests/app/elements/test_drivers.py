"""What drives answers, on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import DrivenAnswers, Driver, Drivers
from tests.app.drawn import drawn, every_markdown, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_the_overview_shows_drivers_and_hidden_words_when_asked_for(run: RunFolder, open_page: Open) -> None:
    assert "What drives answers" not in every_markdown(open_page("overview"))
    common: dict[str, Any] = {"kind": "word", "samples": 8, "mean_value": 0.5, "mean_rank": 0.9, "p": 0.001}
    tested = [Driver(name="nurse", q=0.01, **common), Driver(name="vile", q=0.02, hidden=True, **common)]
    run.write_drivers(
        Drivers(method="occlusion", asked=9, groups=[DrivenAnswers(answers="error", samples=9, tested=tested)])
    )
    test = open_page("overview")
    assert "Errors: 9 samples; 2 words tested, 2 found to drive them." in [text.value for text in test.text]

    def words() -> list[str]:
        return next(table["Word or part"] for table in tables(test) if "Word or part" in table)

    assert words() == ["nurse"]
    drawn(test.toggle(key="show_drivers").set_value(True).run())
    assert words() == ["nurse", "vile"]
