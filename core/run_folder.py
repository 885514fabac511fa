"""The folder an audit leaves behind: one file per kind of record, each written atomically."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pydantic import TypeAdapter

from audit.core import contradictions
from audit.core.errors import AuditError, EvidenceInvalid, RunFolderError, WriteError, did_you_mean
from audit.core.filesystem import atomic_file, did_you_mean_path, is_database, make_folder, write_text
from audit.core.latest import LATEST, newest
from audit.core.records import Attribution, Decision, Drivers, Metric, RunManifest, digest_of
from audit.core.records.files import json_file, logged_file, samples_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import RawOutput, Sample
    from audit.core.records.logged import LoggedTask

RUN_ID = re.compile(r"\d{8}T\d{6}Z-.+")
EVIDENCE = {
    "manifest.json", "metrics.json", "decision.json", "decision.policy.yaml", "evidence.dsse.json",
    "evidence.sigstore.json", "drivers.json", "ratings.json", "raw.jsonl", "journal.sqlite", "journal.sqlite-wal",
    "journal.sqlite-shm", "samples", "attributions", "logged", "embeddings",
}  # fmt: skip
"""Files and folders of a run folder that only the run and the gate may write."""
_METRICS = TypeAdapter(list[Metric])


def new_run_id(started: datetime, model_name: str, manifest_without_id: Mapping[str, Any]) -> str:
    """The name of a run: ``20260131T235959Z-smollm2-135m-instruct-0a1b2c``.

    Args:
        started: When the run began, with a time zone.
        model_name: Name of the checkpoint; what is no letter, digit, dot, dash or underscore becomes a dash.
        manifest_without_id: Fields of the manifest as JSON has them; the digest leaves out ``run_id``.

    Raises:
        ValueError: ``started`` has no time zone.
    """
    if started.tzinfo is None:
        msg = "the start of a run needs a time zone"
        raise ValueError(msg)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", model_name)[-60:].strip("-.") or "model"
    fields = {key: value for key, value in manifest_without_id.items() if key != "run_id"}
    return f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}-{name}-{digest_of(fields)[:6]}"


def refuse_evidence(path: Path, option: str) -> None:
    """Refuse to write to a file that is a run's evidence or a ratings database, under whatever name or link.

    Args:
        path: A path given by the user.
        option: Option under which it was given.

    Raises:
        WriteError: It is one.
    """
    real = Path(os.path.realpath(path))
    if os.path.isfile(real) and is_database(real):  # noqa: PTH113 - unlike Path.is_file it raises nothing
        msg = f"{option} {path}: this file is a database: choose another name"
        raise WriteError(msg)
    for folder in real.parents[:3]:
        if real.relative_to(folder).parts[0] in EVIDENCE and os.path.isfile(folder / "manifest.json"):  # noqa: PTH113 - see above
            msg = f"{option} {path}: this file is evidence of the run {folder.name}: choose another name"
            raise WriteError(msg)


class RunFolder:
    """One run on disk. Make one with :meth:`create`, :meth:`open` or :meth:`resolve`.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, out: Path, manifest: RunManifest, *, begun: bool = True) -> RunFolder:
        """Make ``out/<run-id>`` and write the manifest into it; not where the run has not ``begun``, and is none yet.

        Raises:
            WriteError: The folder cannot be made or exists already.
        """
        run = cls(make_folder(out / _file_name(manifest.run_id), new=True))
        if begun:
            run.write_manifest(manifest)
        return run

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open an existing run folder.

        Raises:
            RunFolderError: It is no run folder, its manifest is broken, or its schema is newer than known.
        """
        if not path.is_dir():
            hint = "" if path.exists() else did_you_mean_path(path, folder=True)
            fault = "it is a file, and a run is a folder" if path.exists() else "no such run folder"
            msg = f"{path}: {fault}: give the path of a run, its run-id, or '{LATEST}'.{hint}"
            raise RunFolderError(msg)
        if not any((path / name).exists() for name in EVIDENCE):
            held = cls.all(path)
            example = held[0].path if held else f"runs/RUN-ID, a run-id, or '{LATEST}'"
            several = f", but {len(held):,} in it" if held else ""
            msg = f"{path}: no run folder{several}: name one, such as {example}"
            raise RunFolderError(msg)
        run = cls(path)
        run.read_manifest()
        return run

    @classmethod
    def all(cls, out: Path) -> list[RunFolder]:
        """Folders in ``out`` that hold a manifest, newest run-id first, unopened; none if ``out`` is missing."""
        try:
            found = [path for path in out.iterdir() if (path / "manifest.json").is_file()] if out.is_dir() else []
        except OSError as error:
            msg = f"{out}: cannot be listed: {error.strerror}: check its permissions"
            raise RunFolderError(msg) from error
        return [cls(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]

    @classmethod
    def resolve(cls, name: str | Path, out: Path) -> RunFolder:
        """Find a run by path, by run-id under ``out``, or the newest by run-id with ``latest``, which is no replay.

        Raises:
            RunFolderError: There is no such run, or it cannot be opened.
        """
        runs = cls.all(out)
        if str(name) == LATEST:
            named = [run for run in runs if RUN_ID.fullmatch(run.path.name)]
            if not named:
                hint = did_you_mean_path(out, folder=True)
                other = "name another folder with --runs ('audit run': --out)"
                msg = f"{out}: no runs here yet: start one with 'audit run', or {other}.{hint}"
                if runs:
                    msg = f"{out}: '{LATEST}' finds no renamed folders: name one, such as {runs[0].path.name}"
                raise RunFolderError(msg)
            return cls.open(newest(named).path)
        for path in (Path(name), out / name):
            if os.path.isfile(path / "manifest.json"):  # noqa: PTH113 - no error where the name is too long
                return cls.open(path)
        if os.path.exists(name):  # noqa: PTH110 - see above
            return cls.open(Path(name))
        hint = did_you_mean(str(name), [LATEST, *(run.path.name for run in runs)]) or did_you_mean_path(
            Path(name), folder=True
        )
        msg = f"{name}: no such run, neither as a path nor in {out} (--runs).{hint}"
        raise RunFolderError(msg)

    @property
    def run_id(self) -> str:
        """The manifest's run-id; the folder may have been renamed."""
        return self.read_manifest().run_id

    @property
    def manifest_path(self) -> Path:
        """``manifest.json``."""
        return self.path / "manifest.json"

    @property
    def metrics_path(self) -> Path:
        """``metrics.json``."""
        return self.path / "metrics.json"

    @property
    def decision_path(self) -> Path:
        """``decision.json``."""
        return self.path / "decision.json"

    @property
    def journal_path(self) -> Path:
        """``journal.sqlite``: engine answers as they arrive."""
        return self.path / "journal.sqlite"

    @property
    def drivers_path(self) -> Path:
        """``drivers.json``: what drives answers across samples, if the run looked for it."""
        return self.path / "drivers.json"

    @property
    def raw_path(self) -> Path:
        """``raw.jsonl``: outputs with their personal data, if the user requested them."""
        return self.path / "raw.jsonl"

    @property
    def report_path(self) -> Path:
        """``report/index.html``."""
        return self.path / "report" / "index.html"

    def report_file(self, name: str) -> Path:
        """Where a file of the folder ``report`` is written.

        Raises:
            WriteError: That folder is a link that points outside the run folder.
        """
        folder = self.report_path.parent
        if folder.resolve().parent != self.path.resolve():
            msg = (
                f"{folder}: points outside the run folder, to {folder.resolve()}: nothing is written there; remove the "
                "link, or give a file with `audit report --out`"
            )
            raise WriteError(msg)
        return folder / name

    def read_manifest(self) -> RunManifest:
        """Read ``manifest.json``.

        Raises:
            RunFolderError: It is missing, broken or of a newer schema.
        """
        return json_file.read_record(self.manifest_path, RunManifest)

    def write_manifest(self, manifest: RunManifest) -> None:
        """Write ``manifest.json``.

        Raises:
            WriteError: It cannot be written.
        """
        json_file.write_record(self.manifest_path, manifest)

    def read_metrics(self) -> list[Metric]:
        """Read ``metrics.json``, in the order it was written.

        Raises:
            RunFolderError: It is missing or broken, the folder is a shard, or its schema is newer than known.
            EvidenceInvalid: It says what cannot be: a name twice, a share of 7, a value outside its interval
                (:mod:`audit.core.contradictions`).
        """
        no_results = self.read_manifest().no_results
        if no_results:
            raise RunFolderError(no_results, self.path)
        text = json_file.read_text(self.metrics_path, "the run did not finish: resume it with 'audit run --resume'")
        try:
            metrics = json_file.validated(text, json_file.read_plain(text), _METRICS)
        except (ValueError, RecursionError) as error:
            raise json_file.broken(self.metrics_path, error) from error
        fault = contradictions.in_metrics(metrics)
        if fault:
            raise EvidenceInvalid(fault, self.metrics_path)
        return metrics

    def write_metrics(self, metrics: Sequence[Metric]) -> None:
        """Write ``metrics.json``: byte for byte the same for equal metrics.

        Metrics stay in the order given, fields in the order of the record, slices are sorted by key, floats
        are written by ``repr`` (the shortest text that reads back as the same number), -0.0 as 0.0.

        Raises:
            AuditError: They say what cannot be (:mod:`audit.core.contradictions`).
            WriteError: It cannot be written.
        """
        fault = contradictions.in_metrics(metrics)
        if fault:
            raise AuditError(fault)
        values = [_zero_without_sign(json_file.plain(metric)) for metric in metrics]
        write_text(self.metrics_path, json_file.to_json(values))

    def read_samples(self, suite: str, task: str) -> list[Sample]:
        """Read the samples of a task, in the order they were written.

        Raises:
            RunFolderError: The task has none, the file is broken, or the folder's schema is newer than known.
        """
        self.read_manifest()
        path = self.samples_path(suite, task)
        if not path.is_file():
            hint = did_you_mean(task, [name for other, name in self.tasks() if other == suite])
            msg = f"{self.path}: no samples of {suite}/{task} in this run.{hint}"
            raise RunFolderError(msg)
        return samples_file.read(path)

    def write_samples(self, suite: str, task: str, samples: Sequence[Sample]) -> None:
        """Write the samples of a task to ``samples/<suite>/<task>.parquet``.

        Raises:
            WriteError: It cannot be written.
        """
        samples_file.write(self.samples_path(suite, task), samples)

    def write_raw(self, outputs: Sequence[RawOutput]) -> None:
        """Write ``raw.jsonl``, which only its owner may read.

        Raises:
            WriteError: It cannot be written.
        """
        with atomic_file(self.raw_path, private=True) as file:
            for output in outputs:
                file.write(json.dumps(output.model_dump(), ensure_ascii=True).encode() + b"\n")

    def samples_path(self, suite: str, task: str) -> Path:
        """Where a task's samples are, whether or not there are any."""
        return self.path / "samples" / _file_name(suite) / f"{_file_name(task)}.parquet"

    def tasks(self) -> list[tuple[str, str]]:
        """Suite and task of every samples file, sorted."""
        found = (self.path / "samples").glob("*/*.parquet")
        shown = (path for path in found if not path.name.startswith(".") and not path.parent.name.startswith("."))
        return sorted((unquote(path.parent.name), unquote(path.stem)) for path in shown)

    def read_attributions(self) -> list[Attribution]:
        """Read all attributions, sorted by file name.

        Raises:
            RunFolderError: One is broken or of a newer schema.
        """
        files = sorted((self.path / "attributions").glob("*.json"))
        return [json_file.read_record(file, Attribution) for file in files if not file.name.startswith(".")]

    def write_attribution(self, attribution: Attribution) -> None:
        """Write ``attributions/<id>.json``.

        Raises:
            AuditError: A number is NaN or infinite.
            WriteError: It cannot be written.
        """
        json_file.write_record(
            self.path / "attributions" / f"{_file_name(attribution.attribution_id)}.json", attribution
        )

    def read_drivers(self) -> Drivers | None:
        """Read ``drivers.json``; None if the run did not look for any.

        Raises:
            RunFolderError: It is broken or of a newer schema.
        """
        return json_file.read_record(self.drivers_path, Drivers) if self.drivers_path.exists() else None

    def write_drivers(self, drivers: Drivers) -> None:
        """Write ``drivers.json``.

        Raises:
            AuditError: A number is NaN or infinite.
            WriteError: It cannot be written.
        """
        json_file.write_record(self.drivers_path, drivers)

    def logged_path(self, task: str) -> Path:
        """``logged/<task>.json.gz``: what lm-eval logs about a benchmark task beyond the samples."""
        return self.path / "logged" / f"{_file_name(task)}.json.gz"

    def read_logged(self) -> list[LoggedTask]:
        """Read the logs of all benchmark tasks and groups, sorted by file name.

        Raises:
            RunFolderError: A file is broken or of a newer schema.
        """
        files = sorted((self.path / "logged").glob("*.json.gz"))
        return [logged_file.read(file) for file in files if not file.name.startswith(".")]

    def write_logged(self, logged: LoggedTask) -> None:
        """Write the log of a benchmark task or group.

        Raises:
            WriteError: It cannot be written.
        """
        logged_file.write(self.logged_path(logged.task), logged)

    def embeddings_path(self, suite: str, task: str) -> Path:
        """``embeddings/<suite>/<task>.parquet``: vectors of the task's questions, if the run computed them."""
        return self.path / "embeddings" / _file_name(suite) / f"{_file_name(task)}.parquet"

    def read_decision(self) -> Decision | None:
        """Read ``decision.json``; None where the gate has not judged the run.

        Raises:
            RunFolderError: It is broken or of a newer schema.
        """
        return json_file.read_record(self.decision_path, Decision) if self.decision_path.exists() else None

    def write_decision(self, decision: Decision) -> None:
        """Write ``decision.json``.

        Raises:
            WriteError: It cannot be written.
        """
        json_file.write_record(self.decision_path, decision)


def _file_name(name: str) -> str:
    """A name as one path component that :func:`urllib.parse.unquote` turns back: no slash, no leading dot."""
    quoted = quote(name, safe=" ")
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted


def _zero_without_sign(metric: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value + 0.0 if isinstance(value, float) else value for key, value in metric.items()}
    return plain | {"slice": dict(sorted(metric["slice"].items())) if metric["slice"] else metric["slice"]}
