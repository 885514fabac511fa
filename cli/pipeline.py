"""The order in which an audit happens."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from audit.cli import rated
from audit.core import assets, provenance
from audit.core.aggregate import UNSCORED, with_reasons
from audit.core.assets.settings import data_dirs
from audit.core.config import RunConfig, SafetyConfig, TaskConfig
from audit.core.errors import AssetMissing, CheckpointBroken, ConfigError, RunFolderError, TemplateError
from audit.core.filesystem import make_folder
from audit.core.records import INTERRUPTED, NotRun, RunManifest, TaskResult, digest_of
from audit.core.run_folder import RunFolder, new_run_id
from audit.engine import load
from audit.engine.chat import named, uses_chat_template
from audit.engine.hardware import bfloat16_units
from audit.engine.journal import Journal
from audit.engine.source import check_source, is_gguf
from audit.evals import suite as evals
from audit.evals.catalogue import own_tasks
from audit.evals.chosen import expand
from audit.evals.foreign import declared
from audit.explain import suite as explain
from audit.reports.card import write_card
from audit.safety import suite as safety
from audit.safety.handling import handle
from audit.safety.logged_answers import without_personal_data
from audit.safety.redaction import holds_personal_data, redaction_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.cli.progress import Bars
    from audit.core.config import Limit, Section
    from audit.core.records import AssetRecord, Metric, RawOutput, Status
    from audit.engine import Engine

logger = logging.getLogger(__name__)

DECIDING = ("evals", "safety", "explain", "thinking")
"""Sections of the configuration whose digest stands in the signature."""


def audit(
    config: RunConfig,
    bars: Bars,
    *,
    resume: RunFolder | None = None,
    extend: bool = False,
    database: str | None = None,
    write_out: bool = False,
) -> RunFolder:
    """Audit a checkpoint and leave a run folder.

    Everything that was computed is on disk when this is interrupted or fails; with ``resume`` the same
    folder is finished, answers in its journal are not asked for again.

    Args:
        config: What to run.
        bars: Listener of the work.
        resume: A run of the same configuration that goes on.
        extend: The run may have ended; its configuration has larger limits now.
        database: URL of the ratings; None is the file beside the run folders, if there is one.
        write_out: Show the first prompt of each task.

    Raises:
        CheckpointBroken: The checkpoint computes NaN; the run folder says so and nothing else.
        UsageError: A name, file or folder is at fault; nothing has run then.
    """
    check(config)
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    config = _anchored(config)
    judged = rated.recall(resume) if resume else rated.read(config, database)
    data = _fetch_data(config, bars)
    engine = _load(config, bars)
    broken = _broken(engine)
    if broken and resume:
        raise broken  # what the run has is kept: it was computed when the checkpoint, or the device, was sound
    folder = resume or _create(config, engine, data)
    manifest = _reopen(folder, engine, data) if resume else folder.read_manifest()
    if broken:
        _leave_broken(folder, manifest, str(broken), bars)
        raise broken
    if extend:
        manifest = _restated(folder, manifest, config, engine)
    if not resume:
        rated.keep(folder, judged)
    bars.run = folder
    engine.progress = bars
    results: list[TaskResult] = []
    raw: list[RawOutput] = []
    key = redaction_key()
    status: Status = "failed"
    try:
        engine.journal = Journal(folder.journal_path, withholds=holds_personal_data)
        for result in _suites(engine, config, results, judged):
            if write_out and result.samples:
                bars.show_prompt(result.task, result.samples[0].prompt, result.samples[0].reference)
            kept = _unless_taken(_with_digests(result), results)
            if kept is None:
                continue
            stored, taken = handle(kept, key)
            logged = without_personal_data(stored.logged, stored.samples) if stored.logged else None
            results.append(stored.model_copy(update={"metrics": with_reasons(stored.metrics), "logged": logged}))
            raw += taken
            _write(folder, results, raw if config.keep_raw else [])
            results[-1] = results[-1].model_copy(update={"logged": None})  # the rows of all tasks may be large
        status = _status(results, _optional(config))
    except KeyboardInterrupt:
        status = "partial"
        bars.messages.append(INTERRUPTED)
        raise
    finally:
        if engine.journal is not None:
            engine.journal.close()
        folder.write_manifest(_finished(manifest, results, bars.messages, status, _optional(config)))
    bars.note("writing the report card")
    write_card(folder)
    return folder


def _broken(engine: Engine) -> CheckpointBroken | None:
    """Why the checkpoint is broken; None for a sound one.

    Raises:
        CheckpointError: It is sound, but not in this number type.
    """
    try:
        engine.check_sound()
    except CheckpointBroken as error:
        return error
    return None


def _leave_broken(folder: RunFolder, manifest: RunManifest, broken: str, bars: Bars) -> None:
    """A run folder that says why nothing was measured: the gate fails it."""
    folder.write_metrics([])
    manifest = manifest.model_copy(update={"broken": broken})
    folder.write_manifest(_finished(manifest, [], bars.messages, "failed", set()))
    write_card(folder)


def check(config: RunConfig) -> None:
    """Find every mistake that can be found before anything is loaded.

    Raises:
        UsageError: An unknown task, probe, method or model, an output folder that cannot be written, or a key that is
            too short.
    """
    redaction_key()
    safety.check(config)
    evals.check(config)
    _check_probe_names(config)
    explain.check(config)
    check_source(config.model)
    if config.base is not None:
        check_source(config.base)
    make_folder(config.out)


def _check_probe_names(config: RunConfig) -> None:
    """Refuse task files that declare a probe's name: the probe would run in their place.

    Raises:
        ConfigError: One does.
    """
    taken = sorted(safety.TASKS.keys() & declared(config.evals.include_path))
    if taken:
        msg = f"a task file declares {taken[0]}, the name of one of the audit's probes: rename it"
        raise ConfigError(msg)


def choose_tasks(
    config: RunConfig,
    typed: list[str],
    limit: Limit | None,
    samples: dict[str, list[int | str]] | list[int | str] | None = None,
) -> RunConfig:
    """The configuration with these tasks alone, each in its suite; ``limit`` holds for all of them.

    Args:
        config: As resolved from profile and file.
        typed: Tasks and probes: names, globs, task files and folders of them; none keeps the configured ones. Those
            that are not configured get the run's limit.
        limit: Items per task; None keeps the configured limits.
        samples: Items by benchmark task, or of the one that is chosen.

    Raises:
        ConfigError: A name is empty, a file or folder is not there, a glob fits nothing, or items are given together
            with a limit or without the task that they belong to.
    """
    configured = {task.name: task for task in (*config.evals.tasks, *config.safety.tasks)}
    names, include = expand(typed, config.evals.include_path, safety.TASKS)
    new = {name: TaskConfig(name=name, limit=config.limit) for name in names}
    chosen = [configured.get(name, new[name]) for name in names] or list(configured.values())
    if limit is not None:
        chosen = [task.model_copy(update={"limit": limit}) for task in chosen]
        config = config.model_copy(update={"limit": limit})
    of_safety = {task.name for task in config.safety.tasks} | set(safety.TASKS)
    evaluated = [task for task in chosen if task.name not in of_safety]
    update = {"tasks": evaluated, "include_path": include}
    if samples is not None:
        update["samples"] = _by_task(samples, [task.name for task in evaluated], tuple(include), limit)
    return config.model_copy(
        update={
            "evals": config.evals.model_copy(update=update),
            "safety": config.safety.model_copy(update={"tasks": [t for t in chosen if t.name in of_safety]}),
        }
    )


def _by_task(
    samples: dict[str, list[int | str]] | list[int | str],
    names: list[str],
    include: tuple[Path, ...],
    limit: Limit | None,
) -> dict[str, list[int | str]]:
    """The items that are run, by task."""
    if limit is not None:
        msg = "--samples names the items: leave out --limit"
        raise ConfigError(msg)
    if isinstance(samples, dict):
        return samples
    if len(names) != 1:
        msg = f'--samples: {len(names)} benchmark tasks are chosen: give JSON from task to items, {{"boolq": [0, 3]}}'
        raise ConfigError(msg)
    if evals.is_group(names[0], include):
        msg = f'--samples: {names[0]} is a group: give JSON from its tasks to items, {{"task": [0, 3]}}'
        raise ConfigError(msg)
    return {names[0]: samples}


def extended(config: RunConfig, limit: Limit | None) -> RunConfig:
    """The configuration of a run that is to have more items.

    Args:
        config: As the run has it.
        limit: Of every task that has a smaller one; larger ones stay.

    Raises:
        ConfigError: No limit is given, a count and a share are to be compared, or no task gets more items.
    """
    if limit is None:
        msg = "--extend: how many items of each task? Give --limit N, a share or all"
        raise ConfigError(msg)

    def larger(task: TaskConfig) -> TaskConfig:
        return task.model_copy(update={"limit": _larger(task.limit, limit, task.name)})

    wanted = config.model_copy(
        update={
            "limit": _larger(config.limit, limit, "the run"),
            "evals": config.evals.model_copy(update={"tasks": [larger(task) for task in config.evals.tasks]}),
            "safety": config.safety.model_copy(update={"tasks": [larger(task) for task in config.safety.tasks]}),
        }
    )
    if _drawn(wanted) == _drawn(config):
        msg = "--extend: the run has these items already: give a larger --limit, or start a new run for others"
        raise ConfigError(msg)
    return wanted


def _drawn(config: RunConfig) -> list[TaskConfig]:
    """The tasks whose items are drawn up to a limit, rather than named."""
    return [task for task in (*config.evals.tasks, *config.safety.tasks) if task.name not in config.evals.samples]


def _larger(old: Limit | None, new: Limit, name: str) -> Limit | None:
    """The limit that takes more items."""
    if old is None or old == "all" or new == "all":
        return "all"
    if (old < 1) != (new < 1):
        msg = f"--extend: the limit of {name} is {old}: give a {'share' if old < 1 else 'number of items'}, or all"
        raise ConfigError(msg)
    return max(old, new)


def _anchored(config: RunConfig) -> RunConfig:
    """The configuration with absolute paths and AUDIT_DATA's folders, so that a run resumes from anywhere."""
    return config.model_copy(
        update={
            "model": _absolute(config.model),
            "base": _absolute(config.base) if config.base else None,
            "tokenizer": _absolute(config.tokenizer) if config.tokenizer else None,
            "evals": config.evals.model_copy(
                update={"include_path": [place.resolve() for place in config.evals.include_path]}
            ),
            "safety": _anchored_safety(config.safety),
            "out": config.out.resolve(),
            "data_dirs": [folder.resolve() for folder in data_dirs()],
        }
    )


