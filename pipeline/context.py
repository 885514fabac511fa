"""What a run works with: everything that its steps share, and nothing else."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from audit.core import assets, provenance
from audit.core.errors import AssetMissing, CheckpointBroken, TemplateError
from audit.core.names import check_of
from audit.engine.chat import uses_chat_template
from audit.engine.checkpoint.source import is_gguf
from audit.engine.configured import engine_of
from audit.engine.local.hardware import bfloat16_units
from audit.engine.workers.engine import start_workers
from audit.engine.workers.stored import stored_answers
from audit.evals import suite as evals
from audit.evals.catalogue import own_tasks
from audit.safety import suite as safety
from audit.safety.privacy.redaction import redaction_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.config import RunConfig
    from audit.core.progress import Progress, Remembering
    from audit.core.records import AssetRecord, ModelRecord, RegisteredPolicy
    from audit.engine import Engine

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run works with, from the moment its checkpoint is loaded."""

    config: RunConfig
    """What is run; every path in full."""
    engine: Engine
    """The checkpoint."""
    data: list[AssetRecord]
    """The data sets that are at hand."""
    progress: Remembering
    """Hears of the work, and remembers what the manifest must say."""
    key: bytes
    """Of the digests of personal data."""
    policy: RegisteredPolicy | None = None
    """The policy that a new run will be judged under."""

    @property
    def seed(self) -> int:
        """Of item selection, sampling and the bootstrap."""
        return self.config.seed

    @property
    def optional(self) -> set[str]:
        """Tasks that the configuration wants only when their data is at hand."""
        return {task.name for task in (*self.config.evals.tasks, *self.config.safety.tasks) if task.when_present}

    def broken(self) -> CheckpointBroken | None:
        """Why the checkpoint is broken; None for a sound one.

        Raises:
            CheckpointError: It is sound, but not in this number type.
        """
        try:
            self.engine.check_sound()
        except CheckpointBroken as error:
            return error
        return None


def prepare(
    config: RunConfig,
    progress: Remembering,
    policy: RegisteredPolicy | None = None,
    stored: ModelRecord | None = None,
) -> RunContext:
    """Find the data, load the checkpoint, take the key.

    Args:
        config: What is run.
        progress: Listener of the work.
        policy: That a new run will be judged under.
        stored: The checkpoint whose stored answers are to do without its weights; None loads it.

    Raises:
        UsageError: The checkpoint cannot be loaded, or a data file is damaged.
    """
    data = fetch_data(config, progress)
    engine = _load(config, progress) if stored is None else _without_weights(config, stored, progress)
    with _closed_on_error(engine):
        return RunContext(config, engine, data, progress, _redaction_key(progress), policy)


def fetch_data(config: RunConfig, progress: Progress) -> list[AssetRecord]:
    """Have every data set on disk and readable before the checkpoint is loaded.

    One that is nowhere is left to its task, which is then listed as not run.

    Raises:
        AssetError: A file is damaged, a download failed its check, or the disk is full.
    """
    progress.step("looking for data sets")
    wanted = {name for task in config.safety.tasks for name in safety.PROBES[task.name].datasets}
    own = own_tasks()
    asked = [(check_of(task.name) or (task.name,))[0] for task in config.evals.tasks]
    wanted |= {name for task in asked if task in own for name in own[task].data}
    found = []
    for name in sorted(wanted):
        with contextlib.suppress(AssetMissing):
            found.append(assets.dataset(name).record)
    return [*found, *evals.own_data_records(config)]


def _load(config: RunConfig, remembering: Remembering) -> Engine:
    """The checkpoint, on the device and with the threads that were asked for."""
    torch.set_num_threads(config.threads or provenance.default_threads())
    remembering.expect(expected_lines(config))
    remembering.step(f"loading {config.model}" + (" (converted on first use)" if is_gguf(config.model) else ""))
    engine = engine_of(config) if config.workers is None else start_workers(config, remembering)
    with _closed_on_error(engine):
        with contextlib.suppress(TemplateError):  # costs the tasks that need a template, not the run
            uses_chat_template(engine, config.chat_template, generates=True)
        for remark in engine.record.remarks:
            remembering.say(remark)
        units = bfloat16_units()
        if config.dtype == "auto" and engine.record.device == "cpu" and units:
            logger.info("bfloat16 units (%s): --dtype bfloat16 is faster, see docs/reference/run.md", units[0])
    return engine


@contextlib.contextmanager
def _closed_on_error(engine: Engine) -> Iterator[None]:
    """End workers where a run does not come to work with them."""
    try:
        yield
    except BaseException:
        engine.close()
        raise


def _without_weights(config: RunConfig, stored: ModelRecord, remembering: Remembering) -> Engine:
    """The checkpoint as far as its stored answers need it."""
    remembering.expect(expected_lines(config))
    remembering.step(f"reading the tokenizer of {config.model}")
    return stored_answers(config, stored)


def expected_lines(config: RunConfig) -> int:
    """Lines of progress: one per task, one for all methods of explanation and one for drivers."""
    explained = 1 + bool(config.explain.drivers) if config.explain.methods else 0
    times = 1 + bool(config.evals.robustness.perturbations) + bool(config.evals.thinking_budgets)
    benchmarks = len(config.evals.tasks) * times
    return benchmarks + len(config.safety.tasks) + explained


def _redaction_key(remembering: Remembering) -> bytes:
    """The key of the digests of personal data; a reader must know where no other run has it."""
    key, remark = redaction_key()
    if remark:
        remembering.say(remark)
    return key
