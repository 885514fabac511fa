"""All runs of a folder, each in a line: what it measured, what the gate said of it, and what is wrong with it.

A list is a first look: of each run it compares the manifest and the metrics with their digests, and of every other file
that it is there and whole at its end. :func:`audit.gate.evidence.check`, which reads everything, is for a run that is
opened.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audit.core.contradictions import in_manifest
from audit.core.errors import AuditError, RunFolderError
from audit.core.run_folder import EVIDENCE, RunFolder
from audit.gate import decisions, evidence
from audit.gate.metrics_file import read_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from audit.core.records import Metric, RunManifest

PARQUET_END = b"PAR1"
SILENT_SECONDS = 600
"""A run that has written nothing for so long was probably stopped."""


@dataclass(frozen=True)
class RunSummary:
    """One run, or a folder that was one."""

    name: str
    """Of its folder."""
    fault: str | None = None
    """What is wrong with it; its numbers are then not shown."""
    manifest: RunManifest | None = None
    """What was run; null where it cannot be read."""
    tasks: tuple[str, ...] = ()
    """Tasks that left samples."""
    metrics: tuple[Metric, ...] = ()
    """Its primary metrics over all items."""
    is_judged: bool = False
    """Whether the folder holds a verdict; :func:`verdict` says whether it is one that the gate reaches."""
    verdict: str | None = None
    """The gate's, once it was looked at; null in :func:`summary`."""
    written: datetime | None = None
    """When a run that goes on last wrote something."""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.fault is None and self.manifest is not None and self.manifest.status == "running"

    def is_silent(self, now: datetime) -> bool:
        """Whether it has not ended, and has written nothing for ten minutes."""
        return self.is_running and (self.written is None or (now - self.written).total_seconds() > SILENT_SECONDS)

    @property
    def text(self) -> str:
        """What a search for words looks at."""
        manifest = self.manifest
        named = (
            [manifest.run_id, manifest.model.name, manifest.model.source, manifest.status] if manifest else ["broken"]
        )
        titles = (one.title for one in manifest.words.values()) if manifest else ()
        words = [self.name, *named, self.verdict or "", *self.tasks, *titles, *(metric.name for metric in self.metrics)]
        return " ".join([*words, "broken" if self.fault else ""]).lower()


def run_folders(runs: Path) -> list[Path]:
    """Folders that are or were runs, newest name first: any with a file of a run in it, and links that lead nowhere.

    Raises:
        RunFolderError: The folder cannot be listed.
    """
    try:
        found = [runs / entry.name for entry in os.scandir(runs) if _is_run(entry)] if runs.is_dir() else []
    except OSError as error:
        msg = f"{runs}: cannot be listed: {error.strerror}: check its permissions"
        raise RunFolderError(msg) from error
    return sorted(found, key=lambda path: path.name, reverse=True)


def _is_run(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
    if entry.is_symlink() and not os.path.exists(entry.path):  # noqa: PTH110 - Path.exists raises where links lead in a circle
        return True
    return entry.is_dir() and any(os.path.lexists(os.path.join(entry.path, name)) for name in EVIDENCE)  # noqa: PTH118 - as above


def stamp(path: Path) -> tuple[object, ...]:
    """What changes when a line of the list may: times and sizes of the files that :func:`summary` looks at."""
    return (str(path), *((name, *_status(file)) for name, file in _looked_at(path)))


def verdict(path: Path, today: date) -> str | None:
    """The verdict in a folder; None where the gate does not reach it again on what the folder holds.

    That takes a quarter of a second for a run of some hundred samples: the gate judges all its rules again.

    Args:
        path: The folder.
        today: The day, UTC: waivers that a verdict rests on may have expired.
    """
    run = RunFolder(path)
    try:
        manifest = run.read_manifest()
        found, _ = decisions.current(run, manifest, *read_metrics(run, manifest), today=today)
    except (AuditError, OSError):
        return None
    return found.verdict if found else None


def summary(path: Path) -> RunSummary:
    """A run in a line, without its verdict; whatever is wrong with the folder is said in it and never raised."""
    run = RunFolder(path)
    manifest = None
    try:
        manifest = run.read_manifest()
        fault = _fault(run, manifest)
        metrics = [] if fault or manifest.shard else read_metrics(run, manifest)[0]
    except (AuditError, OSError) as error:
        return RunSummary(path.name, fault=_in_folder(error, path), manifest=manifest)
    return RunSummary(
        path.name,
        fault,
        manifest,
        tuple(task for _, task in run.tasks()),
        tuple(metric for metric in metrics if metric.primary and metric.slice is None),
        fault is None and run.decision_path.exists(),
        None,
        _last_written(path) if manifest.status == "running" else None,
    )


def matching(summaries: Sequence[RunSummary], text: str) -> list[RunSummary]:
    """The runs in whose line every word of a text occurs."""
    words = text.lower().split()
    return [one for one in summaries if all(word in one.text for word in words)]


def _fault(run: RunFolder, manifest: RunManifest) -> str | None:
    """What is wrong with a run, as far as a first look shows."""
    fault = in_manifest(manifest)
    if fault:
        return f"manifest.json: {fault}"
    for suite, task in run.tasks():
        if not _is_whole(run.samples_path(suite, task)):
            return f"the samples of {suite}/{task} are cut off or no file: copy the run folder again"
    if manifest.status == "running":
        return None
    if not run.metrics_path.exists() and manifest.status == "complete":
        return "metrics.json is missing, though the run is complete: copy the run folder again"
    faults = evidence.file_faults(run, manifest, contents=("metrics.json",))
    return next((_in_folder(one, run.path) for one in faults), None)


def _is_whole(path: Path) -> bool:
    """Whether a Parquet file has its end; a pipe, which would be waited for, is none."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(PARQUET_END)))
        return file.read() == PARQUET_END


def _in_folder(error: Exception, path: Path) -> str:
    """A message without the path of the folder, whose name is next to it."""
    text = f"{error.strerror or error}" if isinstance(error, OSError) else str(error)
    return text.replace(f"{path}/", "").replace(str(path), "this folder")


def _looked_at(path: Path) -> Iterator[tuple[str, Path]]:
    yield "", path
    for name in ("manifest.json", "metrics.json", "decision.json", "decision.policy.yaml", "journal.sqlite-wal"):
        yield name, path / name
    run = RunFolder(path)
    for suite, task in run.tasks():
        yield f"{suite}/{task}", run.samples_path(suite, task)
    yield "attributions", path / "attributions"


def _status(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def _last_written(path: Path) -> datetime | None:
    newest = max((_status(file)[0] for _, file in [*_looked_at(path), ("", path / "journal.sqlite")]), default=0)
    return datetime.fromtimestamp(newest / 1e9, UTC) if newest else None
