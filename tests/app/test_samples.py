"""The table of samples, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_a_run_without_samples_says_so(run: RunFolder, open_page: Open) -> None:
    for path in (run.path / "samples").rglob("*.parquet"):
        path.unlink()
    assert [one.value for one in open_page("samples").info] == ["This run has no samples yet."]
