"""A stored sample of a run, explained with the run's own checkpoint and options; the run folder stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.cli import consent
from audit.core import assets
from audit.core.config import RunConfig, merge, validate_options
from audit.core.errors import AuditError, UsageError, did_you_mean
from audit.core.records import Attribution, TaskResult, split_address
from audit.core.sensitive import not_explainable, thought
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.cli.options import Given
    from audit.cli.progress import Bars
    from audit.core.records import RunManifest, Sample
    from audit.core.run_folder import RunFolder
    from audit.explain.attempt import Failed
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import Effort

    Task = tuple[str, str]

PLACE = (
    "--model",
    "--base",
    "--tokenizer",
    "--device",
    "--device-map",
    "--offline",
    "--data-dir",
    "--trust-remote-code",
    "--allow-pickle",
)
"""Options that say where the checkpoint is and where it runs; all others are the run's."""
STEPS = "--features steps"
"""The one unit that may be named: whoever names it wants an answer that follows a trace."""
FREE = (
    STEPS,
    "--plugin",
    "--run",
    "--sample",
    "--runs",
    "--method",
    "--steps",
    "--evaluations",
    "--max-features",
    "--out",
    "--json",
)
"""Options that say how it is explained and shown."""
LISTED = 4
"""Samples that are named where a beginning fits several."""


def explain(
    folder: RunFolder,
    name: str,
    given: Given,
    typed: Sequence[str],
    methods: Sequence[Method],
    effort: Effort,
    bars: Bars,
) -> list[Attribution]:
    """Attributions of a stored sample, as its run makes them.

    Args:
        folder: The run.
        name: Id of the sample, or how it begins; with ``#3``, of one of its sampled texts.
        given: Options of the configuration.
        typed: Names of the command's own options that were typed; ``--features`` with its value where that is steps.
        methods: In their order.
        effort: How much they may do.
        bars: Listener of the work.

    Raises:
        UsageError: There is no such sample, it cannot be explained, or an option was given that is the run's.
        CheckpointError: The checkpoint is not the run's any more.
        AuditError: No method gave an attribution.
    """
    _refuse_options([*given.names, *typed])
    result, sample = find(folder, name)
    if STEPS in typed and not thought(sample):
        msg = f"{STEPS}: the answer of sample {sample.sample_id} follows no reasoning trace: leave it out"
        raise UsageError(msg)
    # Imported here because torch takes seconds to load, and `audit --help` must not wait for it.
    from audit.engine.configured import computed_otherwise, load_recorded  # noqa: PLC0415 - see above
    from audit.explain.run.selection import of_sample  # noqa: PLC0415 - see above
    from audit.explain.run.suite import explain_sample  # noqa: PLC0415 - see above

    selected = of_sample(result, sample)
    manifest = folder.read_manifest()
    config = _config(folder, manifest, given)
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    engine = load_recorded(config, manifest, advice=": name that one with --model")
    remark = computed_otherwise(manifest.model, engine.record)
    if remark:
        bars.say(remark)
    with bars, engine.at_work(bars):
        bars.expect(1)
        bars.task("explain", ", ".join(method.name for method in methods))
        bars.samples(1)
        found = explain_sample(engine, config, methods, selected, effort=effort)
    return made(found, bars)


def made(found: Mapping[str, Attribution | Failed], bars: Bars) -> list[Attribution]:
    """The attributions; what a method could not explain is said and left out.

    Args:
        found: By method.
        bars: Hears what could not be explained.

    Raises:
        UsageError: No method gave one, each for what was asked for.
        AuditError: No method gave one.
    """
    from audit.explain.attempt import Failed  # noqa: PLC0415 - torch takes seconds to import

    attributions, failed = [], []
    for method, one in found.items():
        if isinstance(one, Attribution):
            attributions.append(one)
        else:
            failed.append(f"{method}: {one.reason}")
    if not attributions:
        given = all(isinstance(one, Failed) and isinstance(one.error, UsageError) for one in found.values())
        raise (UsageError if given else AuditError)("; ".join(dict.fromkeys(failed)))
    for reason in failed:
        bars.say(reason)
    return attributions


