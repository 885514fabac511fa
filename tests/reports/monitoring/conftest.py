"""Runs to export: with and without intervals, values and a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.reports.contents import RunContents, TaskContents
from tests.reports.conftest import a_manifest, a_metric, all_scored
from tests.reports.exports.conftest import a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Metric

BARE = {"ci_low": None, "ci_high": None, "ci_method": None}


def some_metrics() -> list[Metric]:
    """With an interval, without one, without a value, of a slice."""
    return [
        a_metric(missing=3),
        a_metric("boolq/mean_length", value=1e-9, unit="tokens", no_interval="one item", **BARE),
        a_metric("boolq/gap", value=None, error="too few", **BARE),
        a_metric(slice={"topic": "science"}, value=0.25, ci_low=0.125, ci_high=0.5, primary=False),
    ]


@pytest.fixture
def contents_of() -> Callable[..., RunContents]:
    """Makes what an export reads: one task, and keyword arguments for the manifest."""

    def make(*metrics: Metric, unscored: float | None = 2, verdict: str | None = None, **changes: Any) -> RunContents:
        given = list(metrics) or some_metrics()
        whole = [one for one in given if one.slice is None]
        parts = [one for one in given if one.slice is not None]
        task = TaskContents("evals", "boolq", whole, parts, all_scored(unscored=unscored), None, [], frozenset())
        decision = a_decision(a_check(verdict=verdict), a_check()) if verdict else None
        return RunContents(a_manifest(**changes), "c" * 64, decision, None, [task])

    return make
