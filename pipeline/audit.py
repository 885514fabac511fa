"""The order in which an audit happens."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from audit.core import assets, collector
from audit.core.errors import RAISED_BY_OTHERS, BudgetSpent, ConfigError, Interrupted
from audit.core.progress import Meter, Remembering
from audit.core.records import RunCost, TaskResult
from audit.core.run_folder import RunFolder
from audit.engine.gathering import Gathering
from audit.engine.journal import Journal
from audit.evals import suite as evals
from audit.explain.run import suite as explain
from audit.gate import evidence
from audit.pipeline import ratings as rated
from audit.pipeline.certificate.certify import certify
from audit.pipeline.checks import check
from audit.pipeline.configuration import anchored
from audit.pipeline.context import expected_lines, prepare
from audit.pipeline.embeddings import embed
from audit.pipeline.manifest import finished, first, reopen, restated, unchanged
from audit.pipeline.plugins import used, with_plugins
from audit.pipeline.results import Results
from audit.pipeline.until_decided import again, changed_tasks, measured_up_to, only, refuse_without_policy
from audit.safety import suite as safety
from audit.safety.privacy.redaction import holds_personal_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.core.config import RunConfig
    from audit.core.progress import Progress
    from audit.core.records import RegisteredPolicy, RunManifest, Status
    from audit.engine import Engine
    from audit.pipeline.context import RunContext
    from audit.pipeline.until_decided import UntilDecided

NO_CARD = "the report card is not written"
NO_WEIGHTS = "the checkpoint's weights are not loaded: finish the run with `audit run --resume` where they may be"


def audit(  # noqa: PLR0913 - all that an audit can be asked for
    config: RunConfig,
    progress: Progress,
    *,
    resume: RunFolder | None = None,
    extend: bool = False,
    until: UntilDecided | None = None,
    database: str | None = None,
    write_out: bool = False,
    like: RunFolder | None = None,
    policy: RegisteredPolicy | None = None,
    computes: bool = True,
) -> RunFolder:
    """Audit a checkpoint and leave a run folder.

    Everything that was computed is on disk when this is interrupted or fails; with ``resume`` the same
    folder is finished, answers in its journal are not asked for again.

    Args:
        config: What to run.
        progress: Listener of the work.
        resume: A run of the same configuration that goes on.
        extend: The run may have ended; its configuration has larger limits now.
        until: Add items until this is decided: the limits of the configuration are the largest ones.
        database: URL of the ratings; None is the file next to the run folders, if there is one.
        write_out: Show the first prompt of each task.
        like: A run that is made again: its ratings choose what is explained, whoever rated since.
        policy: The policy that a new run will be judged under.
        computes: False loads no weights: a run that is resumed gets what its journal answers, and no more.

    Raises:
        CheckpointBroken: The checkpoint is broken, e.g. computes NaN; the run folder says so and nothing else.
        Interrupted: Ctrl-C, or the budget is spent; it carries the run folder.
        UsageError: A name, file or folder is at fault; nothing has run then.
    """
    remembering = Remembering(progress, resume, Meter(config.budget))
    try:
        config = with_plugins(config)
        check(config)
        safety.check_judges(config)
        if until and config.evals.robustness.perturbations:
            msg = "--until-decided: leave out --perturb, whose items are asked once the number of items is known"
            raise ConfigError(msg)
        if until and config.evals.thinking_budgets:
            msg = "--until-decided: leave out --thinking-budget: answers are forced once the number of items is known"
            raise ConfigError(msg)
        assets.configure(data_dirs=config.data_dirs, offline=config.offline)
        config = anchored(config)
        before = resume or like
        judged = rated.recall(before) if before else rated.read(config, database)
        stored = None if computes or resume is None else resume.read_manifest().model
        with collector.paused():
            context = prepare(config, remembering, policy, stored)
        with closing(context.engine):
            folder = _run(context, resume, judged, until, like, extend=extend, write_out=write_out)
        remembering.step("writing the report card")
        _write_card(folder, remembering)
    except KeyboardInterrupt as stopped:
        raise interruption(remembering.run, stopped) from stopped
    return folder


def interruption(run: RunFolder | None, stopped: KeyboardInterrupt) -> Interrupted:
    """The interruption of a run, which may be complete but for its card."""
    if run is None:
        return Interrupted()
    if isinstance(stopped, BudgetSpent):
        return BudgetSpent(stopped.limit, run.path)
    return Interrupted(run.path, complete=run.read_manifest().status == "complete")


def _run(
    context: RunContext,
    resume: RunFolder | None,
    judged: rated.Judged,
    until: UntilDecided | None,
    like: RunFolder | None,
    *,
    extend: bool,
    write_out: bool,
) -> RunFolder:
    """Measure everything, into a new folder or the one that goes on; nothing of a run that is complete.

    ``like`` is the run that is made again, which has the looks of this one.

    The journal is open for as long as the manifest says that the run is going on: this is how the gate distinguishes
    such a run from one that was killed.

    Raises:
        CheckpointBroken: The checkpoint is broken, e.g. computes NaN. A new folder says so; one that goes on keeps
            what it has, which was computed when the checkpoint, or the device, was sound.
        RunFolderError: What decides the numbers is not what it was when the run began; or a run that goes on until a
            policy is decided is resumed without it.
    """
    looks = again(like, context.config) if like else None
    if until and resume is None:
        config, looks = until.begin(context.config)
        context = replace(context, config=config)
    goes_on = until is not None and resume is not None and until.goes_on(resume)
    _refuse_broken(context, resume, like)
    if resume and not (extend or write_out or goes_on) and evidence.is_whole(resume):
        unchanged(resume, context.engine, context.data, used(context.config))
        context.progress.began(resume)
        return resume
    if resume and not (extend or until):
        refuse_without_policy(resume)
    manifest = resume.read_manifest() if resume else _first(context, like).model_copy(update={"looks": looks})
    folder = resume or RunFolder.create(context.config.out, manifest, begun=False)
    before = manifest.spent if resume else RunCost(seconds=0.0, tokens=0)
    with closing(Journal(folder.journal_path, withholds=holds_personal_data)) as journal:
        manifest = _continue(context, folder, extend=extend) if resume else _begin(context, folder, manifest, judged)
        manifest = manifest.model_copy(update={"spent": before})
        results = Results(folder, context)
        if until:
            context, manifest = _rounds(context, until, folder, manifest, results, journal)
        found = partial(_suites, context, folder, results, judged)
        _measure(context, folder, manifest, results, found, journal, write_out=write_out)
    return folder


def _refuse_broken(context: RunContext, resume: RunFolder | None, like: RunFolder | None) -> None:
    """Refuse a broken checkpoint; a new folder says so.

    Raises:
        CheckpointBroken: It is one.
    """
    broken = context.broken()
    if broken:
        if not resume:
            _leave_broken(context, str(broken), like)
        raise broken


def _rounds(
    context: RunContext,
    until: UntilDecided,
    folder: RunFolder,
    manifest: RunManifest,
    results: Results,
    journal: Journal,
) -> tuple[RunContext, RunManifest]:
    """Measure benchmarks and probes, and more of those that the open rules need, until nothing is open.

    At each look the folder is that of a run that was interrupted: other tasks and explanations are missing, and if the
    process ends here, it has to be resumed.
    """
    before, changed = manifest.spent, set(manifest.looks.tasks if manifest.looks else ())
    while True:
        found = partial(benchmarks_and_probes, context, only(context.config, changed, looked_at=True))
        _measure(context, folder, manifest, results, found, journal, goes_on=True)
        following = until.look(folder, context.config, context.progress)
        manifest = _continue(context, folder, extend=following is not None, config=following)
        manifest = manifest.model_copy(update={"spent": before})
        if following is None:
            return context, manifest
        changed = changed_tasks(context.config, following)
        results.renew(changed)
        context = replace(context, config=following)


def _begin(context: RunContext, folder: RunFolder, manifest: RunManifest, judged: rated.Judged) -> RunManifest:
    """Make a new folder a run."""
    folder.write_manifest(manifest)
    context.progress.began(folder)
    rated.keep(folder, judged)
    return manifest


def _continue(context: RunContext, folder: RunFolder, *, extend: bool, config: RunConfig | None = None) -> RunManifest:
    """Take up a run where it was left, with another configuration if one is given.

    Raises:
        RunFolderError: What decides the numbers is not what it was when the run began.
    """
    engine = context.engine
    context.progress.began(folder)
    manifest = reopen(folder, engine, context.data, used(context.config))
    return restated(folder, manifest, config or context.config, engine) if extend else manifest


def _measure(
    context: RunContext,
    folder: RunFolder,
    manifest: RunManifest,
    results: Results,
    found: Callable[[], Iterator[TaskResult]],
    journal: Journal,
    *,
    write_out: bool = False,
    goes_on: bool = False,
) -> None:
    """Run suites; whatever happens, the folder holds what was found, and its manifest how it ended.

    What ``goes_on`` afterwards ends like an interrupted run.
    """
    engine, remembering = context.engine, context.progress
    status: Status = "failed"
    interrupted, stopped_by = False, None
    try:
        with engine.at_work(remembering, journal):
            for result in found():
                if write_out and result.samples:
                    remembering.show_prompt(result.task, result.samples[0].prompt, result.samples[0].reference)
                results.keep(result)
            if not goes_on:
                certificate = certify(context, results.kept, journal)
                manifest = manifest.model_copy(update={"certificate": certificate})
        status, interrupted = ("partial", True) if goes_on else (results.status(), False)
        if manifest.certificate and manifest.certificate.faults:
            status = "partial"
    except KeyboardInterrupt as stopped:
        status, interrupted = "partial", True
        stopped_by = stopped.limit if isinstance(stopped, BudgetSpent) else None
        raise
    finally:
        kept, messages = results.kept, remembering.messages
        ended = finished(manifest, kept, messages, status, context.optional, interrupted=interrupted)
        if ended.looks:
            looks = measured_up_to(ended.looks, context.config, results.fresh, kept)
            ended = ended.model_copy(update={"looks": looks})
        spent = remembering.meter.spent(manifest.spent, stopped_by)
        evidence.seal(folder, ended.model_copy(update={"spent": spent}))


def _suites(context: RunContext, folder: RunFolder, results: Results, judged: rated.Judged) -> Iterator[TaskResult]:
    """What is still to run, in this order. Explanations come last: they look at the other suites' samples."""
    names = {task.name for task in (*context.config.evals.tasks, *context.config.safety.tasks)}
    left = names - {one.task for one in results.kept}
    yield from benchmarks_and_probes(context, only(context.config, left, looked_at=False))
    if not context.engine.computes:
        methods = context.config.explain.methods
        yield from (TaskResult(suite=explain.SUITE, task=name, not_run=NO_WEIGHTS) for name in methods)
        return
    embed(context, folder, results.kept)
    ratings = rated.by_sample(results.kept, judged)
    yield from explain.explain_results(context.engine, context.config, tuple(results.kept), ratings)


