"""The digest of a checkpoint folder as OpenSSF model-signing computes it, so that both signatures name one subject.

Of ``model_signing.hashing`` 1.1 with its default, serialization by files: SHA-256 of every regular file at any depth,
git's own files left out; the root digest is the SHA-256 over these digests (raw bytes), files ordered by the parts of
their paths. A single file is a folder with one file. Two settings differ from the default, and change no digest that
the default gives: links to files are followed (as with ``allow_symlinks``), and ``model.sig`` at the top is left out,
as the tool itself leaves out the signature it writes.
https://github.com/sigstore/model-transparency
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from audit.core.errors import CheckpointError, EvidenceInvalid, RunFolderError
from audit.gate.evidence import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audit.core.records import FileDigest, ModelRecord

IGNORED = (".git", ".gitattributes", ".github", ".gitignore", "model.sig")
"""Names at the top of a folder that are left out, with everything below."""
SINGLE = "."
"""Name of the one file where a checkpoint is a file."""


def file_digests(checkpoint: Path, known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """SHA-256 of every file of a checkpoint, by path inside it, in the order of the root digest.

    Args:
        checkpoint: A folder or file.
        known: Digests that have been computed already, by path.

    Raises:
        CheckpointError: It is neither, something in it is neither file nor folder, or something cannot be read.
    """
    if checkpoint.is_file():
        return {SINGLE: known.get(SINGLE) or _digest(checkpoint)}
    if not checkpoint.is_dir():
        msg = "no such checkpoint: name its folder or file"
        raise CheckpointError(msg, checkpoint)
    named = {PurePosixPath(path.relative_to(checkpoint).as_posix()): path for path in _files(checkpoint)}
    wanted = sorted(name for name in named if name.parts[0] not in IGNORED)
    return {str(name): known.get(str(name)) or _digest(named[name]) for name in wanted}


def root_digest(digests: Mapping[str, str]) -> str:
    """The digest of a checkpoint from those of its files, in their order."""
    return hashlib.sha256(b"".join(map(bytes.fromhex, digests.values()))).hexdigest()


def audited_digests(model: ModelRecord, checkpoint: Path) -> dict[str, str]:
    """The digests of those files of a checkpoint that the run recorded, all of them as they were then.

    Nothing else is read: a manifest can name any folder as its checkpoint, however large and whatever is in it.

    Args:
        model: The checkpoint, as the manifest records it.
        checkpoint: The folder or file at hand.

    Returns:
        By path inside the checkpoint.

    Raises:
        CheckpointError: Why it is not the audited checkpoint.
    """
    if not model.files:
        msg = "the run recorded no files of it"
        raise CheckpointError(msg)
    if checkpoint.is_file():
        found = next((file.sha256 for file in model.files if _is(checkpoint, file)), None)
        if found is None:
            msg = "it is not the file that was audited"
            raise CheckpointError(msg)
        return {SINGLE: found}
    for file in model.files:
        path, inside = checkpoint / file.path, PurePosixPath(file.path)
        if inside.is_absolute() or ".." in inside.parts or not os.path.isfile(path):  # noqa: PTH113 - no error where a name is too long
            msg = f"it has no {file.path}, which was audited"
            raise CheckpointError(msg)
        if not _is(path, file):
            msg = f"its {file.path} is not the one that was audited"
            raise CheckpointError(msg)
    return {PurePosixPath(file.path).as_posix(): file.sha256 for file in model.files}


def _is(path: Path, file: FileDigest) -> bool:
    """Whether a file has the content that was recorded; of one of another size, nothing is read."""
    return path.stat().st_size == file.size and _digest(path) == file.sha256


def _digest(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        CheckpointError: It is no regular file, or cannot be read.
    """
    try:
        return file_digest(path)
    except EvidenceInvalid as error:
        msg = "neither a file nor a folder, so this is no folder of a checkpoint"
        raise CheckpointError(msg, path) from error
    except RunFolderError as error:
        raise CheckpointError(error.reason, error.path) from error


def _files(folder: Path) -> Iterator[Path]:
    """Everything in a folder at any depth that is no folder; links to folders are not followed.

    Raises:
        CheckpointError: A folder cannot be listed: without its files, the digest would be that of another checkpoint.
    """

    def refuse(error: OSError) -> NoReturn:
        msg = f"cannot be listed: {error.strerror}: check its permissions"
        raise CheckpointError(msg, error.filename) from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        if Path(parent) == folder:
            folders[:] = [name for name in folders if name not in IGNORED]
        yield from (Path(parent, name) for name in names)
