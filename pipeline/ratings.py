"""What people said of outputs of earlier runs, for a run that explains those they rated worst."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from audit.core.errors import RunFolderError
from audit.core.filesystem import write_text
from audit.core.records.files.json_file import read_plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.config import RunConfig
    from audit.core.records import TaskResult
    from audit.core.run_folder import RunFolder

Judged = dict[tuple[str, str, str, str], float]
"""Mean rating by suite, task, sample id and digest of the output; see :func:`audit.ratings.mean_by_output`."""


def read(config: RunConfig, database: str | None) -> Judged:
    """The ratings that a new run goes by; nothing where it explains no output for its rating.

    Args:
        config: Of the run.
        database: URL of the ratings; None takes the file next to the run folders, if there is one.

    Raises:
        UsageError: The database that was asked for is not there, or one cannot be read.
    """
    section = config.explain
    unused = not section.methods or not (section.worst_rated or section.drivers)
    if database is None and (unused or not (config.out / "ratings.sqlite").exists()):
        return {}
    from audit.ratings import default_url, mean_by_output  # noqa: PLC0415 - SQLAlchemy takes half a second to import
    from audit.ratings.database import require  # noqa: PLC0415 - as above

    if database is not None:
        require(database)
    return {} if unused else mean_by_output(database or default_url(config.out))


def keep(folder: RunFolder, judged: Judged) -> None:
    """Write the ratings into the run folder: a resumed run goes by the same ones, whoever rated meanwhile.

    Raises:
        WriteError: The folder cannot be written.
    """
    if judged:
        write_text(_file(folder), json.dumps([[*key, mean] for key, mean in sorted(judged.items())]) + "\n")


def recall(folder: RunFolder) -> Judged:
    """The ratings that an unfinished run began with.

    Raises:
        RunFolderError: They cannot be read.
    """
    file = _file(folder)
    if not file.exists():
        return {}
    try:
        return {
            (suite, task, sample, digest): float(mean)
            for suite, task, sample, digest, mean in read_plain(file.read_text())
        }
    except (OSError, ValueError, TypeError) as error:
        msg = f"{file}: broken ({error}): start a new run"
        raise RunFolderError(msg) from error


def by_sample(results: Sequence[TaskResult], judged: Judged) -> dict[tuple[str, str], float]:
    """Mean rating of each sample whose very output people have judged, by task and sample id."""
    found: dict[tuple[str, str], float] = {}
    if not judged:
        return found
    from audit.ratings import output_digest  # noqa: PLC0415 - see read

    for sample in (sample for result in results for sample in result.samples if sample.output is not None):
        mean = judged.get((sample.suite, sample.task, sample.sample_id, output_digest(sample.output or "")))
        if mean is not None:
            found[sample.task, sample.sample_id] = mean
    return found


def _file(folder: RunFolder) -> Path:
    return folder.path / "ratings.json"
