"""What a collector receives, decoded from protobuf."""

from __future__ import annotations

import importlib
import logging
import socket
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from audit.core.errors import ConfigError
from audit.reports.monitoring import otlp
from audit.reports.monitoring.readings import GAUGES, readings
from tests.reports.conftest import STARTED
from tests.reports.monitoring.receiver import receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents


@pytest.mark.slow
def test_a_collector_decodes_every_reading(
    contents_of: Callable[..., RunContents], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")
    runs = [contents_of(verdict="FAIL"), contents_of(run_id="other", finished=None, status="running")]
    otlp.require()
    with receiver() as collector:
        otlp.send(runs, otlp.endpoint(collector.url))
    (posted,) = collector.posted
    assert (posted.path, posted.headers["content-type"]) == ("/v1/metrics", "application/x-protobuf")
    assert posted.headers["x-key"] == "secret"
    decoded = ExportMetricsServiceRequest.FromString(posted.body)
    for run, resource, end in zip(runs, decoded.resource_metrics, (252, 0), strict=True):
        about = {one.key: one.value.string_value for one in resource.resource.attributes}
        assert (about["service.name"], about["audit.run"]) == ("audit", run.manifest.run_id)
        points = [(metric, point) for metric in resource.scope_metrics[0].metrics for point in metric.gauge.data_points]
        found = {
            (metric.name, tuple(sorted((one.key, one.value.string_value) for one in point.attributes))): point.as_double
            for metric, point in points
        }
        assert found == {(one.gauge, tuple(sorted(one.labels.items()))): one.value for one in readings(run)}
        assert {metric.description for metric, _ in points} <= {*GAUGES.values()}
        assert {point.time_unix_nano for _, point in points} == {(int(STARTED.timestamp()) + end) * 10**9}


@pytest.mark.slow
def test_a_collector_that_refuses_is_one_line(contents_of: Callable[..., RunContents], logged: list[str]) -> None:
    with receiver() as collector:
        collector.statuses = [400]
        with pytest.raises(ConfigError, match=r"the collector did not take the metrics: .*400") as caught:
            otlp.send([contents_of()], otlp.endpoint(collector.url))
    assert str(caught.value).startswith(f"--otlp {collector.url}/v1/metrics: ")
    assert [line for line in logged if "export" in line] == []
    assert logging.getLogger(otlp.EXPORTER).propagate


@pytest.mark.slow
def test_a_collector_that_is_not_there_is_one_line(
    contents_of: Callable[..., RunContents], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"did not take the metrics: .*: is it running, on this port\?$"):
            otlp.send([contents_of()], otlp.endpoint(url))


@pytest.mark.parametrize(
    ("url", "full"),
    [("http://h:4318", "http://h:4318/v1/metrics"), ("https://h/", "https://h/v1/metrics"), ("http://h/a", "http://h/a")],
)  # fmt: skip
def test_an_address_without_a_path_gets_the_usual_one(url: str, full: str) -> None:
    assert otlp.endpoint(url) == full


@pytest.mark.parametrize("url", ["http://u:SECRET@h", "http://h?t=SECRET"])
def test_credentials_in_the_address_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--otlp: leave user, password and parameters out of the URL") as caught:
        otlp.endpoint(url)
    assert "SECRET" not in str(caught.value)


def test_a_header_that_cannot_be_read_is_not_printed(
    contents_of: Callable[..., RunContents], monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization SECRET")
    with receiver() as collector:
        otlp.send([contents_of()], otlp.endpoint(collector.url))
    assert [line for line in logged if "SECRET" in line] == []


def test_a_path_that_may_be_a_token_is_not_printed(
    contents_of: Callable[..., RunContents], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = importlib.import_module(otlp.EXPORTER)

    def failing(exporter: Any, _data: Any) -> Any:
        logging.getLogger(otlp.EXPORTER).error("no answer from %s", exporter._endpoint)
        return made.MetricExportResult.FAILURE

    monkeypatch.setattr(made.OTLPMetricExporter, "export", failing)
    with pytest.raises(ConfigError, match=r"^--otlp http://h:1: .* no answer from http://h:1/…: is it") as caught:
        otlp.send([contents_of()], otlp.endpoint("http://h:1/in/SECRET"))
    assert "SECRET" not in str(caught.value)
    assert otlp.shown("http://h/v1/metrics") == "http://h/v1/metrics"
    assert otlp.shown("http://h/in/SECRET") == "http://h"


def answered(rejected: int, message: str) -> bytes:
    partial = ExportMetricsPartialSuccess(rejected_data_points=rejected, error_message=message)
    body: bytes = ExportMetricsServiceResponse(partial_success=partial).SerializeToString()
    return body


@pytest.mark.parametrize(
    ("rejected", "message", "says"),
    [
        (1234, "too many\nlabels.", r"rejected 1,234 of the readings: too many.*labels: see its log$"),
        (1, "", r"rejected 1 of the readings: no reason given: see its log$"),
    ],
)
def test_readings_that_a_collector_rejects_are_a_failure(
    rejected: int, message: str, says: str, contents_of: Callable[..., RunContents]
) -> None:
    with receiver() as collector:
        collector.answer = answered(rejected, message)
        with pytest.raises(ConfigError, match=says) as caught:
            otlp.send([contents_of()], otlp.endpoint(collector.url))
    assert str(caught.value).startswith(f"--otlp {collector.url}/v1/metrics: the collector ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "remark"),
    [
        (b"", ""),
        (answered(0, ""), ""),
        (answered(0, "label x is deprecated"), "label x is deprecated"),
        (answered(-5, ""), ""),
        (b'{"partialSuccess": {}}', ""),
        (b"<html>ok</html>" * 10_000, ""),
    ],
)
def test_a_collector_that_takes_all_may_have_a_remark(
    answer: bytes, remark: str, contents_of: Callable[..., RunContents]
) -> None:
    with receiver() as collector:
        collector.answer = answer
        assert otlp.send([contents_of()], otlp.endpoint(collector.url)) == remark


def test_a_session_of_the_user_is_left_to_the_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(otlp._session([])) == {"session"}
    monkeypatch.setenv(otlp.PROVIDERS[0], "mine")
    assert otlp._session([]) == {}
