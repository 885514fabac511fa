"""The order in which an audit happens."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from typing import TYPE_CHECKING

import torch

from audit.core import assets, provenance
from audit.core.errors import AssetMissing, CheckpointBroken, ConfigError, TemplateError
from audit.core.filesystem import make_folder
from audit.core.progress import Remembering
from audit.core.records import INTERRUPTED, RunManifest, TaskResult
from audit.engine.chat import uses_chat_template
from audit.engine.checkpoint.source import check_source, is_gguf
from audit.engine.journal import Journal
from audit.engine.local.hardware import bfloat16_units
from audit.evals import suite as evals
from audit.evals.catalogue import own_tasks
from audit.evals.lm_eval.tasks import declared
from audit.explain.run import suite as explain
from audit.gate import evidence
from audit.pipeline import ratings as rated
from audit.pipeline.configuration import anchored
from audit.pipeline.loading import engine_of
from audit.pipeline.manifest import create, finished, reopen, restated
from audit.reports.render.card import write_card
from audit.safety import suite as safety
from audit.safety.privacy.logged_answers import without_personal_data
from audit.safety.privacy.redaction import holds_personal_data, redaction_key, unsearched
from audit.safety.privacy.storing import handle
from audit.stats.aggregate import not_computed, sound, with_definitions, with_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.config import RunConfig
    from audit.core.progress import Progress
    from audit.core.records import AssetRecord, Metric, RawOutput, Status
    from audit.core.run_folder import RunFolder
    from audit.engine import Engine

logger = logging.getLogger(__name__)
NO_CARD = "the report card is not written"


def audit(
    config: RunConfig,
    progress: Progress,
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
        progress: Listener of the work.
        resume: A run of the same configuration that goes on.
        extend: The run may have ended; its configuration has larger limits now.
        database: URL of the ratings; None is the file beside the run folders, if there is one.
        write_out: Show the first prompt of each task.

    Raises:
        CheckpointBroken: The checkpoint computes NaN; the run folder says so and nothing else.
        UsageError: A name, file or folder is at fault; nothing has run then.
    """
    told = Remembering(progress)
    check(config)
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    config = anchored(config)
    judged = rated.recall(resume) if resume else rated.read(config, database)
    data = _fetch_data(config, told)
    engine = _load(config, told)
    broken = _broken(engine)
    if broken and resume:
        raise broken  # what the run has is kept: it was computed when the checkpoint, or the device, was sound
    folder = resume or create(config, engine, data)
    told.began(folder)
    manifest = reopen(folder, engine, data) if resume else folder.read_manifest()
    if broken:
        _leave_broken(folder, manifest, str(broken), told)
        raise broken
    if extend:
        manifest = restated(folder, manifest, config, engine)
    if not resume:
        rated.keep(folder, judged)
    engine.progress = told
    results: list[TaskResult] = []
    raw: list[RawOutput] = []
    key = _redaction_key(told)
    status: Status = "failed"
    try:
        engine.journal = Journal(folder.journal_path, withholds=holds_personal_data)
        for result in _suites(engine, config, results, judged):
            if write_out and result.samples:
                told.show_prompt(result.task, result.samples[0].prompt, result.samples[0].reference)
            kept = _unless_taken(_with_digests(_with_parts(result)), results)
            if kept is None:
                continue
            stored, taken = _without_personal_data(kept, key, told)
            results.append(stored)
            raw += taken
            _write(folder, results, raw if config.keep_raw else [])
            results[-1] = results[-1].model_copy(update={"logged": None})  # the rows of all tasks may be large
        status = _status(results, _optional(config))
    except KeyboardInterrupt:
        status = "partial"
        told.messages.append(INTERRUPTED)
        raise
    finally:
        if engine.journal is not None:
            engine.journal.close()
        evidence.seal(folder, finished(manifest, results, told.messages, status, _optional(config)))
    told.note("writing the report card")
    _write_card(folder, told)
    return folder


def _write_card(folder: RunFolder, told: Remembering) -> None:
    """Write the report card; where that fails, the run is what it is."""
    try:
        write_card(folder)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is; rich ends the program on a broken pipe
        told.failed(NO_CARD, error)


