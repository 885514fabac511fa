"""The probes there are, and running those that a configuration asks for."""

from __future__ import annotations

import contextlib
import gc
import logging
import time
from collections.abc import MutableMapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from audit.core.config import SafetyConfig
from audit.core.errors import (
    RAISED_BY_OTHERS,
    AssetError,
    AssetMissing,
    AuditError,
    CheckpointError,
    DeclarationError,
    EvidenceInvalid,
    RunFolderError,
    TaskUnavailable,
    UsageError,
    WriteError,
    did_you_mean,
)
from audit.core.names import PROBES as FOLDERS
from audit.core.records import Sample, TaskResult
from audit.safety import running
from audit.safety.metrics import foreseen
from audit.safety.probe import SUITE, AsksCheckpoint, Probe
from audit.safety.scorers.registry import check_scorer
from audit.safety.scorers.there import check_there
from audit.stats.aggregate import UNSCORED, with_reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from audit.core.config import RunConfig, TaskConfig
    from audit.core.records import Metric
    from audit.engine import Engine
    from audit.safety.predictions import Predictions

logger = logging.getLogger(__name__)

Entry = TypeVar("Entry")


class OnDemand(MutableMapping[str, Entry]):
    """A table whose entries are made when they are first asked for, in the order of its names; others can be added.

    The modules of all probes take a third of a second to import, and a run needs those of a few.

    Args:
        names: Of the entries that can be made.
        make: Makes the entry of one of these names.
    """

    def __init__(self, names: Iterable[str], make: Callable[[str], Entry]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make
        self._made: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        """The entry, made now if it was not.

        Raises:
            KeyError: There is none of that name.
        """
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __setitem__(self, name: str, entry: Entry) -> None:
        """Add an entry, or replace one."""
        self._names[name] = None
        self._made[name] = entry

    def __delitem__(self, name: str) -> None:
        """Take an entry out.

        Raises:
            KeyError: There is none of that name.
        """
        del self._names[name]
        self._made.pop(name, None)

    def __contains__(self, name: object) -> bool:
        """Whether there is an entry of that name; none is made for this."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._names)


def _own(name: str) -> Probe[Any]:
    """One of the audit's own probes, from its module."""
    probe: Probe[Any] = import_module(f"audit.safety.probes.{FOLDERS[name]}.{name}").PROBE
    return probe


PROBES: OnDemand[Probe[Any]] = OnDemand(FOLDERS, _own)
"""Every probe by name; the module of one is imported when it is asked for."""
TASKS: OnDemand[str] = OnDemand(FOLDERS, lambda name: PROBES[name].description)
"""Probe name to one line of description."""

OWNERS: dict[str, str] = {}
"""Probes of plug-ins, and the plug-in of each."""
OF_THE_RUN = (CheckpointError, EvidenceInvalid, RunFolderError, WriteError)
"""Errors that concern the run rather than a probe, whoever meets them."""


def join(probe: Probe[Any], plugin: str) -> None:
    """Add a probe, which declares its items, requests and judge, of the plug-in with this name."""
    PROBES[probe.name] = probe
    OWNERS[probe.name] = plugin
    TASKS[probe.name] = probe.description


def leave(name: str) -> None:
    """Take the probe of a plug-in away again."""
    for table in (PROBES, OWNERS, TASKS):
        table.pop(name, None)


def judges() -> dict[str, Callable[[Predictions, RunConfig], TaskResult]]:
    """What ``audit score`` computes from a file: the probes that can, and the agreement of a scorer with labels."""
    from audit.safety.probes.toxicity import toxicity_scorer  # noqa: PLC0415 - no run needs it

    given = {name: partial(running.score_answers, probe) for name, probe in PROBES.items() if probe.given}
    return {**given, toxicity_scorer.NAME: toxicity_scorer.compare_with_labels}


def definitions_of_plugins(config: RunConfig) -> set[str]:
    """Names of the metric definitions of other packages that the chosen probes of plug-ins use."""
    chosen = [PROBES[task.name] for task in config.safety.tasks if task.name in OWNERS]
    return {name for probe in chosen for name in running.definitions_of_packages(probe, config)}


def metric_names(name: str) -> tuple[set[str], bool]:
    """Names of a probe's metrics as far as they are known before it runs, and whether these are all."""
    probe = PROBES[name]
    return {metric.name for metric in probe.metrics} | {UNSCORED}, probe.more_metrics is None


def foreseen_metrics(name: str) -> list[Metric] | None:
    """The metrics that a probe declares, on all slices, without values; None where its data cannot be read."""
    probe = PROBES[name]
    try:
        categories = running.categories_of(probe, probe.load().items)
    except RAISED_BY_OTHERS:  # whatever the code of others raises; running the probe says why
        return None
    return foreseen(probe.metrics, categories, name)


def in_random_order(name: str) -> bool:
    """Whether a larger limit of a probe adds independent items in one random order."""
    return PROBES[name].cluster is None and _has_one_order(name)


def has_clusters(name: str) -> bool:
    """Whether the items of a probe are in clusters, which can be drawn as a whole."""
    return PROBES[name].cluster is not None and _has_one_order(name)


def _has_one_order(name: str) -> bool:
    """Whether a limit of a probe counts items of one list."""
    probe = PROBES[name]
    if not running.is_drawn_by_item(probe):
        return False
    try:
        return len(probe.load().parts) == 1
    except AssetError:
        return False


def check(config: RunConfig) -> None:
    """Refuse a configuration that names a probe twice, or a probe or scorer that does not exist, before anything runs.

    Raises:
        UsageError: With the nearest known name; or a probe is to be drawn by cluster that cannot be.
    """
    check_scorer(config.safety.toxicity_scorer)
    _check_judge(config.safety)
    names = [task.name for task in config.safety.tasks]
    for name in names:
        if name not in PROBES:
            known = ", ".join(PROBES)
            msg = f"safety.tasks: unknown probe {name!r}: use {known}.{did_you_mean(name, PROBES)}"
            raise UsageError(msg)
    for task in config.safety.tasks:
        if task.by_cluster and (PROBES[task.name].cluster is None or not running.is_drawn_by_item(PROBES[task.name])):
            msg = f"safety.tasks: {task.name} cannot be drawn by cluster: leave out by_cluster"
            raise UsageError(msg)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        msg = f"safety.tasks: {twice!r} is listed more than once: keep one"
        raise UsageError(msg)


def _check_judge(config: SafetyConfig) -> None:
    """Refuse a judge of answers, measurements or labels that cannot be used; the usual judge has none to look at.

    Raises:
        UsageError: There is no such judge, or a file of labels is at fault.
        ConfigError: A file holds no measurement.
    """
    usual = SafetyConfig()
    named = config.answer_judge, config.judge_measured, config.answer_labels
    if named == (usual.answer_judge, usual.judge_measured, usual.answer_labels):
        return
    from audit.safety.judges.choosing import check_answer_judge  # noqa: PLC0415 - few runs need it
    from audit.safety.judges.people import labels_of  # noqa: PLC0415 - likewise

    check_answer_judge(config.answer_judge, config.judge_measured)
    labels_of(config)


def check_judges(config: RunConfig) -> None:
    """Refuse a configuration that names a judge or scorer that is nowhere, before anything is computed.

    What only judges answers may lie elsewhere than where they are computed: shards do not ask. Nor is it looked for
    where none of the chosen probes loads it.

    Raises:
        UsageError: There is no such folder, file, program or asset, and it cannot be a hub id.
    """
    check_there(config.safety, _loaded_by(config, config.safety.tasks))


def _loaded_by(config: RunConfig, tasks: Sequence[TaskConfig]) -> set[str]:
    """Names of what the scorers of some probes load; what plug-ins say of theirs is not asked for if it breaks."""
    names: set[str] = set()
    for probe in (PROBES[task.name] for task in tasks):
        with contextlib.suppress(*(RAISED_BY_OTHERS if probe.name in OWNERS else ())):
            names.update(probe.loads(config))
    return names


def check_judged(name: str) -> None:
    """Refuse the name of what cannot be judged from answers that were produced elsewhere.

    Raises:
        UsageError: With the nearest name.
    """
    known = judges()
    if name not in known:
        what = "cannot be judged from answers alone" if name in PROBES else "is not a probe"
        msg = f"{name!r} {what}: use {', '.join(known)}.{did_you_mean(name, known)}"
        raise UsageError(msg)


def score_predictions(name: str, predictions: Predictions, config: RunConfig) -> TaskResult:
    """The metrics of a probe from answers that were produced elsewhere.

    Raises:
        UsageError: The probe is unknown, or needs the checkpoint itself.
        AssetError: Its scorer is missing.
        AuditError: It is the probe of a plug-in, and it broke.
    """
    check_judged(name)
    try:
        result = judges()[name](predictions, config)
        _check_samples(name, result)
    except RAISED_BY_OTHERS as error:
        if isinstance(error, AuditError) or name not in OWNERS:
            raise
        raise AuditError(_broke(name, error)) from error
    return result.model_copy(update={"metrics": with_reasons(result.metrics)})


def rehearsals(config: RunConfig) -> dict[str, Callable[[Engine], Iterable[TaskResult]]]:
    """Runs a probe on an engine, by name, for what it would ask; what judges answers is not loaded for it.

    Probes of plug-ins are left out: what others wrote is run once. So are those whose scorer may be missing, for which
    texts would be generated in vain.
    """
    return {
        task.name: partial(_rehearse, replace(PROBES[task.name], scorer=None), config=config, task=task)
        for task in config.safety.tasks
        if task.name not in OWNERS and PROBES[task.name].rehearsed(config)
    }


def _rehearse(probe: Probe[Any], engine: Engine, config: RunConfig, task: TaskConfig) -> list[TaskResult]:
    return [running.run_probe(probe, engine, config, task)]


def run_probes(engine: Engine, config: RunConfig, before: Callable[[str], None] | None = None) -> Iterator[TaskResult]:
    """Run the probes of ``config.safety.tasks`` in their order.

    Args:
        engine: The checkpoint.
        config: Of the run.
        before: Called with the name of each probe before it begins.

    Yields:
        Each result as its probe ends; ``not_run`` with the reason where data or scorer are missing, where the
        checkpoint cannot do what the probe needs (its chat template fails, or its server does not offer it), and where
        the probe itself breaks.

    Raises:
        UsageError: A probe is unknown (see :func:`check`).
    """
    check(config)
    loaded: dict[str, Any] = {}
    for place, task in enumerate(config.safety.tasks, 1):
        if before:
            before(task.name)
        engine.progress.task(SUITE, task.name)
        result = _run_probe(PROBES[task.name], engine, config, task, loaded)
        _let_go(loaded, _loaded_by(config, config.safety.tasks[place:]))
        yield result.model_copy(update={"optional": task.optional})


def _let_go(loaded: dict[str, Any], wanted: Collection[str]) -> None:
    """Forget what no later probe loads: a judge may be as large as the checkpoint."""
    for name in loaded.keys() - wanted:
        if isinstance(loaded.pop(name), AsksCheckpoint):
            gc.collect()  # a model and what calls it may refer to each other


def _run_probe(
    probe: Probe[Any], engine: Engine, config: RunConfig, task: TaskConfig, judges: dict[str, Any]
) -> TaskResult:
    """One probe, timed."""
    begin = time.perf_counter()
    try:
        result = running.run_probe(probe, engine, config, task, judges)
        _check_samples(probe.name, result)
    except (AssetError, TaskUnavailable) as error:
        return TaskResult(suite=SUITE, task=probe.name, not_run=_missing(probe.name, error))
    except RAISED_BY_OTHERS as error:
        if isinstance(error, AuditError) and (probe.name not in OWNERS or isinstance(error, OF_THE_RUN)):
            raise
        return TaskResult(suite=SUITE, task=probe.name, not_run=_broke(probe.name, error))
    share = (time.perf_counter() - begin) / max(1, len(result.samples))
    for sample in result.samples:
        sample.seconds = share
    return result


def _check_samples(name: str, result: TaskResult) -> None:
    """Refuse samples of a plug-in's probe whose fields are of a wrong type: copying a sample checks none.

    Raises:
        ValidationError: One is.
    """
    if name in OWNERS:
        for sample in result.samples:
            Sample.model_validate(sample.model_dump(warnings=False), strict=True)


def _missing(name: str, error: AuditError) -> str:
    """Why a probe cannot run; where its data or scorer are at fault, with the plug-in that it is of."""
    whose = f"plug-in {OWNERS[name]}: " if name in OWNERS and isinstance(error, AssetError) else ""
    return f"{whose}{error.of_task(name) if isinstance(error, AssetMissing) else error}"


def _broke(name: str, error: BaseException) -> str:
    """Why a probe that raised has no result, and whose fault it is.

    Only what a declaration gets wrong is quoted: the text of any other error may quote a sample.
    """
    logger.debug("probe %s broke", name, exc_info=error)
    if isinstance(error, DeclarationError):
        return f"plug-in {OWNERS[name]}: {error}" if name in OWNERS else str(error)
    whose = f"plug-in {OWNERS[name]}: probe {name}" if name in OWNERS else f"probe {name}"
    return f"{whose} broke ({type(error).__name__}): --verbose shows where"
