"""Digests of files: what the manifest says about the bytes that were used."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from audit.core.records import digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.assets.asset import Files


def file_sha256(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; remembered until the file changes."""
    status = file.stat()
    return _sha256(file, status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _sha256(file: Path, inode: int, size: int, modified: int) -> str:  # noqa: ARG001 - they distinguish versions
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_sha256(files: Files) -> str:
    """SHA-256 of one file, or of the canonical JSON of ``[[name, sha256], …]`` when there are several.

    Names are those inside the source, so the digest does not depend on where the files lie.
    """
    digests = [[name, file_sha256(path)] for name, path in sorted(files.items())]
    return digests[0][1] if len(digests) == 1 else digest_of(*digests)