def _redaction_key(told: Remembering) -> bytes:
    """The key of the digests of personal data; a reader must know where no other run has it."""
    key, remark = redaction_key()
    if remark:
        told.say(remark)
    return key


def _without_personal_data(result: TaskResult, key: bytes, told: Remembering) -> tuple[TaskResult, list[RawOutput]]:
    """A result as it may be stored and reported, and its outputs as they were.

    A reader must know of outputs that were not kept because they could not be searched.
    """
    stored, raw = handle(result, key)
    if remark := unsearched(stored.samples):
        told.say(remark)
    logged = without_personal_data(stored.logged, stored.samples) if stored.logged else None
    return stored.model_copy(update={"metrics": _reported(stored), "logged": logged}), raw


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


def _leave_broken(folder: RunFolder, manifest: RunManifest, broken: str, told: Remembering) -> None:
    """A run folder that says why nothing was measured: the gate fails it."""
    folder.write_metrics([])
    manifest = manifest.model_copy(update={"broken": broken})
    evidence.seal(folder, finished(manifest, [], told.messages, "failed", set()))
    _write_card(folder, told)


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
    own_data = {task.name for task in config.evals.tasks if task.file is not None}
    taken = sorted(safety.TASKS.keys() & {*declared(config.evals.include_path), *own_data})
    if taken:
        msg = f"a task file declares {taken[0]}, the name of one of the audit's probes: rename it"
        raise ConfigError(msg)


def _fetch_data(config: RunConfig, told: Remembering) -> list[AssetRecord]:
    """Have every data set on disk and readable before the checkpoint is loaded.

    One that is nowhere is left to its task, which is then listed as not run.

    Raises:
        AssetError: A file is damaged, a download failed its check, or the disk is full.
    """
    told.note("looking for data sets")
    wanted = {name for task in config.safety.tasks for name in safety.PROBES[task.name].datasets}
    own = own_tasks()
    wanted |= {name for task in config.evals.tasks if task.name in own for name in own[task.name].data}
    found = []
    for name in sorted(wanted):
        with contextlib.suppress(AssetMissing):
            found.append(assets.dataset(name).record)
    return [*found, *evals.own_data_records(config)]


def _load(config: RunConfig, told: Remembering) -> Engine:
    """The checkpoint, on the device and with the threads that were asked for."""
    torch.set_num_threads(config.threads or provenance.available_cores())
    told.expect(_expected(config))
    told.note(f"loading {config.model}" + (" (converted the first time)" if is_gguf(config.model) else ""))
    engine = engine_of(config)
    with contextlib.suppress(TemplateError):  # costs the tasks that need a template, not the run
        uses_chat_template(engine, config.chat_template, generates=True)
    for remark in engine.record.remarks:
        told.say(remark)
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


def _with_parts(result: TaskResult) -> TaskResult:
    """The result, each sample with its options and the named parts of its prompt: what an explanation needs later."""
    samples = [
        sample.model_copy(
            update={
                "options": result.options.get(sample.sample_id, []),
                "spans": result.spans.get(sample.sample_id, []),
            }
        )
        for sample in result.samples
    ]
    return result.model_copy(update={"samples": samples})


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


def _reported(stored: TaskResult) -> list[Metric]:
    """The metrics of a result as they may be reported: nothing that cannot be right, and what is missing is said."""
    return with_reasons(sound(with_definitions(stored.metrics, stored.samples)))


def _write(folder: RunFolder, results: list[TaskResult], raw: list[RawOutput]) -> None:
    """Put the newest result on disk; what a result holds is never lost to a later failure."""
    if raw:
        folder.write_raw(raw)
    newest = results[-1]
    if newest.not_run and not any(one.task == newest.task for one in results[:-1]):
        # A run that goes on may hold what the task left before.
        folder.samples_path(newest.suite, newest.task).unlink(missing_ok=True)
        folder.logged_path(newest.task).unlink(missing_ok=True)
    if newest.samples and folder.samples_path(newest.suite, newest.task).exists():
        # A run that goes on replaces them: metrics of the ones before must not outlive them if it stops here.
        folder.write_metrics(_metrics(results[:-1]))
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
    missing = any(one.not_run and not one.optional and one.task not in optional for one in results)
    return "partial" if missing or not_computed(_metrics(results)) else "complete"
