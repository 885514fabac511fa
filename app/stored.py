"""What is in a run folder, read once: every answer is cached by path, modification time and size of its file.

The cached objects are shared between readers and pages (``st.cache_resource`` copies nothing, which keeps
runs of many thousand samples quick) and must not be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.reports.contents import metrics_digest, read_attributions
from audit.reports.error_analysis import ErrorAnalysis, analyse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Attribution, Decision, Drivers, Metric, RunManifest, Sample, Suite
    from audit.core.run_folder import RunFolder


def manifest(run: RunFolder) -> RunManifest:
    """The manifest of a run."""
    record: RunManifest = _once(run.read_manifest, "manifest", *_stamp(run.manifest_path))
    return record


def metrics(run: RunFolder) -> list[Metric]:
    """Its metrics; none while the run has not written any."""
    if not run.metrics_path.exists():
        return []
    records: list[Metric] = _once(run.read_metrics, "metrics", *_stamp(run.metrics_path))
    return records


def decision(run: RunFolder) -> tuple[Decision | None, bool]:
    """The gate's verdict, and whether the metrics have changed since."""
    record: Decision | None = _once(run.read_decision, "decision", *_stamp(run.decision_path))
    if record is None or not run.metrics_path.exists():
        return record, record is not None
    digest: str = _once(lambda: metrics_digest(run), "digest", *_stamp(run.metrics_path))
    return record, record.metrics_sha256 != digest


def tasks(run: RunFolder) -> list[tuple[Suite, str]]:
    """Suite and task of everything that left samples."""
    return run.tasks()  # type: ignore[return-value] # the folders of a run are named for suites


def samples(run: RunFolder, suite: Suite, task: str) -> list[Sample]:
    """The samples of a task, in the order of the file."""
    path = run.samples_path(suite, task)
    records: list[Sample] = _once(lambda: run.read_samples(suite, task), "samples", *_stamp(path))
    return records


def attributions(run: RunFolder) -> list[Attribution]:
    """All attributions of a run, in the order of the report."""
    stamp = _stamp(run.path / "attributions")
    records: list[Attribution] = _once(lambda: read_attributions(run, manifest(run)), "attributions", *stamp)
    return records


def drivers(run: RunFolder) -> Drivers | None:
    """What drives answers across samples; None where the run looked for nothing."""
    record: Drivers | None = _once(run.read_drivers, "drivers", *_stamp(run.drivers_path))
    return record


def analysis(run: RunFolder, suite: Suite, task: str) -> ErrorAnalysis:
    """Where a task goes wrong."""

    def read() -> ErrorAnalysis:
        mine = [metric for metric in metrics(run) if (metric.suite, metric.task) == (suite, task)]
        primary = next((metric for metric in mine if metric.primary and metric.slice is None), None)
        seeds = manifest(run).seeds
        seed = seeds.get("bootstrap", next(iter(seeds.values()), 0))
        return analyse(suite, task, samples(run, suite, task), primary, seed=seed)

    found: ErrorAnalysis = _once(read, "analysis", *_stamp(run.samples_path(suite, task)), *_stamp(run.metrics_path))
    return found


def report(run: RunFolder) -> bytes | None:
    """The report card's HTML; None when it was not rendered."""
    if not run.report_path.is_file():
        return None
    page: bytes = _once(run.report_path.read_bytes, "report", *_stamp(run.report_path))
    return page


def _stamp(path: Path) -> tuple[str, int, int]:
    """Path, modification time in nanoseconds and size; zeros when there is nothing."""
    try:
        status = path.stat()
    except OSError:
        return (str(path), 0, 0)
    return (str(path), status.st_mtime_ns, status.st_size)


@st.cache_resource(max_entries=200, show_spinner="Reading the run …")
def _once(_read: Callable[[], Any], *key: object) -> Any:  # noqa: ARG001, ANN401 - Streamlit hashes the key; anything is read
    return _read()