def _anchored_safety(safety: SafetyConfig) -> SafetyConfig:
    """The same with the folders of reference checkpoint and scorer in full."""
    kind, _, folder = safety.toxicity_scorer.partition(":")
    scorer = f"folder:{_absolute(folder)}" if kind == "folder" and folder else safety.toxicity_scorer
    reference = _absolute(safety.reference) if safety.reference else None
    return safety.model_copy(update={"reference": reference, "toxicity_scorer": scorer})


def _absolute(model: str) -> str:
    """A folder or file in full; other names as they are."""
    path = Path(model).expanduser()
    return str(path.resolve()) if path.exists() else model


def _fetch_data(config: RunConfig, bars: Bars) -> list[AssetRecord]:
    """Have every data set on disk and readable before the checkpoint is loaded.

    One that is nowhere is left to its task, which is then listed as not run.

    Raises:
        AssetError: A file is damaged, a download failed its check, or the disk is full.
    """
    bars.note("looking for data sets")
    wanted = {name for task in config.safety.tasks for name in safety.PROBES[task.name].datasets}
    own = own_tasks()
    wanted |= {name for task in config.evals.tasks if task.name in own for name in own[task.name].data}
    found = []
    for name in sorted(wanted):
        with contextlib.suppress(AssetMissing):
            found.append(assets.dataset(name).record)
    return found


