"""Writing files so that a reader sees the old file or the new one, never half of one.

Pattern: write a hidden temporary file in the same folder, fsync it, rename it over the target.
Trade-off: an fsync per file, which is cheap beside computing what is in it. Failures are one
:class:`~audit.core.errors.WriteError` line, and the temporary file is removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from difflib import get_close_matches
from typing import IO, TYPE_CHECKING

from audit.core.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADVICE = {
    errno.ENOSPC: "free some space or write elsewhere",
    errno.EDQUOT: "free some space or write elsewhere",
    errno.EFBIG: "raise the limit on file sizes or write elsewhere",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.EEXIST: "a part of the path is a file, not a folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "there is a folder of that name",
    errno.ENAMETOOLONG: "use a shorter name",
}


def did_you_mean_path(path: Path) -> str:
    """Suggest the nearest name for the first part of a path that does not exist.

    Returns:
        ``" Did you mean 'ck/tiny'?"`` with its leading space, or an empty string.
    """
    path = path.expanduser()
    missing = next((part for part in reversed((path, *path.parents)) if not part.exists()), None)
    if missing is None:
        return ""
    try:
        siblings = sorted(missing.parent.iterdir())
    except OSError:
        return ""
    near = [sibling / path.relative_to(missing) for sibling in siblings]
    # Only what comes behind the folder that exists: paths in one folder are alike whatever their names.
    known = {str(found.relative_to(missing.parent)): found for found in near if found.exists()}
    nearest = get_close_matches(str(path.relative_to(missing.parent)), known, n=1)
    return f" Did you mean '{known[nearest[0]]}'?" if nearest else ""


@contextlib.contextmanager
def atomic_file(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Open a binary file that takes the place of ``path`` when the block ends without an error.

    Folders on the way are made. Permissions follow the umask.

    Args:
        path: The file.
        private: Its owner alone may read and write it (mode 0600).

    Raises:
        WriteError: The folder or file cannot be written; ``path`` is as it was before.
    """
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb", opener=_open_private if private else None) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        # Gone after the rename; still there when anything was raised, a KeyboardInterrupt included.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file atomically.

    Raises:
        WriteError: It cannot be written.
    """
    with atomic_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a whole file of UTF-8 text atomically, newlines as they are.

    Raises:
        WriteError: It cannot be written.
    """
    write_bytes(path, text.encode())


def make_folder(path: Path, *, new: bool = False) -> Path:
    """Make a folder and those above it.

    Args:
        path: The folder, which is returned.
        new: Refuse a folder that exists already.

    Raises:
        WriteError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=not new)
    except FileExistsError:
        reason = "it exists already" if path.is_dir() else "there is a file of that name"
        msg = f"{path}: cannot make the folder: {reason}: choose another name"
        raise WriteError(msg) from None
    except OSError as error:
        raise write_error(path, error) from error
    return path


def write_error(path: Path, error: OSError) -> WriteError:
    """The one line that a failed write becomes: which path, what the system said, what to do."""
    reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
    advice = ADVICE.get(error.errno or 0, "check the path and the disk")
    return WriteError(f"{path}: cannot be written: {reason}: {advice}")


def _sync_folder(folder: Path) -> None:
    """Make the rename survive a power cut; not every platform and file system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