def find(folder: RunFolder, name: str) -> tuple[TaskResult, Sample]:
    """A sample by its id or how that begins, or one of its sampled texts (``ID#3``), and its task with all samples.

    A sampled text comes as a sample of which it is the output: its prompt is that of the whole sample.

    Raises:
        UsageError: None or several fit, or it cannot be explained.
        RunFolderError: The run cannot be read, or did not store what samples were chosen among.
    """
    by_task = {(suite, task): folder.read_samples(suite, task) for suite, task in folder.tasks()}
    identity, place = split_address(name)
    (suite, task), sample = _only(folder, identity, by_task)
    if place is not None:
        sample = _text(sample, place)
    why = not_explainable(sample)
    if why:
        msg = f"sample {sample.sample_id} of {printable(task, 60)} cannot be explained: {why}"
        raise UsageError(msg)
    samples = by_task[suite, task]
    metrics = [metric for metric in folder.read_metrics() if (metric.suite, metric.task) == (suite, task)]
    return TaskResult(suite=sample.suite, task=task, metrics=metrics, samples=samples), sample


def _only(folder: RunFolder, name: str, by_task: Mapping[Task, Sequence[Sample]]) -> tuple[Task, Sample]:
    """The one sample whose id is, or begins with, a name.

    Raises:
        UsageError: None or several fit.
    """
    every = [(key, sample) for key, samples in by_task.items() for sample in samples]
    fitting = [(key, sample) for key, sample in every if sample.sample_id.startswith(name)] if name else []
    fitting = [pair for pair in fitting if pair[1].sample_id == name] or fitting
    if not fitting:
        hint = did_you_mean(name, [sample.sample_id for _, sample in every])
        msg = f"--sample {printable(name, 60)}: no such sample among the {len(every):,} of {folder.path}.{hint}"
        raise UsageError(msg)
    if len(fitting) > 1:
        shown = ", ".join(f"{sample.sample_id} ({task})" for (_, task), sample in fitting[:LISTED])
        start = f"--sample {printable(name, 60)}: {len(fitting):,} samples start with this"
        msg = f"{start}: {printable(shown, 300)}: give more digits"
        raise UsageError(msg)
    return fitting[0]


def _text(sample: Sample, place: int) -> Sample:
    """One of the texts that were sampled for a prompt, as if it were the whole answer.

    Raises:
        UsageError: There is no such text.
    """
    count = len(sample.completions)
    if place >= count:
        there = f"it has {count} sampled texts, #0 to #{count - 1}" if count else "it has one answer: leave out the #"
        msg = f"--sample {sample.sample_id}#{place}: {there}"
        raise UsageError(msg)
    return sample.as_answered_by(place).model_copy(update={"choice": None})  # the text was written, not chosen


def _refuse_options(typed: Sequence[str]) -> None:
    """Refuse what the run has decided.

    Raises:
        UsageError: Such an option was typed.
    """
    taken = [name for name in typed if name not in {*PLACE, *FREE}]
    if taken:
        msg = f"{taken[0]}: a stored sample is explained with its run's settings: leave it out, or explain a --prompt"
        raise UsageError(msg)


def _config(folder: RunFolder, manifest: RunManifest, given: Given) -> RunConfig:
    """The run's configuration, with the places that were given, in the number type that the run computed in.

    Raises:
        ConfigError: The manifest's configuration is broken, or the checkpoint could run code that no option allows.
    """
    from audit.engine.configured import recorded_config  # noqa: PLC0415 - torch takes seconds to import

    config = recorded_config(manifest, str(folder.manifest_path))
    loads = {name: getattr(config, name) for name in ("trust_remote_code", "allow_pickle")}
    consent.require(RunConfig.model_validate(loads), given, f"--run {folder.path}")
    update = dict(given.values)
    if given.has("--device") and not given.has("--device-map"):
        update["device_map"] = None
    if given.has("--device-map") and not given.has("--device"):
        update["device"] = "auto"
    return validate_options(merge(config.model_dump(mode="json"), update))
