"""Every answer, written as it arrives: what makes a killed run resume.

SQLite in write-ahead mode, one transaction per batch. A process that is killed loses the batch in flight
and nothing else; two processes on one journal lose and double nothing (the key is unique, busy writers
wait). On closing, the write-ahead file is folded in, so that a run folder can be copied as it lies.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import RunFolderError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

BUSY_SECONDS = 60.0
RETRY_SECONDS = 0.02


class Journal:
    """Answers by key, in ``journal.sqlite`` of a run folder.

    Args:
        path: The database; made when it is missing.
        withholds: Says of generated text whether it must not be written; None writes all.

    Raises:
        RunFolderError: The file is not a journal.
        WriteError: It cannot be written.
    """

    def __init__(self, path: Path, withholds: Callable[[str], bool] | None = None) -> None:
        self.path = path
        self.withholds = withholds
        try:
            # Generated text may hold what no detector knows: the owner alone reads it.
            Path(path).touch(mode=0o600)
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
            self._use_write_ahead_log()
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT) WITHOUT ROWID"
            )
            self._connection.commit()
        except (sqlite3.OperationalError, OSError) as error:
            msg = f"{path}: cannot be written ({error}): check permissions and free space"
            raise WriteError(msg) from error
        except sqlite3.DatabaseError as error:
            msg = f"{path}: not a journal ({error}): move it away to start over"
            raise RunFolderError(msg) from error

    def _use_write_ahead_log(self) -> None:
        """Two processes that do this at once would wait for each other: SQLite tells one at once that it is locked."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
            else:
                return

    def read(self, keys: Sequence[str]) -> dict[str, str]:
        """The answers that are there, by key."""
        found: dict[str, str] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            found.update(self._connection.execute(f"SELECT key, answer FROM answers WHERE key IN ({marks})", part))  # noqa: S608 - only question marks
        return found

    def write(self, answers: Iterable[tuple[str, str]]) -> None:
        """Keep a batch of answers in one transaction.

        Raises:
            WriteError: The disk is full or the file became read-only.
        """
        try:
            with self._connection:
                self._connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", answers)
        except sqlite3.OperationalError as error:
            msg = f"{self.path}: cannot be written ({error}): free some space, then `audit run --resume` this folder"
            raise WriteError(msg) from error

    def __len__(self) -> int:
        """Number of answers."""
        (count,) = self._connection.execute("SELECT count(*) FROM answers").fetchone()
        return int(count)

    def close(self) -> None:
        """Fold the write-ahead file in and close."""
        with contextlib.suppress(sqlite3.OperationalError):  # another process still writes; the last to close folds
            self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.close()
