"""The journals of shards, united in one: key by key, checksums kept, nothing held in memory.

SQLite copies the rows from file to file, one transaction for each shard. A union that was interrupted is repeated: what
is there already is found to be equal.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from audit.core.errors import EvidenceInvalid, RunFolderError
from audit.engine.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def unite(parts: Sequence[Path], into: Path) -> int:
    """Copy the answers of several journals into one.

    Args:
        parts: The journals; answers that several hold must be equal.
        into: The journal that gets them; made where it is missing.

    Returns:
        Number of answers in it.

    Raises:
        EvidenceInvalid: Two answers to one request differ.
        RunFolderError: A journal is missing, damaged, or of another format.
        WriteError: One cannot be written, the disk is full, or another process holds one.
    """
    for part in parts:
        if not part.is_file():
            msg = "missing: copy the whole folder of the shard"
            raise RunFolderError(msg, part)
    with closing(Journal(into)) as journal:
        for place, part in enumerate(parts):
            with closing(Journal(part)) as other:  # closing it folds in what a killed process left
                other.check()
            conflict = journal.add(part)
            if conflict is not None:
                raise _contradiction(conflict, parts[:place], part, into)
        return len(journal)


def _contradiction(key: str, before: Sequence[Path], part: Path, into: Path) -> EvidenceInvalid:
    """The error for two different answers to one request, which names both journals."""
    other = into
    for path in before:
        with closing(Journal(path)) as journal:
            if journal.read([key]):
                other = path
                break
    fault = f"answer {key[:12]} is not that in {other}"
    return EvidenceInvalid(fault, part, "leave out one of the two shards, or run it again")
