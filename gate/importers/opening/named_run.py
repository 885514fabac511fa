"""A run by its name, or a log of another tool in its place: it is imported first."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import RunFolderError, UsageError
from audit.core.latest import LATEST
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.registry import readers
from audit.gate.importers.run import import_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.gate.importers.contract import Reader

MANIFEST = "manifest.json"
_LOG = logging.getLogger(__name__)


def open_run(name: str, runs: Path, say: Callable[[str], object] = _LOG.info) -> RunFolder:
    """A run by path, by run-id under ``runs``, or ``latest``; of a log, the run that is made of it under ``runs``.

    The same log gives the same run. A run folder always comes before a log.

    Args:
        name: What the user typed.
        runs: Folder of run folders.
        say: Takes the line that says where the run of a log is; by default the program's log.

    Raises:
        UsageError: There is neither such a run nor a log that can be read.
        EvidenceInvalid: The log contradicts itself.
        WriteError: Its run cannot be written.
    """
    reader = _reader(name, runs)
    if reader is None:
        return RunFolder.resolve(name, runs)
    try:
        run = import_log(reader, [Path(name)], ImportOptions(), runs, reuse=True)
    except UsageError as error:
        if reader.NAME != "table" or isinstance(error, RunFolderError):
            raise
        msg = f"{error}. Columns with other names: import the table first, with 'audit import'"
        raise UsageError(msg) from error
    say(f"imported {printable(name)} ({reader.NAME}): {run.path}")
    return run


def _reader(name: str, runs: Path) -> Reader | None:
    """The reader of a log; None for a run, and for what is neither.

    Raises:
        RunFolderError: It is a file of no known format.
    """
    if name == LATEST or any(os.path.isfile(path / MANIFEST) for path in (Path(name), runs / name)):  # noqa: PTH113 - no error where the name is too long
        return None
    is_file = os.path.isfile(name)  # noqa: PTH113 - see above
    if not is_file and not os.path.isdir(name):  # noqa: PTH112 - see above
        return None
    found = next((reader for reader in readers().values() if reader.recognises([Path(name)])), None)
    if found is None and is_file:
        msg = f"{printable(name)}: neither a run folder nor a log of a known format: see 'audit import --help'"
        raise RunFolderError(msg)
    return found
