"""The text format, read by Prometheus' own parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from audit.reports.monitoring import prometheus
from audit.reports.monitoring.readings import readings
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents


def test_a_parser_reads_every_reading_back(contents_of: Callable[..., RunContents]) -> None:
    runs = [contents_of(verdict="FAIL"), contents_of(run_id="other")]
    families = list(text_string_to_metric_families(prometheus.render(runs).decode()))
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value for one in families for sample in one.samples
    }
    expected = {
        (one.gauge.replace(".", "_"), tuple(sorted(one.labels.items()))): one.value
        for run in runs
        for one in readings(run)
    }
    assert found == expected
    assert len(found) > 40
    assert {one.type for one in families} == {"gauge"}
    assert all(one.documentation for one in families)


def test_no_sample_bears_a_timestamp_for_which_the_collector_refuses_the_file(
    contents_of: Callable[..., RunContents],
) -> None:
    lines = prometheus.render([contents_of(verdict="PASS")]).decode().splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert [line for line in samples if not re.fullmatch(r"\w+\{.*\} -?[0-9.e+-]+", line)] == []


def test_label_values_are_escaped(contents_of: Callable[..., RunContents]) -> None:
    model = a_manifest().model.model_copy(update={"name": 'a"b\\c\nd\ud800'})
    text = prometheus.render([contents_of(model=model)]).decode()
    assert 'model="a\\"b\\\\c⏎d\\\\ud800"' in text
    names = {sample.labels["model"] for one in text_string_to_metric_families(text) for sample in one.samples}
    assert names == {'a"b\\c⏎d\\ud800'}
