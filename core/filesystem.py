"""Writing files so that a reader sees the old file or the new one, never half of one.

Pattern: write a hidden temporary file in the same folder, fsync it, rename it over the target.
Trade-off: an fsync per file, which is cheap compared with computing what is in it. Failures are one
:class:`~audit.core.errors.WriteError` line, and the temporary file is removed.

Files of a run folder belong to the program: a file or link of that name is replaced, so that a folder from elsewhere
cannot make us write outside it (:func:`write_text`). A path given by the user is handled as in the shell: links are
followed, and terminals, pipes and devices are written through (:func:`write_output`, :func:`append_output`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from audit.core.errors import WriteError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

ADVICE = {
    errno.ENOSPC: "free some space or write elsewhere",
    errno.EDQUOT: "free some space or write elsewhere",
    errno.EFBIG: "raise the limit on file sizes or write elsewhere",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.EEXIST: "part of the path is a file, not a folder: choose another path",
    errno.ENOTDIR: "part of the path is a file, not a folder: choose another path",
    errno.EISDIR: "a folder of that name exists: choose another name",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.ENOENT: "choose another folder",
    errno.EPIPE: "the process that reads from it has ended",
    errno.ELOOP: "the link points back to itself: choose another path",
}
REASONS = {errno.ENOENT: "its folder takes no new files or folders"}
"""Where the system's own words mislead: folders on the way are made, so what is missing cannot be made."""
MOST_LINKS = 40
"""Maximum number of links to follow, one after the other, as in Linux."""


def did_you_mean_path(path: Path, *, folder: bool = False) -> str:
    """Suggest the nearest name for the first part of a path that does not exist.

    Args:
        path: As typed.
        folder: Only a folder can be meant.

    Returns:
        ``" Did you mean 'ck/tiny'?"`` with its leading space, or an empty string.
    """
    # os.path raises neither for a user that nobody knows nor for a name that is too long.
    path = Path(os.path.expanduser(path))  # noqa: PTH111
    missing = next((part for part in reversed((path, *path.parents)) if not os.path.exists(part)), None)  # noqa: PTH110
    if missing is None:
        return ""
    try:
        siblings = sorted(missing.parent.iterdir())
    except OSError:
        return ""
    near = [sibling / path.relative_to(missing) for sibling in siblings]
    # Only what follows the existing folder: paths in one folder are similar whatever their names.
    known = {
        str(found.relative_to(missing.parent)): found
        for found in near
        if (found.is_dir() if folder else found.exists())
    }
    name = nearest(str(path.relative_to(missing.parent)), known)
    return f" Did you mean '{known[name]}'?" if name is not None else ""


@contextlib.contextmanager
def atomic_file(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Open a binary file that takes the place of ``path`` when the block ends without an error.

    Folders on the way are made. Permissions follow the umask.

    Args:
        path: The file.
        private: Only its owner may read and write it (mode 0600).

    Raises:
        WriteError: The folder or file cannot be written; ``path`` is as it was before.
    """
    if path.name in {"", ".."}:  # ".", "/" and "..": folders by any name
        raise write_error(path, IsADirectoryError(errno.EISDIR, ""))
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


def write_output(path: Path, data: bytes) -> None:
    """Write a whole file that a user named.

    A link stays a link: the file that it leads to is replaced atomically. What is no regular file (a terminal, a pipe,
    a device, ``/dev/stdout`` whatever it is) is written through.

    Raises:
        WriteError: It cannot be written; a regular file is as it was before.
    """
    if is_stream(path):
        _write_through(path, data)
    else:
        write_bytes(_target(path), data)


def refuse_folder(path: Path) -> None:
    """Say before anything is computed that a file cannot be written where a folder is.

    Raises:
        WriteError: There is a folder of that name.
    """
    if os.path.isdir(path):  # noqa: PTH112 - unlike Path.is_dir it raises nothing
        raise write_error(path, IsADirectoryError(errno.EISDIR, ""))


def append_output(path: Path, text: str) -> None:
    """Append text to a file that a user named, from the start of a line; folders on the way are made.

    What is no regular file is written through. A failed append is taken back.

    Raises:
        WriteError: It cannot be written; a regular file is as it was before.
    """
    if is_stream(path):
        _write_through(path, text.encode())
        return
    try:
        path = _target(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            length = file.seek(0, os.SEEK_END)
            if length:
                file.seek(-1, os.SEEK_END)
                text = text if file.read(1) == b"\n" else f"\n{text}"
            try:
                _write_all(file.fileno(), text.encode())
                os.fsync(file.fileno())
            except BaseException:
                file.truncate(length)
                raise
    except OSError as error:
        raise write_error(path, error) from error


def is_stream(path: Path) -> bool:
    """Whether a path is something to write through: a terminal, pipe, device or open file of this process."""
    try:
        if _descriptor(path) is not None:
            return True
        mode = path.stat().st_mode
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    except OSError:
        return False


def no_file_because(path: Path) -> str | None:
    """What is there in place of a file: ``"a folder, not a file"``; None for a file, or where nothing is."""
    if path.is_symlink() and not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where links form a circle
        return f"a link that leads nowhere, to {path.readlink()}"
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if stat.S_ISREG(mode):
        return None
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return f"{next((name for is_one, name in kinds if is_one(mode)), 'a device')}, not a file"


def is_database(path: Path) -> bool:
    """Whether a file is a SQLite database."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def _descriptor(path: Path) -> int | None:
    """The number of this process's open file that a path names, over any links; None for other paths.

    Opening such a file by its name would write at its start, over what the process has written before.
    """
    own = {os.path.realpath(folder) for folder in ("/proc/self/fd", "/dev/fd")}
    for _ in range(MOST_LINKS):
        path = Path(os.path.realpath(path.parent), path.name)
        if str(path.parent) in own and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return None


def _target(path: Path) -> Path:
    """The file that a path leads to over all links, whether or not it exists.

    Raises:
        WriteError: The links lead back to themselves.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise write_error(path, OSError(errno.ELOOP, ""))
    return target


def _write_through(path: Path, data: bytes) -> None:
    """Write to a terminal, pipe, device or open file; after what was printed before.

    Raises:
        WriteError: It cannot be written.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        number = _descriptor(path)
        handle = os.dup(number) if number is not None else os.open(path, os.O_WRONLY | os.O_NOCTTY)
        try:
            _write_all(handle, data)
        finally:
            os.close(handle)
    except OSError as error:
        raise write_error(path, error) from error


def _write_all(handle: int, data: bytes) -> None:
    """Write every byte, in as many writes as the system takes."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


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
        reason = "it already exists" if path.is_dir() else "a file of that name exists"
        msg = f"{path}: cannot make the folder: {reason}: choose another name"
        raise WriteError(msg) from None
    except OSError as error:
        raise write_error(path, error) from error
    return path


def write_error(path: Path, error: OSError) -> WriteError:
    """One line for a failed write: which path, what the system said, what to do."""
    said = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
    reason = REASONS.get(error.errno or 0, said)
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
