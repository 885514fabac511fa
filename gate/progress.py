"""Whether a run is still going on: its process keeps the journal open, and SQLite holds a lock on it meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder


def is_going_on(run: RunFolder) -> bool:
    """Whether the journal of the run is open in any process; that of a run that was killed is not.

    SQLite itself is asked, for a connection that nobody shares: a lock taken by hand would drop those that this process
    holds. The operating system frees the locks of a process that ends, however it ends. A journal that may not be
    written, such as one of a copied folder, has no writer on this machine.
    """
    try:
        with closing(sqlite3.connect(f"{run.journal_path.resolve().as_uri()}?mode=rw", uri=True, timeout=0)) as journal:
            journal.execute("PRAGMA locking_mode=EXCLUSIVE")
            journal.execute("BEGIN IMMEDIATE")  # closing the connection rolls it back
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
    return False
