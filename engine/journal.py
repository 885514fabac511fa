"""Every answer, written as it arrives, so that an interrupted run can resume.

SQLite in write-ahead mode, one transaction per batch. A process that is killed loses the batch in flight
and nothing else; a machine that loses power may also lose what its disk did not have yet. Two processes on one journal
lose and double nothing (the key is unique, busy writers wait). On closing, the write-ahead file is folded in, so that a
run folder can be copied as it lies.

SQLite keeps no checksums: a flipped bit inside an answer would come back as another number. Each row therefore has the
CRC-32 of its answer. Damage is never skipped: the error names the file and what to do.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from audit.core.errors import RunFolderError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from audit.core.errors import UsageError

FORMAT = 2
"""Version of tables and keys, stored as SQLite's ``user_version``; version 1 was never stored and reads as 0."""
COLUMNS = ("key", "answer", "crc32")
CACHE_BYTES = 2**26
"""Pages that are kept: keys are digests, so that each answer belongs on another page."""
LOG_PAGES = 8192
"""Size from which the write-ahead file is folded in: 32 MB. A page that is written often is folded in once."""
BUSY_SECONDS = 60.0
RETRY_SECONDS = 0.02
RESUME = "`audit run --resume`"
"""What goes on with a run."""


class Journal:
    """Answers by key, in ``journal.sqlite`` of a run folder.

    Args:
        path: The database; made when it is missing.
        withholds: Whether a generated text must not be written; None writes all.
        again: What goes on with the work after a fault, for messages.

    Raises:
        RunFolderError: The file is damaged, or no journal of this format.
        WriteError: It cannot be written, or another process holds it.
    """

    def __init__(self, path: Path, withholds: Callable[[str], bool] | None = None, again: str = RESUME) -> None:
        self.path = path
        self.withholds = withholds
        self._again = again
        self._remedy = f"move it away, then {again}: its answers are computed again"
        try:
            # Generated text may contain what no detector finds: only the owner may read it.
            Path(path).touch(mode=0o600)
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
        except (sqlite3.Error, OSError) as error:
            msg = f"{path}: cannot be written ({error}): check permissions and free space"
            raise WriteError(msg) from error
        try:
            with self._clear_errors():
                self._use_write_ahead_log()
                self._connection.execute("PRAGMA synchronous=NORMAL")
                self._connection.execute(f"PRAGMA cache_size=-{CACHE_BYTES // 1024}")
                self._connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
                self._make_or_check()
        except BaseException:
            self._connection.close()
            raise

    def _use_write_ahead_log(self) -> None:
        """Two processes doing this at once would deadlock, so SQLite refuses one of them immediately: try again."""
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

    def _make_or_check(self) -> None:
        """Create the table in an empty file; in an existing one, check that it has this format.

        Raises:
            RunFolderError: It is not.
        """
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")  # one of two processes makes it
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0 and not self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                self._connection.execute(
                    "CREATE TABLE answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL, crc32 INTEGER NOT NULL) "
                    "WITHOUT ROWID"
                )
                self._connection.execute(f"PRAGMA user_version={FORMAT}")
                return
        found = tuple(name for _, name, *_ in self._connection.execute("PRAGMA table_info(answers)"))
        if version > FORMAT:
            self._refuse(f"a journal of format {version}, written by a newer version: update, or {self._remedy}")
        if version < FORMAT and found[:2] == COLUMNS[:2]:
            self._refuse(f"a journal of an older format: {self._remedy}")
        if version != FORMAT or found != COLUMNS:
            self._refuse(f"not a journal of answers: {self._remedy}")

    def read(self, keys: Sequence[str]) -> dict[str, str]:
        """The stored answers, by key.

        Raises:
            RunFolderError: The file is damaged.
            WriteError: Another process holds it.
        """
        found: dict[str, str] = {}
        with self._clear_errors():
            for start in range(0, len(keys), 500):
                part = keys[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = self._connection.execute(f"SELECT key, answer, crc32 FROM answers WHERE key IN ({marks})", part)  # noqa: S608 - only question marks
                for key, answer, checksum in rows:
                    self._check_row(key, answer, checksum)
                    found[key] = answer
        return found

    def _check_row(self, key: str, answer: object, checksum: int) -> None:
        """Refuse the file where an answer is not what was written.

        Raises:
            RunFolderError: It is not.
        """
        if not isinstance(answer, str) or zlib.crc32(answer.encode()) != checksum:
            self.damaged(f"answer {key[:12]} does not match its checksum")

    def write(self, answers: Iterable[tuple[str, str]]) -> None:
        """Store a batch of answers in one transaction.

        Raises:
            WriteError: The disk is full, the file became read-only, or another process holds it.
            RunFolderError: The file is damaged.
        """
        # Ordered as they lie: neighbours share pages.
        rows = sorted((key, answer, zlib.crc32(answer.encode())) for key, answer in answers)
        with self._clear_errors(), self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", rows)

    def check(self) -> None:
        """Read every answer.

        Raises:
            RunFolderError: The file is damaged.
            WriteError: Another process holds it.
        """
        with self._clear_errors():
            for key, answer, checksum in self._connection.execute("SELECT key, answer, crc32 FROM answers"):
                self._check_row(key, answer, checksum)

    def add(self, other: Path) -> str | None:
        """Copy the answers of another journal, which has been checked, in one transaction.

        Args:
            other: The journal; no process may have it open.

        Returns:
            The first key to which the two have different answers: nothing is copied then. None where there is none.

        Raises:
            WriteError: The disk is full, or another process holds one of the two.
            RunFolderError: One is damaged.
        """
        with self._clear_errors():
            self._connection.execute("ATTACH ? AS other", (str(other),))
            try:
                with self._connection:
                    self._connection.execute("BEGIN IMMEDIATE")
                    conflict = self._connection.execute(
                        "SELECT key FROM other.answers AS theirs JOIN main.answers AS mine USING (key) "
                        "WHERE theirs.answer != mine.answer LIMIT 1"
                    ).fetchone()
                    if conflict is None:
                        self._connection.execute("INSERT OR IGNORE INTO main.answers SELECT * FROM other.answers")
            finally:
                self._connection.execute("DETACH other")
        return None if conflict is None else str(conflict[0])

    def __len__(self) -> int:
        """Number of answers."""
        with self._clear_errors():
            (count,) = self._connection.execute("SELECT count(*) FROM answers").fetchone()
        return int(count)

    def close(self) -> None:
        """Merge the write-ahead file and close."""
        # Another process may still write: the last to close folds. Damage has been reported by whoever met it.
        with contextlib.suppress(sqlite3.DatabaseError):
            self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.close()

    def damaged(self, what: str) -> NoReturn:
        """Refuse the file because of its contents.

        Raises:
            RunFolderError: Always.
        """
        self._refuse(f"damaged ({what}): {self._remedy}")

    def _refuse(self, why: str) -> NoReturn:
        msg = f"{self.path}: {why}"
        raise RunFolderError(msg)

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """SQLite's errors as one line that names the file and what to do."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> UsageError:
        """What a SQLite error means to a user; by its code, because the wording differs between versions."""
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if code is not None else None
        if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            what = f"another process has held it for {BUSY_SECONDS:.0f} s: end that process, then {self._again}"
            return WriteError(f"{self.path}: {what}")
        if primary == sqlite3.SQLITE_NOTADB:
            return RunFolderError(f"{self.path}: not a journal ({error}): {self._remedy}")
        if isinstance(error, sqlite3.OperationalError) and primary not in {
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_ERROR,
        }:
            what = f"check permissions and free some space, then {self._again}"
            return WriteError(f"{self.path}: cannot be written ({error}): {what}")
        return RunFolderError(f"{self.path}: damaged ({error}): {self._remedy}")
