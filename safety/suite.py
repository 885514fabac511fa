"""The probes there are, and running those that a configuration asks for."""

from __future__ import annotations

import time
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from audit.core.errors import AssetError, TaskUnavailable, UsageError, did_you_mean
from audit.core.records import TaskResult
from audit.safety import running
from audit.safety.names import NAMES
from audit.safety.probe import SUITE, Probe
from audit.safety.probes import toxicity_scorer
from audit.stats.aggregate import with_reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.core.config import RunConfig, TaskConfig
    from audit.engine import Engine
    from audit.safety.predictions import Predictions

PROBES: dict[str, Probe[Any]] = {name: import_module(f"audit.safety.probes.{name}").PROBE for name in NAMES}
JUDGES: dict[str, Callable[[Predictions, RunConfig], TaskResult]] = {
    **{probe.name: partial(running.score, probe) for probe in PROBES.values() if probe.given},
    toxicity_scorer.NAME: toxicity_scorer.score,
}
"""What ``audit score`` computes from a file: the probes that can, and the agreement of a scorer with labels."""
TASKS: dict[str, str] = {name: probe.description for name, probe in PROBES.items()}
"""Probe name to one line of description."""


def join(probe: Probe[Any]) -> None:
    """Add the probe of a plug-in, which declares its items, requests and judge."""
    PROBES[probe.name] = probe
    TASKS[probe.name] = probe.description
    if probe.given:
        JUDGES[probe.name] = partial(running.score, probe)


def leave(name: str) -> None:
    """Take the probe of a plug-in away again."""
    for table in (PROBES, TASKS, JUDGES):
        table.pop(name, None)


def check(config: RunConfig) -> None:
    """Refuse a configuration that names a probe twice or one that does not exist, before anything runs.

    Raises:
        UsageError: With the nearest known name.
    """
    names = [task.name for task in config.safety.tasks]
    for name in names:
        if name not in PROBES:
            known = ", ".join(PROBES)
            msg = f"safety.tasks: unknown probe {name!r}: use {known}.{did_you_mean(name, PROBES)}"
            raise UsageError(msg)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        msg = f"safety.tasks: {twice!r} is listed more than once: keep one"
        raise UsageError(msg)


def score(name: str, predictions: Predictions, config: RunConfig) -> TaskResult:
    """The metrics of a probe from answers that were produced elsewhere.

    Raises:
        UsageError: The probe is unknown, or needs the checkpoint itself.
        AssetError: Its scorer is missing.
    """
    judge = JUDGES.get(name)
    if judge is None:
        what = "cannot be judged from answers alone" if name in PROBES else "is no probe"
        msg = f"{name!r} {what}: use {', '.join(JUDGES)}.{did_you_mean(name, JUDGES)}"
        raise UsageError(msg)
    result = judge(predictions, config)
    return result.model_copy(update={"metrics": with_reasons(result.metrics)})


def run(engine: Engine, config: RunConfig) -> Iterator[TaskResult]:
    """Run the probes of ``config.safety.tasks`` in their order.

    Yields:
        Each result as its probe ends; ``not_run`` with the reason where data or scorer are missing, or the checkpoint
        cannot do what the probe needs: its chat template fails, or its server does not offer it.

    Raises:
        UsageError: A probe is unknown (see :func:`check`).
    """
    check(config)
    for task in config.safety.tasks:
        engine.progress.task(SUITE, task.name)
        result = _run_probe(PROBES[task.name], engine, config, task)
        yield result.model_copy(update={"optional": task.optional})


def _run_probe(probe: Probe[Any], engine: Engine, config: RunConfig, task: TaskConfig) -> TaskResult:
    """One probe, timed."""
    begin = time.perf_counter()
    try:
        result = running.run(probe, engine, config, task)
    except (AssetError, TaskUnavailable) as error:
        return TaskResult(suite=SUITE, task=probe.name, not_run=str(error))
    share = (time.perf_counter() - begin) / max(1, len(result.samples))
    for sample in result.samples:
        sample.seconds = share
    return result
