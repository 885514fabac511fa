"""A log as a run folder: samples, metrics, manifest, seal."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audit.core import collector, provenance
from audit.core.contradictions import MEMBERS
from audit.core.errors import RunFolderError, UsageError
from audit.core.records import AssetRecord, GitState, ModelRecord, NotRun, RunManifest, digest_of
from audit.core.records.files.json_file import plain, read_plain, to_json
from audit.core.records.files.surrogates import has_surrogates
from audit.core.run_folder import RunFolder, new_run_id
from audit.core.text import first_line, printable
from audit.gate import evidence
from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import bad
from audit.gate.importers.groups import group_metrics
from audit.stats.aggregate import TRUNCATED_OUTPUTS, UNSCORED
from audit.stats.recount import COMPUTING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import Metric, Sample
    from audit.gate.importers.contract import ImportOptions, Log, Reader, Task

UNSEARCHED = "imported texts were not searched for personal data: look before you pass the folder on"
"""Warning of every imported run."""
RESERVED = (UNSCORED, TRUNCATED_OUTPUTS)
"""Metrics that are counted for every task, whatever the log has."""
BROKEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, OSError)
"""What a log raises that is odd in a way that no reader expects."""
BY_NAME = "known by what the log says of it: its weights were not seen"
"""Remark on every imported model."""


@collector.paused()
def import_log(
    reader: Reader, files: Sequence[Path], options: ImportOptions, out: Path, *, reuse: bool = False
) -> RunFolder:
    """Make a run folder from a log; nothing is written unless all of the log can be read.

    Args:
        reader: Of the log's format.
        files: The log.
        options: What the user says about it.
        out: Folder for the run folder.
        reuse: Take the run that was made of the same log with the same options before, if it is still there.

    Raises:
        UsageError: The log cannot be read, or was imported before.
        EvidenceInvalid: It contradicts itself.
        WriteError: The folder cannot be written.
    """
    try:
        manifest, samples, metrics = _made(reader, files, options)
    except BROKEN as error:
        why = f"it is damaged, or was edited ({first_line(error)})"
        raise bad(files[0], f"cannot be read as {reader.NAME}: {why}") from error
    before = _made_before(out, manifest, metrics) if reuse else None
    return before or _written(out, manifest, samples, metrics)


def _made_before(out: Path, manifest: RunManifest, metrics: list[Metric]) -> RunFolder | None:
    """The run that was made of the same log before; where the log has no date, it is one of another time.

    One that has other metrics by now was not made of it.
    """
    wanted = _timeless(manifest)
    runs = [run for run in RunFolder.all(out) if _without_time(run.path.name) == _without_time(manifest.run_id)]
    return next((run for run in runs if _is_made_of(run, wanted, metrics)), None)


def _without_time(run_id: str) -> str:
    """The part of a run-id between its time and its last digits: what was run."""
    return run_id.partition("-")[2].rpartition("-")[0]


def _is_made_of(run: RunFolder, wanted: dict[str, Any], metrics: list[Metric]) -> bool:
    """Whether a run has these fields and metrics; a damaged one has not."""
    try:
        return _timeless(run.read_manifest()) == wanted and run.read_metrics() == metrics
    except RunFolderError:
        return False


def _timeless(manifest: RunManifest) -> dict[str, Any]:
    """The fields of an imported manifest, without those that say when and where it was made."""
    when = {"run_id", "started", "finished", "platform", "evidence"}
    return {name: value for name, value in plain(manifest).items() if name not in when}


def _made(
    reader: Reader, files: Sequence[Path], options: ImportOptions
) -> tuple[RunManifest, dict[str, list[Sample]], list[Metric]]:
    """Manifest, samples by task, and metrics of a log."""
    log = reader.read(files, options)
    _check_names(log, files)
    samples: dict[str, list[Sample]] = {}
    metrics: dict[str, list[Metric]] = {}
    for task in log.tasks:
        if task.members or task.not_run:
            continue
        samples[task.name] = samples_of(task, options)
        metrics[task.name] = metrics_of(task, samples[task.name], options)
    for task in log.tasks:
        if task.members:
            inside = [sample for name in task.members for sample in samples.get(name, [])]
            metrics[task.name] = group_metrics(task, metrics, inside)
    return _manifest(reader, log, options), samples, [metric for found in metrics.values() for metric in found]


def _check_names(log: Log, files: Sequence[Path]) -> None:
    """Refuse a log without items, and one with a task, or a metric of a task, twice or under no name."""
    twice = [name for name, times in Counter(task.name for task in log.tasks).items() if times > 1]
    if twice:
        raise bad(files[0], f"task {twice[0]} occurs twice: import the two logs separately")
    for task in log.tasks:
        for name in (task.name, *(stated.metric for stated in task.stated)):
            if not name.strip() or has_surrogates(name):
                what = f"{printable(repr(name), 100)}: no name of a task or metric: it is empty, or no valid Unicode"
                raise bad(files[0], what)
        names = Counter([*RESERVED, *(stated.metric for stated in task.stated)])
        metric = next((name for name, times in names.items() if times > 1), None)
        if metric is not None:
            why = "every run counts it itself: rename it" if metric in RESERVED else "give it once"
            raise bad(files[0], f"task {task.name}: metric {metric} occurs twice: {why}")
    if not any(task.items for task in log.tasks):
        raise bad(files[0], "the log holds no items: was it written with its samples?")


def _manifest(reader: Reader, log: Log, options: ImportOptions) -> RunManifest:
    """The manifest; its status is complete where the tool finished and every item is there."""
    started = (log.started or datetime.now(UTC)).astimezone(UTC)
    finished = max(started, (log.finished or started).astimezone(UTC))
    whole = log.ended_early is None and not any(task.incomplete or task.not_run for task in log.tasks)
    packages = provenance.package_versions((*COMPUTING, "sacrebleu"))
    model = _model(log, options)
    manifest = RunManifest(
        run_id="",
        model=model,
        config={"import": _asked(reader, log, options), "evals": {"tasks": [{"name": t.name} for t in log.tasks]}},
        assets=_assets(log),
        tasks={task.name: _settings(task) for task in log.tasks},
        seeds={"run": options.seed},
        packages={**log.packages, **packages},
        platform=provenance.platform_record(threads=1),
        git=GitState(),
        started=started,
        finished=finished,
        status="complete" if whole else "partial",
        items_available={task.name: task.available for task in log.tasks if task.available is not None},
        not_run=[NotRun(suite="evals", task=task.name, reason=task.not_run) for task in log.tasks if task.not_run],
        warnings=_warnings(log),
        signature=_signature(reader, log, model, packages),
    )
    fields = {name: value for name, value in plain(manifest).items() if name != "platform"}
    run_id = new_run_id(started, model.name, fields)
    made = manifest.model_copy(update={"run_id": run_id})
    read_plain(to_json(plain(made)))  # a setting that JSON does not hold, such as NaN, is a fault of the log
    return made


def _asked(reader: Reader, log: Log, options: ImportOptions) -> dict[str, Any]:
    """What was imported, and what the user said about it."""
    given = {name: value for name, value in vars(options).items() if value}
    return {
        "from": reader.NAME,
        "tool": log.tool,
        "files": [{"name": file.name, "sha256": _digest(file)} for file in log.files],
        **{name: list(value) if isinstance(value, tuple) else value for name, value in given.items()},
    }


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _settings(task: Task) -> dict[str, Any]:
    return {**task.settings, **({MEMBERS: sorted(task.members)} if task.members else {})}


def _model(log: Log, options: ImportOptions) -> ModelRecord:
    """The model, by everything that the log says of it."""
    name = options.model or _short(log.model)
    return ModelRecord(
        **{
            "name": printable(name, 200),
            "source": printable(log.model, 500),
            "digest": digest_of(log.tool.partition(" ")[0], name, dict(log.identity)),
            "architecture": "unknown",
            "parameter_count": 0,
            "dtype": "unknown",
            "max_length": 0,
            "device": "unknown",
            **log.about,
            "remarks": [BY_NAME],
        }
    )


def _short(model: str) -> str:
    """The name to show: of a folder on a machine its last part, of a hub's ``owner/name`` all."""
    return model.rstrip("/").rpartition("/")[2] if model.startswith(("/", ".")) else model


