"""Embeddings of the questions of each task, by the checkpoint itself, while it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import DeviceLost, EngineFault, RunFolderError, WhiteBoxUnavailable
from audit.core.formatting import counted
from audit.core.records import digest_of
from audit.core.records.files import embeddings_file
from audit.reports.errors.candidates import text_of
from audit.reports.errors.found import FEWEST_SEARCHED, searched
from audit.stats.aggregate import is_scored
from audit.stats.subgroups.components import DIMENSIONS, principal_components

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import TaskResult
    from audit.core.run_folder import RunFolder
    from audit.pipeline.context import RunContext

METHOD = ("mean of the middle layer", 1, DIMENSIONS)
"""Kind and version of the vectors, and their dimensions at most."""


def embed(context: RunContext, folder: RunFolder, results: Sequence[TaskResult]) -> None:
    """Store the embeddings of the samples that the error analysis searches, task by task, if the run is to have them.

    A file that was computed from the same samples is kept, so that a resumed run computes each task once.

    Raises:
        WriteError: The disk takes no more.
    """
    if not context.config.embed:
        return
    for result in results:
        scored = [sample for sample in result.samples if is_scored(sample)]
        texts = {scored[place].sample_id: text_of(scored[place]) for place in searched(scored)}
        if len(texts) < FEWEST_SEARCHED:
            continue
        try:
            _embed(context, folder.embeddings_path(result.suite, result.task), result.task, texts)
        except (WhiteBoxUnavailable, DeviceLost) as error:  # the same holds for all other tasks
            context.progress.say(f"no embeddings: {error}")
            return
        except EngineFault as error:
            context.progress.say(f"{result.task}: no embeddings: {error}")


def _embed(context: RunContext, path: Path, task: str, texts: dict[str, str]) -> None:
    """Store the embeddings of one task's samples, whose texts are given by id, unless they are there."""
    source = digest_of(context.engine.record.digest, context.engine.record.dtype, METHOD, texts)
    if _is_there(path, source):
        return
    path.unlink(missing_ok=True)  # of other samples
    context.progress.step(f"embedding the questions of {task}")
    states = context.engine.embed(list(texts.values()))
    whole = np.asarray(np.isfinite(states).all(axis=1) if states.shape[1] else np.zeros(len(texts)), dtype=np.bool_)
    if whole.sum() < FEWEST_SEARCHED:
        context.progress.say(f"{task}: no embeddings: only {counted(int(whole.sum()), 'question')} could be embedded")
        return
    kept = [identity for identity, is_whole in zip(texts, whole.tolist(), strict=True) if is_whole]
    embeddings_file.write(path, embeddings_file.Embeddings(kept, principal_components(states[whole]), source))


def _is_there(path: Path, source: str) -> bool:
    """Whether a whole file was computed from these samples."""
    try:
        return path.exists() and embeddings_file.read(path).source == source
    except RunFolderError:
        return False
