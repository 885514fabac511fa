"""A run made of another tool's log, in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.drawn import tables
from tests.gate.importers.conftest import LOGS, imported

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import Settings


@pytest.mark.slow
def test_overview_and_samples_show_it(settings: Settings, open_page: Callable[..., AppTest]) -> None:
    run = imported(settings.runs, LOGS / "inspect" / "epochs.eval")
    overview = open_page("overview", run=run.path.name)
    assert not overview.exception
    primary = next(table for table in tables(overview) if "epochs/match_accuracy" in table.get("Metric", []))
    assert primary["Value"][0] == "0.667"
    samples = open_page("samples", run=run.path.name)
    assert not samples.exception
    sample = open_page("sample", run=run.path.name, sample=run.read_samples("evals", "epochs")[0].sample_id)
    assert not sample.exception