def _load(config: RunConfig, bars: Bars) -> Engine:
    """The checkpoint, on the device and with the threads that were asked for."""
    torch.set_num_threads(config.threads or provenance.available_cores())
    bars.expect(_expected(config))
    bars.note(f"loading {config.model}" + (" (converted the first time)" if is_gguf(config.model) else ""))
    engine = load(
        config.model,
        base=config.base,
        device=config.device,
        device_map=config.device_map,
        dtype=config.dtype,
        revision=config.revision,
        quantization=config.quantization,
        trust_remote_code=config.trust_remote_code,
        allow_pickle=config.allow_pickle,
        offline=config.offline,
        max_length=config.max_length,
        batch_tokens=config.batch_tokens,
        server=config.server,
        tokenizer=config.tokenizer,
        chat_template=named(config.chat_template),
        chat_template_args=config.chat_template_args,
        think_end=config.thinking.end,
        thinking_tokens=config.thinking.tokens,
    )
    with contextlib.suppress(TemplateError):  # costs the tasks that need a template, not the run
        uses_chat_template(engine, config.chat_template, generates=True)
    for remark in engine.record.remarks:
        bars.say(remark)
    units = bfloat16_units()
    if config.dtype == "auto" and engine.record.device == "cpu" and units:
        logger.info("this processor has bfloat16 units (%s): --dtype bfloat16 is faster, see docs/run.md", units[0])
    return engine


def _expected(config: RunConfig) -> int:
    """Lines of progress: one per task, one for all methods of explanation and one for drivers."""
    explained = 1 + bool(config.explain.drivers) if config.explain.methods else 0
    return len(config.evals.tasks) + len(config.safety.tasks) + explained


