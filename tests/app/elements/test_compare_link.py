"""The button that leads to the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.app.conftest import RUN_ID
from tests.app.drawn import button, drawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


def test_it_takes_run_and_task_along(run: RunFolder, open_page: Open, opened: list[tuple[str, dict[str, Any]]]) -> None:
    test = open_page("errors", task="evals/boolq")
    drawn(button(test, "Compare with …").click().run())
    assert opened == [("compare", {"run": RUN_ID, "in": "evals/boolq"})]
