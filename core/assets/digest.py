"""Digests of files: what the manifest says about the bytes that were used."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from audit.core.records import digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.assets.asset import Files

SETTLED = 5 * 10**9
"""Nanoseconds after which a file that changes once more has another time of change, whatever the file system's clock:
some count in steps of two seconds."""

PORTION = 4 * 2**20
"""Bytes that are read at a time: a thread waits for Python's lock after each portion, while others import."""

Version = tuple[str, int, int, int, int, int]
"""A file, as it is now: its path, device, inode, size, and when its content and its entry changed."""


@dataclass(slots=True)
class _Known:
    """Digests of this process, and those that a thread computes."""

    lock: Lock = field(default_factory=Lock)
    digests: dict[Version, Future[str]] = field(default_factory=dict)

    def forget(self) -> None:
        """All of them: a fork has no thread that would end what was begun."""
        self.lock, self.digests = Lock(), {}


_KNOWN = _Known()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_KNOWN.forget)


def file_sha256(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    It is remembered until the file changes, and computed once where several threads ask for it. A file that changed
    just now is read each time: it could change again without a trace.

    Raises:
        OSError: It cannot be read.
    """
    while True:
        version = _version(file)
        with _KNOWN.lock:
            found = _KNOWN.digests.get(version)
            mine = found is None
            if found is None:
                found = _KNOWN.digests[version] = Future()
        if mine:
            _compute(file, version, found)
        with contextlib.suppress(CancelledError):  # the thread that read it was stopped: this one reads it
            return found.result()


def _compute(file: Path, version: Version, found: Future[str]) -> None:
    """Read a file for all who wait, and forget its digest if it was not at rest.

    What stops this thread alone, such as Ctrl-C, is not raised in those that wait.
    """
    try:
        at_rest = time.time_ns() - max(version[-2:]) > SETTLED  # before it is read, which may take longer than that
        digest = _read(file, version[3])
        if not (at_rest and _version(file) == version):
            _forget(version)
        found.set_result(digest)
    except BaseException as error:  # whatever it is, those who wait must not wait for ever
        _forget(version)
        if not isinstance(error, OSError):
            found.cancel()
            raise
        found.set_exception(error)


def _forget(version: Version) -> None:
    with _KNOWN.lock:
        _KNOWN.digests.pop(version, None)


def _read(file: Path, size: int) -> str:
    """The digest of what is in a file now."""
    hashed, portion = hashlib.sha256(), memoryview(bytearray(min(size + 1, PORTION)))
    with file.open("rb", buffering=0) as stream:
        while count := stream.readinto(portion):
            hashed.update(portion[:count])
    return hashed.hexdigest()


def _version(file: Path) -> Version:
    status = file.stat()
    return (
        str(file.absolute()),
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def files_sha256(files: Files) -> str:
    """SHA-256 of one file, or of the canonical JSON of ``[[name, sha256], …]`` when there are several.

    Names are those inside the source, so the digest does not depend on where the files lie.
    """
    digests = [[name, file_sha256(path)] for name, path in sorted(files.items())]
    return digests[0][1] if len(digests) == 1 else digest_of(*digests)
