"""Runs in Prometheus' text format 0.0.4, for the textfile collector of node_exporter.

https://prometheus.io/docs/instrumenting/exposition_formats/. Samples bear no timestamps: the collector refuses a file
that has any (https://github.com/prometheus/node_exporter#textfile-collector). When a run began and ended are gauges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.reports.monitoring.packages import import_package
from audit.reports.monitoring.readings import GAUGES, readings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client.core import Metric as Family

    from audit.reports.contents import RunContents
    from audit.reports.monitoring.readings import GaugeReading

OPTION = "--prometheus"


def require() -> None:
    """Make sure that the package is there.

    Raises:
        ConfigError: It is not installed.
    """
    import_package("prometheus_client", OPTION, "prometheus-client")


def render(runs: Sequence[RunContents]) -> bytes:
    """The readings of all runs, gauge by gauge.

    Raises:
        ConfigError: ``prometheus-client`` is not installed.
    """
    client = import_package("prometheus_client", OPTION, "prometheus-client")
    registry = client.CollectorRegistry()
    registry.register(_Collector([one for run in runs for one in readings(run)]))
    text: bytes = client.generate_latest(registry)
    return text


class _Collector:
    """Hands the gauges over, as ``prometheus_client`` asks for them."""

    def __init__(self, found: list[GaugeReading]) -> None:
        self._found = found

    def collect(self) -> Iterable[Family]:
        """Every gauge that has a reading."""
        core = import_package("prometheus_client.core", OPTION, "prometheus-client")
        for gauge, about in GAUGES.items():
            mine = [one for one in self._found if one.gauge == gauge]
            if not mine:
                continue
            family = core.GaugeMetricFamily(gauge.replace(".", "_"), about, labels=list(mine[0].labels))
            for one in mine:
                family.add_metric(list(one.labels.values()), one.value)
            yield family
