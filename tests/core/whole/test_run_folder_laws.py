"""Metrics that are written come back the same: in order, with every field, whatever the text and the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.records import Metric
from audit.core.run_folder import RunFolder
from tests.core.test_run_folder import make_manifest
from tests.core.whole.strategies import FINITE, LAW, any_of

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = st.lists(FINITE, min_size=3, max_size=3, unique=True).map(sorted)
KINDS = st.sampled_from(("interval", "value", "error"))
DRAWN = st.lists(st.tuples(any_of(Metric), NUMBERS, KINDS), max_size=2)


def possible(metric: Metric, place: int, numbers: list[float], kind: str) -> Metric:
    """The metric with a name that no other has, and numbers that do not contradict each other."""
    low, value, high = numbers
    task = f"{place}{metric.task}"
    changes = {
        "task": task,
        "name": f"{task}/{metric.metric}",
        "unit": "nats",
        "n": metric.n + 2,
        "value": None if kind == "error" else value,
        "ci_low": low if kind == "interval" else None,
        "ci_high": high if kind == "interval" else None,
        "error": metric.error or "e",
    }
    return metric.model_copy(update=changes)


@pytest.mark.slow
@LAW
@given(drawn=DRAWN)
def test_metrics_come_back_as_they_were_written(tmp_path: Path, drawn: list[tuple[Metric, list[float], str]]) -> None:
    folder = RunFolder(tmp_path)
    folder.write_manifest(make_manifest())
    written = [possible(metric, place, numbers, kind) for place, (metric, numbers, kind) in enumerate(drawn)]
    folder.write_metrics(written)
    assert folder.read_metrics() == written
