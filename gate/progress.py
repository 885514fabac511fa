"""Whether a run is still going on: its process keeps the journal open, and SQLite holds a lock on it meanwhile."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder

SHARED_BYTES = (0x40000002, 510)
"""First byte and length of what SQLite locks for each open connection to a database in write-ahead mode. They belong to
its file format (https://www.sqlite.org/fileformat2.html, section 1.5: the lock-byte page)."""


def is_going_on(run: RunFolder) -> bool:
    """Whether another process is writing the run now; one that was killed is not.

    The operating system drops the locks of a process that ends, however it ends. A journal that may not be written,
    such as one of a copied folder, has no writer on this machine.
    """
    try:
        descriptor = os.open(run.journal_path, os.O_RDWR)
    except OSError:
        return False
    first, length = SHARED_BYTES
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, length, first)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