def _assets(log: Log) -> list[AssetRecord]:
    """The data sets: each by the digests of its items, in any order, because the log does not bring the files."""
    return [
        AssetRecord(
            name=task.name,
            kind="dataset",
            source=f"log: {printable(task.data, 300)}",
            version=(digest := digest_of(*sorted(item.digest for item in task.items)))[:12],
            sha256=digest,
            digest_of="items",
            licence="unknown",
        )
        for task in log.tasks
        if task.items
    ]


def _warnings(log: Log) -> list[str]:
    ended = [f"the tool did not finish: {log.ended_early}"] if log.ended_early else []
    missing = [f"{task.name}: {task.incomplete}" for task in log.tasks if task.incomplete]
    return list(dict.fromkeys([*ended, *missing, *log.warnings, UNSEARCHED]))


def _signature(reader: Reader, log: Log, model: ModelRecord, packages: dict[str, str]) -> str:
    """Everything that decides the numbers, in one line."""
    parts = {
        "model": f"{model.name}@{model.digest[:12]}",
        "imported": reader.NAME,
        "tool": log.tool.replace(" ", "@"),
        "tasks": str(len(log.tasks)),
        "config": digest_of({task.name: _settings(task) for task in log.tasks})[:12],
        "audit": packages.get("checkpoint-audit", "unknown"),
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def _written(out: Path, manifest: RunManifest, samples: dict[str, list[Sample]], metrics: list[Metric]) -> RunFolder:
    """The run folder; the manifest comes last, so that a folder half written is none.

    Raises:
        UsageError: It is there already.
        WriteError: It cannot be written.
    """
    if (out / manifest.run_id / "manifest.json").exists():
        msg = f"{out / manifest.run_id}: this log was imported before with these options: use that run, or --out DIR"
        raise UsageError(msg)
    run = RunFolder.create(out, manifest, begun=False)
    try:
        for task, found in samples.items():
            run.write_samples("evals", task, found)
        run.write_metrics(metrics)
        evidence.seal(run, manifest)
        run.read_manifest()  # a number or text that is written and cannot be read leaves no run
        run.read_metrics()
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run