def _first(context: RunContext, like: RunFolder | None) -> RunManifest:
    """The manifest of a new run, which may make another one again."""
    replay_of = like.read_manifest().run_id if like else None
    made = first(context.config, context.engine, context.data, context.policy)
    return made.model_copy(update={"replay_of": replay_of})


def benchmarks_and_probes(context: RunContext, config: RunConfig) -> Iterator[TaskResult]:
    """The results of benchmarks and probes, whose texts are generated together.

    With a budget each task asks by itself: what is spent then leaves whole results rather than a part of each. In a
    shard it does so too, and where all answers are stored.
    """
    alone = config.budget.text or context.engine.share or not context.engine.computes
    rehearsals = {} if alone else {**evals.rehearsals(config), **safety.rehearsals(config)}
    engine = Gathering(context.engine, rehearsals, lambda: context.progress.expect(expected_lines(config) + 1))
    asked = cast("Engine", engine)
    yield from evals.run_tasks(asked, config, engine.before)
    yield from safety.run_probes(asked, config, engine.before)


def _leave_broken(context: RunContext, broken: str, like: RunFolder | None) -> None:
    """A run folder that says why nothing was measured: the gate fails it."""
    manifest = _first(context, like).model_copy(update={"broken": broken})
    folder = RunFolder.create(context.config.out, manifest, begun=False)
    folder.write_metrics([])
    evidence.seal(folder, finished(manifest, [], context.progress.messages, "failed", set()))
    context.progress.began(folder)
    _write_card(folder, context.progress)


@collector.paused()  # also while its modules are imported
def _write_card(folder: RunFolder, remembering: Remembering) -> None:
    """Write the report card; where that fails, the run is what it is."""
    try:
        from audit.reports.render.card import write_card  # noqa: PLC0415 - slow to import

        write_card(folder)
    except RAISED_BY_OTHERS as error:  # whatever it is; a section may be of a plug-in
        remembering.failed(NO_CARD, error)
