"""The list of changed items: its pages, and the place in it that an address names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.app.elements import changed
from tests.app.conftest import RUN_ID
from tests.app.drawn import button, drawn, every_markdown, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.records import Sample

    Open = Callable[..., AppTest]


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_pages_and_items_that_the_filters_leave_out(
    by_task: dict[str, list[Sample]], open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changed, "PAGE_SIZE", 4)
    test = open_page("compare", run=RUN_ID, at="99")
    assert tables(test)[0]["Change"] == ["≠ Wrong in another way", "▲ Fixed"]
    assert any("5 to 6 of 6 · page 2 of 2" in caption.value for caption in test.caption)
    drawn(button(test, "Previous page").click().run())
    assert tables(test)[0]["Change"] == ["▼ Broken"] * 4
    assert test.query_params["at"] in ("1", ["1"])
    test = open_page("compare", run=RUN_ID, item=by_task["boolq"][1].sample_id, change="broken")
    assert "**1 of 1 item: fixed**" in every_markdown(test)
