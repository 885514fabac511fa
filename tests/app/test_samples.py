"""The pages of samples on a run folder, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.pages import drawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_the_error_analysis_of_a_task_can_be_read(run: RunFolder, open_page: Open) -> None:
    test = open_page("samples")
    drawn(test.selectbox(key="errors_task").set_value("evals/boolq").run())
    assert "Error rate" in [heading.value for heading in test.subheader]
    (chart,) = test.get("vega_lite_chart") or test.get("arrow_vega_lite_chart")
    assert "plants (n = 12)" in chart.proto.spec
