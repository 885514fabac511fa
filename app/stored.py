"""What is in a run folder, read once: every answer is cached by path, modification time and size of its file.

The cached objects are shared between readers and pages (``st.cache_resource`` copies nothing, which keeps
runs of many thousand samples quick) and must not be changed.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from audit.app.untrusted import plain
from audit.core.errors import AuditError
from audit.core.records import SWEEP_FILE, Sweep
from audit.core.records.files.json_file import read_record
from audit.core.run_folder import RunFolder
from audit.gate import decisions, evidence
from audit.gate.binding.kept_policy import path_in
from audit.gate.metrics_file import metrics_digest, read_metrics
from audit.reports.browsing import run_list
from audit.reports.browsing.pair_index import PairIndex
from audit.reports.browsing.sample_index import SampleIndex
from audit.reports.contents import analysis_of, read_attributions
from audit.reports.errors.crossed import crossed as crossed_shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from audit.core.records import Attribution, Comparison, Decision, Drivers, Metric, RunManifest, Sample, Suite
    from audit.reports.browsing.run_list import RunSummary
    from audit.reports.errors.analysis import ErrorAnalysis
    from audit.reports.errors.crossed import CrossedTable

T = TypeVar("T")


def manifest(run: RunFolder) -> RunManifest:
    """The manifest of a run."""
    record: RunManifest = _once(run.read_manifest, "manifest", *_stamp(run.manifest_path))
    return record


def fault(run: RunFolder) -> str | None:
    """Why the evidence of a run is invalid or cannot be read; None where it is sound."""

    def look() -> str | None:
        try:
            evidence.check(run)
        except AuditError as error:
            return str(error)
        return None

    found: str | None = _once(look, "fault", *(part for path in evidence.files(run) for part in _stamp(path)))
    return found


def metrics(run: RunFolder) -> list[Metric]:
    """Its metrics; none while the run has not written any."""
    if not run.metrics_path.exists():
        return []
    return _or_say(lambda: _once(run.read_metrics, "metrics", *_stamp(run.metrics_path)), [])


def decision(run: RunFolder) -> tuple[Decision | None, str | None]:
    """The gate's verdict, and why the one in the folder is not shown."""
    invalid = fault(run)
    if invalid or not run.decision_path.exists():
        return None, invalid if run.decision_path.exists() else None

    today = datetime.now(UTC).date()  # waivers may expire while the app runs

    def read() -> tuple[Decision | None, str | None]:
        known = read_metrics(run, manifest(run))
        return decisions.current(run, manifest(run), *known, today=today)

    judged_by = (*_stamp(run.decision_path), *_stamp(path_in(run)))
    stamps = (today.toordinal(), *judged_by, *_stamp(run.metrics_path), *_stamp(run.manifest_path))
    found: tuple[Decision | None, str | None] = _once(read, "decision", *stamps)
    return found


def summaries(runs: Path) -> list[RunSummary]:
    """Every run of the folder in a line.

    Raises:
        RunFolderError: The folder cannot be listed.
    """
    return [_summarised(partial(run_list.summary, path), *run_list.stamp(path)) for path in run_list.run_folders(runs)]


def verdicts(runs: Path, names: Iterable[str], seconds: float) -> dict[str, str | None]:
    """The verdicts of some runs, as far as they are known or can be looked at in the time given.

    Args:
        runs: Folder of the runs.
        names: Of those that hold a verdict.
        seconds: After which no further one is looked at.
    """
    known, until, today = _known_verdicts(), time.monotonic() + seconds, datetime.now(UTC).date()
    found: dict[str, str | None] = {}
    for name in names:
        key = (today, *run_list.stamp(runs / name))
        if key not in known and time.monotonic() < until:
            known[key] = run_list.verdict(runs / name, today)
        if key in known:
            found[name] = known[key]
    return found


def tasks(run: RunFolder) -> list[tuple[Suite, str]]:
    """Suite and task of everything that left samples."""
    return run.tasks()  # type: ignore[return-value] # the folders of a run are named for suites


def samples(run: RunFolder, suite: Suite, task: str) -> list[Sample]:
    """The samples of a task, in the order of the file.

    Raises:
        AuditError: The file is broken; the frame of a blind page shows no message that names the run.
    """
    return _samples(run, suite, task)


def index(run: RunFolder) -> SampleIndex:
    """The samples of a run, ready to be filtered, searched and sorted; of each broken file one red line."""
    known, explained = metrics(run), {(one.task or "", one.sample_id or "") for one in attributions(run)}
    paths = [*(run.samples_path(*one) for one in run.tasks()), run.metrics_path, run.path / "attributions"]
    found: SampleIndex = _indexed(
        lambda: SampleIndex.read(run, known, explained), *(part for path in paths for part in _stamp(path))
    )
    for reason in found.faults.values():
        st.error(plain(reason), icon=":material/error:")
    return found


def _samples(run: RunFolder, suite: Suite, task: str) -> list[Sample]:
    path = run.samples_path(suite, task)
    records: list[Sample] = _once(lambda: run.read_samples(suite, task), "samples", *_stamp(path))
    return records


