"""Which of several runs is the latest."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Protocol, TypeVar

from audit.core.errors import RunFolderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import RunManifest

LATEST = "latest"
"""Names the newest run in place of its run-id."""
SECOND = len("20260131T235959Z")


class Folder(Protocol):
    """What is asked of a run folder."""

    @property
    def path(self) -> Path:
        """Where it is."""

    def read_manifest(self) -> RunManifest:
        """Its manifest; raises RunFolderError where it cannot be read."""


AnyFolder = TypeVar("AnyFolder", bound=Folder)


def newest(runs: Sequence[AnyFolder]) -> AnyFolder:
    """The newest run that is no replay; of those of one second the one that began last.

    Args:
        runs: At least one, the newest first by the time in their names.

    Raises:
        RunFolderError: All are replays.
    """
    for _, of_the_second in groupby(runs, key=lambda run: run.path.name[:SECOND]):
        began = [(when, run) for run in of_the_second if (when := _began(run)) is not None]
        if began:
            return max(began, key=lambda one: one[0])[1]
    msg = f"{runs[0].path.parent}: only replays here, which '{LATEST}' leaves out: name one"
    raise RunFolderError(msg)


def _began(run: Folder) -> float | None:
    """When a run began, seconds since 1970; 0 where its manifest cannot be read, None for a replay."""
    try:
        manifest = run.read_manifest()
    except RunFolderError:
        return 0.0
    return None if manifest.replay_of else manifest.started.timestamp()
