"""Opening a ratings database by URL.

SQLite is used with a write-ahead log, so that readers never wait for the writer, and with ``BEGIN IMMEDIATE`` and a
busy timeout: a second writer waits for the first one, up to ``BUSY_SECONDS``. A write-ahead log needs memory that all
programs share. On a network share there is none, and the rollback journal is used instead.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from audit.core.errors import UsageError, WriteError
from audit.core.filesystem import did_you_mean_path
from audit.ratings.migrations.applying import migrate, outdated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

BUSY_SECONDS, CONNECT_SECONDS = 30, 10
MOST_CONNECTIONS = 40
"""Connections of one process beyond the five that stay open: a team that rates at once through one app."""
SHARES = {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs"}
"""File systems that other machines may write to, as ``/proc/mounts`` names them; so does any by FUSE over ssh."""
JOURNAL_TRIES = 50
"""Tries to change the journal of a database that others have open."""
_TURN = threading.Lock()
"""Whose turn it is to write among the threads of this process. SQLite's busy timeout alone is unfair: waiting
connections sleep for ever longer and meet those that have just come."""
_OPENED: dict[Path, tuple[int, int] | None] = {}
"""Which file was found under a name when it was last opened."""


def default_url(runs: Path) -> str:
    """URL of the database for a folder of runs: ``ratings.sqlite`` inside it."""
    return f"sqlite:///{runs / 'ratings.sqlite'}"


def parse_url(database_url: str) -> URL:
    """Check a database URL and name the driver that this project uses.

    Raises:
        UsageError: It is not a URL, or of a database that is not supported.
    """
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):  # the latter where a password holds an unescaped @ or :
        msg = "--database: not a database URL: use sqlite:///FILE or postgresql://USER@HOST/NAME"
        raise UsageError(msg) from None
    backend = url.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        msg = f"--database: {backend} is not supported: use sqlite:///FILE or postgresql://USER@HOST/NAME"
        raise UsageError(msg)
    return url


def exists(database_url: str) -> bool:
    """Whether there is anything to read: false for a SQLite file without any ratings yet."""
    file = _sqlite_file(parse_url(database_url))
    return file is None or file.exists()


def require(database_url: str) -> None:
    """Refuse to read ratings from a missing SQLite file.

    Raises:
        UsageError: It is not, or the URL is none.
    """
    file = _sqlite_file(parse_url(database_url))
    if file is not None and not file.exists():
        hint = did_you_mean_path(file)
        msg = f"{file}: no such ratings database: nothing has been rated yet, or give another with --database.{hint}"
        raise UsageError(msg)


def shown(database_url: str) -> str:
    """A database as messages name it: the file of SQLite, else the address without its password.

    Raises:
        UsageError: The URL is none.
    """
    url = parse_url(database_url)
    return str(_sqlite_file(url) or url.render_as_string(hide_password=True))


def check_connection(database_url: str) -> None:
    """Connect once, so that a wrong URL, a missing driver or an unreachable server shows before anybody rates.

    A SQLite file that does not exist yet is made with the first rating.

    Raises:
        UsageError: The database cannot be opened, is not one, or is of a newer version.
    """
    if exists(database_url):
        with reading(database_url):
            pass


def _sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL; None for a server, a database in memory, and SQLite's own ``file:`` URIs."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in {"", ":memory:"} or name.startswith("file:"):
        return None
    return Path(name)


@contextmanager
def reading(database_url: str) -> Iterator[Connection]:
    """A connection for queries, to a database that is created or migrated first.

    Raises:
        UsageError: The database cannot be opened, is not one, or is of a newer version.
    """
    with _one_line_errors(database_url), open_engine(database_url).connect() as connection:
        yield connection


@contextmanager
def writing(database_url: str) -> Iterator[Connection]:
    """A transaction that holds the write lock from its first statement and commits at the end.

    Raises:
        UsageError: The database cannot be opened, is not one, or is of a newer version.
        WriteError: It cannot be written.
    """
    with _one_line_errors(database_url):
        engine = open_engine(database_url)
        with _turn(engine), _write_lock(engine).begin() as connection:
            yield connection


def _turn(engine: Engine) -> AbstractContextManager[object]:
    return _TURN if engine.dialect.name == "sqlite" else nullcontext()


def open_engine(database_url: str) -> Engine:
    """The SQLAlchemy engine of a migrated database; made once per URL and process.

    Raises:
        UsageError: The database cannot be opened, is not one, or is of a newer version.
        WriteError: Its folder cannot be made.
    """
    url = parse_url(database_url)
    file = _sqlite_file(url)
    now = _file_identity(file)
    if file is not None and (now is None or _OPENED.get(file, now) != now):
        # A database that was moved away in between must be created again, including its tables. Where another file has
        # its name, a restored copy for instance, what is written through the old connections would be lost.
        if now is not None:
            _refuse_other_log(file)
        _migrated_engine.cache_clear()
    with _one_line_errors(database_url):
        engine = _migrated_engine(url)
    if file is not None:
        _OPENED[file] = _file_identity(file)
    return engine


def _refuse_other_log(file: Path) -> None:
    """Refuse a file next to which the write-ahead log of another one may lie: SQLite would write that into it.

    Raises:
        UsageError: There is such a log.
    """
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size:
        msg = (
            f"{file}: another file took its place while it was open, and {log.name} may belong to the one before: stop "
            f"every program that uses it, delete {log.name} and {file.name}-shm, put the copy in place again and start"
        )
        raise UsageError(msg)


def _file_identity(file: Path | None) -> tuple[int, int] | None:
    """Device and inode of a file, by which another one of its name is noticed; None where there is none."""
    if file is None or not file.exists():
        return None
    found = file.stat()
    return found.st_dev, found.st_ino


@lru_cache(maxsize=8)
def _migrated_engine(url: URL) -> Engine:
    """The engine with its pool of connections, of the last eight URLs, for as long as the process runs.

    :func:`open_engine` forgets all where the file of one is gone or another one; ``_migrated_engine.cache_clear()``
    does so in a test.
    """
    file = _sqlite_file(url)
    if file is not None:
        _make_folder(file.parent)
        url = _immutable(url, file) if _is_unwritable(file) else url
    patience = {"timeout": BUSY_SECONDS} if url.get_backend_name() == "sqlite" else {"connect_timeout": CONNECT_SECONDS}
    # A server that was started again in between has closed its connections.
    pool = {"max_overflow": MOST_CONNECTIONS} if file is not None or url.get_backend_name() != "sqlite" else {}
    engine = create_engine(url, connect_args=patience, pool_pre_ping=url.get_backend_name() != "sqlite", **pool)
    if engine.dialect.name == "sqlite":
        _explicit_transactions(engine)
    # First checked without the write lock: a published run folder may be on a read-only disk.
    with engine.connect() as connection:
        lacks_something = outdated(connection)
    if lacks_something:
        with _turn(engine), _write_lock(engine).begin() as connection:
            migrate(connection)
    if file is not None and not _is_unwritable(file):
        _choose_journal(engine, "delete" if is_on_share(file) else "wal")
    return engine


def _is_unwritable(file: Path) -> bool:
    """Whether a database lies where its side files cannot be made."""
    return file.exists() and not os.access(file.parent, os.W_OK)


def _immutable(url: URL, file: Path) -> URL:
    """The database as one that nobody changes: SQLite then reads it without a write-ahead log."""
    return url.set(database=f"file:{file.resolve()}", query={"mode": "ro", "immutable": "1", "uri": "true"})


def _choose_journal(engine: Engine, journal: str) -> None:
    """Use a journal from now on; the database remembers it. Where others keep using the database, it stays as it is."""
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        if raw.execute("PRAGMA journal_mode").fetchone()[0] == journal:
            return
        # Two processes that wait for each other here would wait until the timeout: neither gives up its shared lock.
        raw.execute("PRAGMA busy_timeout = 0")
        for _ in range(JOURNAL_TRIES):
            try:
                raw.execute(f"PRAGMA journal_mode = {journal}")
                break
            except sqlite3.OperationalError:
                time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - no secret
        raw.execute(f"PRAGMA busy_timeout = {1000 * BUSY_SECONDS}")


def is_on_share(file: Path) -> bool:
    """Whether a file lies on a file system that other machines may write to."""
    inside = [part for part in psutil.disk_partitions(all=True) if file.resolve().is_relative_to(part.mountpoint)]
    kind = max(inside, key=lambda part: len(part.mountpoint)).fstype.casefold() if inside else ""
    return kind in SHARES or kind.startswith("fuse.ssh")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder}: cannot be created for the ratings database ({error.strerror}): give another with --database"
        raise WriteError(msg) from error


def _write_lock(engine: Engine) -> Engine:
    return engine.execution_options(audit_write=True)


def _explicit_transactions(engine: Engine) -> None:
    """Begin transactions explicitly: sqlite3 would begin them late and without the write lock.

    Source: SQLAlchemy documentation, SQLite dialect, "Enabling Non-Legacy SQLite Transactional Modes".
    A transaction that reads first and writes later can fail at once however long the busy timeout is.
    """

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("audit_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def shown_url(database_url: str) -> str:
    """A database URL without its password.

    Raises:
        UsageError: It is none.
    """
    return parse_url(database_url).set(query={}).render_as_string(hide_password=True)  # a query may hold one, too


def size_bytes(database_url: str) -> int | None:
    """Bytes that a database takes on disk, the side files of SQLite included; None where there is none.

    Raises:
        UsageError: The database cannot be read.
    """
    file = _sqlite_file(parse_url(database_url))
    if file is not None:
        parts = [Path(f"{file}{end}") for end in ("", "-wal", "-shm")]
        return sum(part.stat().st_size for part in parts if part.exists()) if file.exists() else None
    with reading(database_url) as connection:
        if connection.dialect.name != "postgresql":
            return None
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


@contextmanager
def _one_line_errors(database_url: str) -> Iterator[None]:
    """Turn the errors of SQLAlchemy and drivers into one line that never shows a password."""
    shown = shown_url(database_url)
    try:
        yield
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        msg = f"{shown}: no driver: install checkpoint-audit[postgres] ({error})"
        raise UsageError(msg) from error
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        msg = f"{shown}: the ratings database failed: {reason}{_advice(reason)}"
        raise UsageError(msg) from error


FAULTS = {
    "disk I/O error": "see that there is space on the disk, and that the file can be written",
    "disk is full": "free some space; what was stored before is kept",
    "malformed": "restore a copy, or save what can be read with sqlite3's .recover",
    "not a database": "name another file with --database",
    "unable to open": "see that it is a file that you may read, in a folder that you may open",
    "is locked": "another program keeps it locked: end that one, or wait, and repeat the command",
    "readonly database": "make the file and its folder writable",
}
"""What to do about a fault of SQLite, by words of its message."""


def _advice(reason: str) -> str:
    """What to do, with what separates it from the reason; empty where only the reason is known."""
    return next((f": {advice}" for words, advice in FAULTS.items() if words in reason), "")
