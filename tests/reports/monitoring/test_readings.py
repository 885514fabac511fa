"""What of a run becomes a gauge, and what is absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.reports.monitoring.readings import GAUGES, readings, run_labels
from tests.reports.conftest import STARTED, a_metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents
    from audit.reports.monitoring.readings import GaugeReading


def of(gauge: str, found: list[GaugeReading]) -> dict[tuple[str, ...], float]:
    """Values of a gauge by metric and slice, or by verdict."""
    mine = [one for one in found if one.gauge == gauge]
    return {tuple(one.labels.get(name, "-") for name in ("metric", "slice", "verdict")): one.value for one in mine}


def test_what_has_no_value_or_no_interval_is_absent(contents_of: Callable[..., RunContents]) -> None:
    found = readings(contents_of())
    whole, length, part = ("accuracy", "", "-"), ("mean_length", "", "-"), ("accuracy", "topic=science", "-")
    assert of("audit.metric.value", found) == {whole: 0.6, length: 1e-9, part: 0.25}
    assert of("audit.metric.ci.low", found) == {whole: 0.5, part: 0.125}
    assert of("audit.metric.ci.high", found) == {whole: 0.7, part: 0.5}
    assert of("audit.metric.confidence", found) == {whole: 0.95, part: 0.95}
    assert of("audit.metric.items", found) == {whole: 100, length: 100, part: 100}
    assert of("audit.metric.missing.items", found) == {whole: 3, length: 0, part: 0}
    assert of("audit.task.unscored.items", found) == {("-", "-", "-"): 2}
    assert of("audit.gate.verdict", found) == {}
    assert {one.labels["unit"] for one in found if one.labels.get("metric") == "mean_length"} == {"tokens"}


def test_an_unknown_number_of_unscored_items_is_absent(contents_of: Callable[..., RunContents]) -> None:
    assert of("audit.task.unscored.items", readings(contents_of(unscored=None))) == {}


def test_times_and_state_of_the_run(contents_of: Callable[..., RunContents]) -> None:
    found = readings(contents_of())
    assert of("audit.run.started.timestamp.seconds", found) == {("-", "-", "-"): STARTED.timestamp()}
    assert of("audit.run.finished.timestamp.seconds", found) == {("-", "-", "-"): STARTED.timestamp() + 252}
    running = readings(contents_of(finished=None, status="running"))
    assert of("audit.run.finished.timestamp.seconds", running) == {}
    assert [one.labels["status"] for one in running if one.gauge == "audit.run.info"] == ["running"]


@pytest.mark.parametrize(("verdict", "blocking"), [("PASS", (0, 0)), ("FAIL", (1, 0)), ("INCONCLUSIVE", (0, 1))])
def test_a_verdict_is_one_of_three(
    contents_of: Callable[..., RunContents], verdict: str, blocking: tuple[int, int]
) -> None:
    found = readings(contents_of(verdict=verdict))
    shown = {key[2]: value for key, value in of("audit.gate.verdict", found).items()}
    assert shown == {one: float(one == verdict) for one in ("PASS", "FAIL", "INCONCLUSIVE")}
    assert tuple(of("audit.gate.blocking.rules", found).values()) == blocking


def test_every_gauge_is_described_and_has_one_set_of_labels(contents_of: Callable[..., RunContents]) -> None:
    contents = contents_of(verdict="FAIL")
    labels: dict[str, set[tuple[str, ...]]] = {}
    for one in readings(contents):
        assert one.labels.items() >= run_labels(contents).items()
        labels.setdefault(one.gauge, set()).add(tuple(one.labels))
    assert set(labels) == set(GAUGES)
    assert {len(found) for found in labels.values()} == {1}


def test_long_slices_stay_apart_and_control_characters_are_shown(contents_of: Callable[..., RunContents]) -> None:
    parts = [a_metric(slice={"topic": "x" * 200 + end}) for end in ("a", "b\x1b")]
    found = of("audit.metric.value", readings(contents_of(*parts)))
    assert {key[1][-5:] for key in found} == {"xxxxa", "b\\x1b"}
