"""What is refused before any run is compared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

from audit.core.errors import ConfigError, RunFolderError, did_you_mean
from audit.core.records import digest_of
from audit.core.records.comparison import MismatchKind
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from audit.core.records import Metric
    from audit.core.run_folder import RunFolder


def check_margin(margin: float | None) -> None:
    """Require a margin above 0, if there is one.

    Raises:
        ConfigError: It is not.
    """
    if margin is not None and not (math.isfinite(margin) and margin > 0):
        msg = f"margin {margin:g}: give a difference above 0, in the unit of the metrics"
        raise ConfigError(msg)


def check_same(folders: Sequence[RunFolder]) -> None:
    """Refuse a run that is given twice: it does not differ from itself, and that is no result.

    Raises:
        RunFolderError: Two folders are the same.
    """
    for place, folder in enumerate(folders):
        if any(folder.path.resolve() == other.path.resolve() for other in folders[:place]):
            msg = f"{folder.path}: this run is given twice: compare it with another one"
            raise RunFolderError(msg)


def check_copies(folders: Sequence[RunFolder]) -> None:
    """Refuse copies of a run, and imports of the same files: as repeats they would make any interval narrow.

    Raises:
        RunFolderError: Two runs are one, or one cannot be read.
    """
    seen: dict[str, RunFolder] = {}
    for folder in folders:
        manifest = folder.read_manifest()
        imported = manifest.config.get("import")
        of = digest_of(imported["files"] if imported else [manifest.run_id, manifest.evidence])
        if of in seen:
            msg = f"{folder.path}: it is the run {seen[of].path} again, which is no repeat of it: leave one out"
            raise RunFolderError(msg)
        seen[of] = folder


def check_kinds(across: Sequence[str]) -> None:
    """Require kinds of mismatch that there are.

    Raises:
        ConfigError: There is no such kind.
    """
    known = get_args(MismatchKind)
    for kind in across:
        if kind not in known:
            hint = did_you_mean(kind, known)
            msg = f"{printable(kind, 60)}: no kind of mismatch: compare across {', '.join(known)}.{hint}"
            raise ConfigError(msg)


def check_tasks(tasks: Sequence[str], runs: Collection[Sequence[Metric]]) -> None:
    """Require tasks that a run has.

    Args:
        tasks: Asked for.
        runs: The metrics of each run.

    Raises:
        ConfigError: No run has a metric of the task.
    """
    known = sorted({metric.task for metrics in runs for metric in metrics})
    for task in tasks:
        if task not in known:
            none = "neither run has" if len(runs) == 2 else "no run has"
            msg = f"{task}: {none} a metric of this task.{did_you_mean(task, known)}"
            raise ConfigError(msg)
