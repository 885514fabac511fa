"""Runs as OpenTelemetry gauges, sent once over OTLP (HTTP with protobuf).

https://opentelemetry.io/docs/specs/otlp/. A run is a resource, with its labels as attributes; the time of every data
point is the end of the run, or its start where it has no end. Headers, certificates and time limits are those of the
environment: ``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_EXPORTER_OTLP_CERTIFICATE``, ``OTEL_EXPORTER_OTLP_TIMEOUT``.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from datetime import UTC
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from audit.core.errors import RAISED_BY_OTHERS, ConfigError
from audit.core.text import printable
from audit.reports.monitoring import web_address
from audit.reports.monitoring.packages import import_package
from audit.reports.monitoring.readings import GAUGES, readings, run_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from opentelemetry.sdk.metrics.export import Metric, ResourceMetrics

    from audit.reports.contents import RunContents

OPTION = "--otlp"
PACKAGE = "opentelemetry-exporter-otlp-proto-http"
EXPORTER = "opentelemetry.exporter.otlp.proto.http.metric_exporter"
PROVIDERS = tuple(f"OTEL_PYTHON_EXPORTER_OTLP_HTTP_{one}CREDENTIAL_PROVIDER" for one in ("", "METRICS_"))
"""Variables that name a session of the user's."""
HEADERS = "opentelemetry.util.re"
"""Its part that reads headers of the environment."""
PATH = "/v1/metrics"
"""Of a collector, by the specification."""


def endpoint(url: str) -> str:
    """The address of a collector's metrics; an address without a path gets ``/v1/metrics``.

    Raises:
        ConfigError: It is no address of a server, or holds credentials.
    """
    if "@" in url or "?" in url:
        msg = f"{OPTION}: leave user, password and parameters out of the URL: set OTEL_EXPORTER_OTLP_HEADERS"
        raise ConfigError(msg)
    parts = web_address.read(url, OPTION)
    return urlunsplit(parts._replace(path=parts.path if parts.path.strip("/") else PATH, fragment=""))


def shown(address: str) -> str:
    """What may be printed of an address from :func:`endpoint`: of a path that is not the usual one, nothing."""
    parts = urlsplit(address)
    return address if parts.path == PATH else web_address.shown(parts)


def require() -> None:
    """Make sure that the packages are there.

    Raises:
        ConfigError: They are not installed.
    """
    import_package(EXPORTER, OPTION, PACKAGE)


def send(runs: Sequence[RunContents], address: str) -> str:
    """Send the readings of all runs in one call, with the retries of the exporter.

    Args:
        runs: What to send.
        address: From :func:`endpoint`.

    Returns:
        What the collector remarked on metrics that it took all of; empty where it said nothing.

    Raises:
        ConfigError: The exporter is not installed, or the collector did not take all of them.
    """
    made = import_package(EXPORTER, OPTION, PACKAGE)
    sdk = import_package("opentelemetry.sdk.metrics.export", OPTION, PACKAGE)
    with _heard() as said:
        answers: list[bytes] = []
        exporter = made.OTLPMetricExporter(endpoint=address, **_session(answers))
        taken = exporter.export(sdk.MetricsData(resource_metrics=[_resource(run) for run in runs]))
        exporter.shutdown()
    if taken is not sdk.MetricExportResult.SUCCESS:
        words, place = "; ".join(said), shown(address)
        if place != address:
            words = words.replace(urlsplit(address).path, "/…")
        reason = printable(words, 300).rstrip(".") or "no reason given"
        msg = f"{OPTION} {place}: the collector did not take the metrics: {reason}: is it running, on this port?"
        raise ConfigError(msg)
    rejected, remark = _partial(answers)
    if rejected:
        reason = remark.rstrip(".") or "no reason given"
        msg = f"{OPTION} {shown(address)}: the collector rejected {rejected:,} of the readings: {reason}: see its log"
        raise ConfigError(msg)
    return remark


def _session(answers: list[bytes]) -> dict[str, Any]:
    """Has the exporter, which does not read them, keep the collector's answers; nothing where the user names a session.

    Args:
        answers: Takes the bodies.
    """
    if any(os.environ.get(name) for name in PROVIDERS):
        return {}
    session = import_package("requests", OPTION, PACKAGE).Session()

    def keep(answer: Any, *_: object, **__: object) -> None:  # noqa: ANN401 - of requests
        answers.append(answer.content if answer.ok else b"")

    session.hooks["response"].append(keep)
    return {"session": session}


def _partial(answers: Sequence[bytes]) -> tuple[int, str]:
    """How many readings a collector rejected though it took the call, and what it says about it (partial success)."""
    service = import_package("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2", OPTION, PACKAGE)
    rejected, said = 0, []
    for body in answers:
        answer = service.ExportMetricsServiceResponse()
        try:
            answer.ParseFromString(body)
        except RAISED_BY_OTHERS:  # a server that answers in words of its own has taken all, by its status
            continue
        rejected += max(0, answer.partial_success.rejected_data_points)
        said.append(answer.partial_success.error_message)
    return rejected, printable("; ".join(filter(None, said)), 300)


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What the exporter logs as errors, which is the only place where it gives a reason; nobody else hears it.

    Nor does anybody hear of headers that it cannot read, which it would print.
    """
    said: list[str] = []
    of_headers = logging.getLogger(HEADERS)
    was, of_headers.disabled = of_headers.disabled, True

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, handler = logging.getLogger(EXPORTER), Kept(logging.ERROR)
    before, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
        of_headers.disabled = was


def _resource(contents: RunContents) -> ResourceMetrics:
    """A run with all its gauges."""
    sdk = import_package("opentelemetry.sdk.metrics.export", OPTION, PACKAGE)
    resources = import_package("opentelemetry.sdk.resources", OPTION, PACKAGE)
    scopes = import_package("opentelemetry.sdk.util.instrumentation", OPTION, PACKAGE)
    moment = _nanoseconds(contents.manifest.finished or contents.manifest.started)
    about: dict[str, Any] = {f"audit.{name}": value for name, value in run_labels(contents).items()}
    scope = sdk.ScopeMetrics(
        scope=scopes.InstrumentationScope("audit", metadata.version("checkpoint-audit")),
        metrics=_gauges(contents, moment, sdk),
        schema_url="",
    )
    resource = resources.Resource({"service.name": "audit", **about})
    found: ResourceMetrics = sdk.ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")
    return found


def _gauges(contents: RunContents, moment: int, sdk: Any) -> list[Metric]:  # noqa: ANN401 - a module
    """Every gauge of a run that has a reading; without a unit, which for these is a label."""
    found = readings(contents)
    gauges = []
    for name, about in GAUGES.items():
        points = [
            sdk.NumberDataPoint(
                attributes=one.labels, start_time_unix_nano=0, time_unix_nano=moment, value=float(one.value)
            )
            for one in found
            if one.gauge == name
        ]
        if points:
            gauges.append(sdk.Metric(name=name, description=about, unit="", data=sdk.Gauge(data_points=points)))
    return gauges


def _nanoseconds(moment: datetime) -> int:
    """Unix time, exactly."""
    whole = moment.astimezone(UTC)
    return int(whole.replace(microsecond=0).timestamp()) * 10**9 + whole.microsecond * 1000