def _suites(engine: Engine, config: RunConfig, results: list[TaskResult], judged: rated.Judged) -> Iterator[TaskResult]:
    """What is run, in this order. Explanations come last: they look at the other suites' samples."""
    yield from evals.run(engine, config)
    yield from safety.run(engine, config)
    yield from explain.run(engine, config, tuple(results), rated.by_sample(results, judged))


def _create(config: RunConfig, engine: Engine, data: list[AssetRecord]) -> RunFolder:
    """A new run folder with its first manifest."""
    started = datetime.now(UTC)
    on_gpu = engine.record.device.startswith("cuda")
    packages = provenance.package_versions()
    manifest = RunManifest(
        run_id="",
        model=engine.record,
        config=config.model_dump(mode="json"),
        assets=data,
        seeds={"run": config.seed},
        packages=packages,
        platform=provenance.platform_record(
            threads=torch.get_num_threads(),
            gpu=engine.record.device if on_gpu else None,
            gpu_driver=torch.version.cuda if on_gpu else None,
        ),
        git=provenance.git_state(),
        started=started,
        status="running",
        warnings=engine.record.remarks,
        signature=_signature(config, engine, packages),
    )
    run_id = new_run_id(started, engine.record.name, manifest.model_dump(mode="json"))
    return RunFolder.create(config.out, manifest.model_copy(update={"run_id": run_id}))