def comparison(
    baseline: RunFolder, candidate: RunFolder, *, everything: bool = False
) -> tuple[Comparison | None, str | None]:
    """What ``audit compare`` finds, or why two runs cannot be compared.

    Args:
        baseline: The run to compare with.
        candidate: The run that is judged.
        everything: All metrics and slices; else the primary metrics over all items.
    """

    def look() -> tuple[Comparison | None, str | None]:
        from audit.gate.comparison.compare import compare  # noqa: PLC0415 - SciPy takes a second to import

        try:
            return compare(baseline, candidate, everything=everything), None
        except AuditError as error:
            return None, str(error)

    stamps = (part for run in (baseline, candidate) for path in evidence.files(run) for part in _stamp(path))
    found: tuple[Comparison | None, str | None] = _once(look, "comparison", everything, *stamps)
    return found


def sweep(runs: Path) -> tuple[Sweep | None, str | None]:
    """The sweep of a folder of runs, and why what it compares must not be believed; nothing where there is none.

    Raises:
        RunFolderError: Its record is broken or of a newer version.
    """
    path = runs / SWEEP_FILE
    if not path.is_file():
        return None, None
    found: Sweep = _once(lambda: read_record(path, Sweep), "sweep", *_stamp(path))
    compared = {one.metrics_sha256 for one in found.trend.runs} if found.trend else set()
    for one in found.compared:
        run = RunFolder(runs / (one.run or ""))
        if not run.metrics_path.is_file():
            return found, f"The run {one.run} is not here any more."
        digest = _once(partial(metrics_digest, run), "metrics digest", *_stamp(run.metrics_path))
        if digest not in compared:
            return found, f"The metrics of the run {one.run} are no longer those that were compared."
    return found, None


def pairs(baseline: RunFolder, candidate: RunFolder) -> PairIndex:
    """The items of two runs side by side; of each task that cannot be paired one red line."""
    known = metrics(candidate)
    paths = [candidate.metrics_path, *(run.samples_path(*one) for run in (baseline, candidate) for one in run.tasks())]
    stamps = (part for path in paths for part in _stamp(path))
    found: PairIndex = _paired(
        lambda: PairIndex.read(baseline, candidate, known), str(baseline.path), str(candidate.path), *stamps
    )
    for reason in found.faults.values():
        st.error(plain(reason), icon=":material/error:")
    return found


def attributions(run: RunFolder) -> list[Attribution]:
    """All attributions of a run, in the order of the report; none, and why, where a file is broken."""
    stamp = _stamp(run.path / "attributions")
    return _or_say(lambda: _once(lambda: read_attributions(run, manifest(run)), "attributions", *stamp), [])


def drivers(run: RunFolder) -> Drivers | None:
    """What drives answers across samples; None where the run looked for nothing."""
    record: Drivers | None = _or_say(lambda: _once(run.read_drivers, "drivers", *_stamp(run.drivers_path)), None)
    return record


def analysis(run: RunFolder, suite: Suite, task: str) -> ErrorAnalysis | None:
    """Where a task goes wrong; None, and why, where its samples cannot be read."""

    def read() -> ErrorAnalysis:
        return analysis_of(run, manifest(run), metrics(run), suite, task, _samples(run, suite, task))

    paths = (run.samples_path(suite, task), run.metrics_path, run.embeddings_path(suite, task))
    stamps = (part for path in paths for part in _stamp(path))
    found: ErrorAnalysis | None = _or_say(lambda: _once(read, "analysis", *stamps), None)
    return found


def crossed(run: RunFolder, suite: Suite, task: str) -> CrossedTable | None:
    """The leading share of a task by category and family; None where it has none, or its samples cannot be read."""

    def read() -> CrossedTable | None:
        mine = [metric for metric in metrics(run) if (metric.suite, metric.task) == (suite, task)]
        return crossed_shares(mine, _samples(run, suite, task), narrow=task in manifest(run).looked_at)

    paths = (run.samples_path(suite, task), run.metrics_path, run.manifest_path)
    stamps = (part for path in paths for part in _stamp(path))
    found: CrossedTable | None = _or_say(lambda: _once(read, "crossed", *stamps), None)
    return found


def report(run: RunFolder) -> bytes | None:
    """The report card's HTML; None when it was not rendered, lies elsewhere, or the run's evidence is invalid."""
    inside = run.report_path.resolve().is_relative_to(run.path.resolve())
    if not inside or not run.report_path.is_file() or fault(run):
        return None
    page: bytes = _once(run.report_path.read_bytes, "report", *_stamp(run.report_path))
    return page


def _or_say(read: Callable[[], T], otherwise: T) -> T:
    """What a part of the run says; where its file is broken, one red line, and the page goes on."""
    try:
        return read()
    except AuditError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return otherwise


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


@st.cache_resource(max_entries=4, show_spinner="Reading the samples …")
def _indexed(_read: Callable[[], SampleIndex], *key: object) -> SampleIndex:  # noqa: ARG001 - as above
    """As :func:`_once`, of a few runs: an index is larger than a record."""
    return _read()


@st.cache_resource(max_entries=4, show_spinner="Pairing the items …")
def _paired(_read: Callable[[], PairIndex], *key: object) -> PairIndex:  # noqa: ARG001 - as above
    """As :func:`_indexed`, of two runs."""
    return _read()


@st.cache_resource(max_entries=5000, show_spinner="Reading the runs …")
def _summarised(_read: Callable[[], RunSummary], *key: object) -> RunSummary:  # noqa: ARG001 - as above
    """As :func:`_once`, of many runs: a line is small."""
    return _read()


@st.cache_resource
def _known_verdicts() -> dict[tuple[object, ...], str | None]:
    """Verdicts by the files that they rest on, shared by all readers."""
    return {}
