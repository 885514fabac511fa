"""A shard: the run of a configuration that answers its share of each task's requests, and measures nothing.

Each call of the engine ends with :class:`~audit.core.errors.AnswersElsewhere` once the share is in the journal, so a
task ends with its first call and the next one begins. What depends on answers is left to the merge.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, cast

from audit.core import assets
from audit.core.errors import AnswersElsewhere, BudgetSpent
from audit.core.names import check_of
from audit.core.progress import Meter, Remembering
from audit.core.records import RunCost, TaskResult, digest_of
from audit.core.run_folder import RunFolder
from audit.engine.gathering import Watched
from audit.engine.journal import Journal
from audit.engine.workers.share import share_of
from audit.evals.thinking.forced import check_forcing
from audit.gate import evidence
from audit.pipeline.audit import benchmarks_and_probes, interruption
from audit.pipeline.checks import check
from audit.pipeline.configuration import anchored
from audit.pipeline.context import prepare
from audit.pipeline.manifest import device_type, finished, first, reopen
from audit.pipeline.plugins import used, with_plugins
from audit.safety.privacy.redaction import holds_personal_data

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.core.progress import Progress
    from audit.core.records import RegisteredPolicy, RunManifest, ShardRecord, Status
    from audit.engine import Engine
    from audit.pipeline.context import RunContext

OVERLAP = "overlap"
"""The check that asks the checkpoint nothing."""


def answer_shard(
    config: RunConfig,
    progress: Progress,
    shard: ShardRecord,
    *,
    resume: RunFolder | None = None,
    policy: RegisteredPolicy | None = None,
) -> RunFolder:
    """Answer one shard's share of all tasks, and leave a folder to be merged (:mod:`audit.pipeline.shards.merging`).

    Args:
        config: Of the whole run: the same for all shards.
        progress: Listener of the work; hears of this share alone.
        shard: Which one it is.
        resume: The folder of the same shard, to go on with.
        policy: The policy that the run will be judged under.

    Raises:
        CheckpointBroken: The checkpoint is broken, e.g. computes NaN; no folder is made.
        Interrupted: Ctrl-C, or the budget is spent; it carries the folder.
        UsageError: A name, file or folder is at fault; nothing has run then.
    """
    remembering = Remembering(progress, resume, Meter(config.budget))
    try:
        config = with_plugins(config)
        check(config)
        assets.configure(data_dirs=config.data_dirs, offline=config.offline)
        config = anchored(config)
        context = prepare(config, remembering, policy)
        with closing(context.engine):
            broken = context.broken()
            if broken:
                raise broken
            check_forcing(context.engine, context.config)  # else only the merge would refuse it
            return _answer(context, shard, resume)
    except KeyboardInterrupt as stopped:
        raise interruption(remembering.run, stopped) from stopped


def asked_of_shards(config: RunConfig) -> RunConfig:
    """What shards run of a configuration.

    No explanations, no perturbed items, no forced answers, nothing that asks no checkpoint or another one.
    """
    tasks = [task for task in config.evals.tasks if (check_of(task.name) or ("", ""))[1] != OVERLAP]
    robustness = config.evals.robustness.model_copy(update={"perturbations": [], "paraphrases": None})
    update = {
        "evals": config.evals.model_copy(update={"tasks": tasks, "robustness": robustness, "thinking_budgets": []}),
        "safety": config.safety.model_copy(update={"reference": None}),
        "explain": config.explain.model_copy(update={"methods": [], "drivers": 0}),
    }
    return config.model_copy(update=update)


def _answer(context: RunContext, shard: ShardRecord, resume: RunFolder | None) -> RunFolder:
    """Answer the share into a new folder, or into the one that goes on.

    The journal is open for as long as the manifest says that the run is going on, as for any run.

    Raises:
        RunFolderError: What decides the answers is not what it was when the shard began.
    """
    config, engine = context.config, context.engine
    manifest = resume.read_manifest() if resume else first(config, engine, context.data, context.policy, shard)
    folder = resume or RunFolder.create(config.out, manifest, begun=False)
    before = manifest.spent if resume else RunCost(seconds=0.0, tokens=0)
    with closing(Journal(folder.journal_path, withholds=holds_personal_data)) as journal:
        shard = shard.model_copy(update={"planning": _planning(engine)})
        if resume:
            manifest = reopen(folder, engine, context.data, used(config))
        else:
            folder.write_manifest(manifest)
        context.progress.began(folder)
        _ask(context, folder, manifest.model_copy(update={"spent": before, "shard": shard}), shard, journal)
    return folder


def _planning(engine: Engine) -> str | None:
    """Digest of what divides scoring requests, apart from themselves; None where nothing else does."""
    planning = getattr(engine, "planning", None)
    return digest_of(asdict(planning)) if planning and device_type(engine.record) == "cpu" else None


def _ask(context: RunContext, folder: RunFolder, manifest: RunManifest, shard: ShardRecord, journal: Journal) -> None:
    """Ask the share of all tasks; whatever happens, the manifest says how the shard ended."""
    remembering, config = context.progress, asked_of_shards(context.config)
    remembering.expect(len(config.evals.tasks) + len(config.safety.tasks))
    status: Status = "failed"
    ended, interrupted, stopped_by, absent = False, False, None, list[TaskResult]()
    watched = Watched(context.engine)
    try:
        with context.engine.at_work(remembering, journal, share_of(shard.number - 1, shard.of)):
            for result in benchmarks_and_probes(replace(context, engine=cast("Engine", watched)), config):
                if result.not_run and AnswersElsewhere.REASON not in result.not_run:
                    absent.append(result)
        status, ended = "partial", not watched.faults
    except KeyboardInterrupt as stopped:
        status, interrupted = "partial", True
        stopped_by = stopped.limit if isinstance(stopped, BudgetSpent) else None
        raise
    finally:
        left = finished(
            manifest,
            absent,
            remembering.messages,
            status,
            context.optional,
            interrupted=interrupted,
        )
        spent = remembering.meter.spent(manifest.spent, stopped_by)
        update = {"shard": shard.model_copy(update={"ended": ended}), "spent": spent}
        evidence.seal(folder, left.model_copy(update=update))