def _signature(config: RunConfig, engine: Engine, packages: dict[str, str]) -> str:
    """Everything that decides the numbers, in one line, in the manner of sacreBLEU."""
    record = engine.record
    versions: dict[str, str] = {
        name: packages[name] for name in ("lm_eval", "transformers", "torch") if name in packages
    }
    parts: dict[str, str] = {
        "model": f"{record.name}@{record.digest[:12]}",
        "dtype": record.dtype,
        "quantization": record.quantization or "none",
        "profile": config.profile,
        "tasks": str(len(config.evals.tasks) + len(config.safety.tasks)),
        "chat": config.chat_template + (f"+{digest_of(chat)[:6]}" if (chat := config.chat_template_args) else ""),
        "seed": str(config.seed),
        "config": digest_of(*(_deciding(getattr(config, part)) for part in DECIDING))[:12],
        "length": str(record.max_length),
        "device": record.device.split(":", maxsplit=1)[0],
        **versions,
        "audit": packages.get("checkpoint-audit", "unknown"),
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def _deciding(section: Section) -> dict[str, Any]:
    """A section's values without the places of task files, which differ between machines."""
    return section.model_dump(mode="json", exclude={"include_path"})


def _reopen(folder: RunFolder, engine: Engine, data: list[AssetRecord]) -> RunManifest:
    """The manifest of a run that goes on, after making sure that nothing that decides its numbers has changed.

    Raises:
        RunFolderError: Checkpoint, device, packages or data sets are not those the run began with.
    """
    manifest = folder.read_manifest()
    changed = _changes(manifest, engine, data)
    if changed:
        msg = f"{folder.path.name}: {changed} changed since this run began: start a new run"
        raise RunFolderError(msg)
    manifest = manifest.model_copy(update={"status": "running", "finished": None, "broken": None})
    folder.write_manifest(manifest)
    return manifest


def _restated(folder: RunFolder, manifest: RunManifest, config: RunConfig, engine: Engine) -> RunManifest:
    """The manifest of a run that gets more items, with its new configuration.

    What rests on the former items goes: the gate's verdict and the explanations, which are chosen again.
    """
    for stale in (folder.decision_path, folder.drivers_path, *(folder.path / "attributions").glob("*.json")):
        stale.unlink(missing_ok=True)
    update = {"config": config.model_dump(mode="json"), "signature": _signature(config, engine, manifest.packages)}
    manifest = manifest.model_copy(update=update)
    folder.write_manifest(manifest)
    return manifest


def _changes(manifest: RunManifest, engine: Engine, data: list[AssetRecord]) -> str | None:
    """What decides numbers and is not what it was when the run began; None when all is the same."""
    then, now = manifest.model, engine.record
    if then.digest != now.digest:
        return "the checkpoint's files have"
    for name in ("dtype", "quantization", "max_length", "device"):
        if getattr(then, name) != getattr(now, name):
            return f"{name} ({getattr(then, name)}, now {getattr(now, name)}) has"
    packages = provenance.package_versions()
    package = next((name for name, version in manifest.packages.items() if packages.get(name) != version), None)
    if package:
        return f"package {package} ({manifest.packages[package]}, now {packages.get(package)}) has"
    before, after = ({asset.name: asset.sha256 for asset in found} for found in (manifest.assets, data))
    moved = next((name for name in sorted(before.keys() & after.keys()) if before[name] != after[name]), None)
    return f"data set {moved} has" if moved else None


def _unless_taken(result: TaskResult, results: list[TaskResult]) -> TaskResult | None:
    """A result whose task's name is already in the run counts as not run; None where it is the same measurement.

    A group and one of its members may both be asked for, as may two groups with a member in common.
    """
    earlier = next((one for one in results if one.task == result.task and not one.not_run), None)
    if earlier is None:
        return result
    if _measured(earlier) == _measured(result):
        return None
    reason = f"a task called {result.task} is already in this run: run it on its own"
    return TaskResult(suite=result.suite, task=result.task, not_run=reason)


def _measured(result: TaskResult) -> tuple[object, ...]:
    """What was asked and how: two results with the same are one measurement."""
    asked = [(sample.sample_id, sample.prompt_sha256) for sample in result.samples]
    numbers = [(metric.metric, metric.n) for metric in result.metrics if metric.slice is None]
    return result.suite, result.settings, asked, numbers, result.not_run


def _with_digests(result: TaskResult) -> TaskResult:
    """The result, each sample with the digest of its prompt: redaction, which comes next, changes prompts."""
    samples = [
        sample
        if sample.prompt_sha256
        else sample.model_copy(
            update={"prompt_sha256": hashlib.sha256(sample.prompt.encode("utf-8", "surrogatepass")).hexdigest()}
        )
        for sample in result.samples
    ]
    return result.model_copy(update={"samples": samples})


def _write(folder: RunFolder, results: list[TaskResult], raw: list[RawOutput]) -> None:
    """Put the newest result on disk; what a result holds is never lost to a later failure."""
    if raw:
        folder.write_raw(raw)
    newest = results[-1]
    if newest.not_run and not any(one.task == newest.task for one in results[:-1]):
        # A run that goes on may hold what the task left before.
        folder.samples_path(newest.suite, newest.task).unlink(missing_ok=True)
        folder.logged_path(newest.task).unlink(missing_ok=True)
    if newest.samples:
        folder.write_samples(newest.suite, newest.task, newest.samples)
    for attribution in newest.attributions:
        folder.write_attribution(attribution)
    if newest.logged:
        folder.write_logged(newest.logged)
    if newest.drivers:
        folder.write_drivers(newest.drivers)
    folder.write_metrics(_metrics(results))


def _metrics(results: list[TaskResult]) -> list[Metric]:
    """All metrics so far."""
    return [metric for result in results for metric in result.metrics]


def _optional(config: RunConfig) -> set[str]:
    """Tasks that the configuration wants only when their data is at hand."""
    return {task.name for task in (*config.evals.tasks, *config.safety.tasks) if task.when_present}


def _status(results: list[TaskResult], optional: set[str]) -> Status:
    """Complete, or partial when a wanted task did not run or a metric could not be computed."""
    missing = any(result.not_run and result.task not in optional for result in results)
    metrics = _metrics(results)
    unscored = {metric.task for metric in metrics if metric.metric == UNSCORED and metric.value}
    unknown = any(m.value is None and not _without_items(m, unscored) for m in metrics)
    return "partial" if missing or unknown else "complete"


def _without_items(metric: Metric, unscored: set[str]) -> bool:
    """Nothing failed, there was just nothing to measure: a category that was not drawn, no error to explain."""
    possible = metric.slice is not None or metric.suite == "explain"
    return possible and metric.n == 0 and metric.task not in unscored


def _finished(
    manifest: RunManifest, results: list[TaskResult], warnings: list[str], status: Status, optional: set[str]
) -> RunManifest:
    """The manifest as it is when the run ends, however it ends."""
    left_out = [f"{r.task} was left out: {r.not_run}" for r in results if r.not_run and r.task in optional]
    not_run = [
        NotRun(suite=r.suite, task=r.task, reason=r.not_run) for r in results if r.not_run and r.task not in optional
    ]
    used = [*manifest.assets, *(asset for result in results for asset in result.assets)]
    known = {(asset.name, asset.sha256): asset for asset in used}
    warnings = [*(warning for warning in manifest.warnings if warning != INTERRUPTED), *warnings]
    return manifest.model_copy(
        update={
            "assets": [known[key] for key in sorted(known)],
            "tasks": {result.task: result.settings for result in results if result.settings},
            "finished": datetime.now(UTC),
            "status": status,
            "not_run": not_run,
            "warnings": list(dict.fromkeys([*warnings, *left_out])),
        }
    )
