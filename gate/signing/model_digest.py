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
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from audit.core.errors import CheckpointError
from audit.gate.evidence import file_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.records import ModelRecord

IGNORED = (".git", ".gitattributes", ".github", ".gitignore", "model.sig")
"""Names at the top of a folder that are left out, with everything below."""
SINGLE = "."
"""Name of the one file where a checkpoint is a file."""


def file_digests(checkpoint: Path) -> dict[str, str]:
    """SHA-256 of every file of a checkpoint, by path inside it, in the order of the root digest.

    Args:
        checkpoint: A folder or file.

    Raises:
        CheckpointError: It is neither.
        EvidenceInvalid: Something in it is neither file nor folder.
        RunFolderError: A file cannot be read.
    """
    if checkpoint.is_file():
        return {SINGLE: file_digest(checkpoint)}
    if not checkpoint.is_dir():
        msg = f"{checkpoint}: no such checkpoint: name its folder or file"
        raise CheckpointError(msg)
    named = {PurePosixPath(path.relative_to(checkpoint).as_posix()): path for path in checkpoint.glob("**/*")}
    wanted = sorted(name for name, path in named.items() if name.parts[0] not in IGNORED and not path.is_dir())
    return {str(name): file_digest(named[name]) for name in wanted}


def root_digest(digests: Mapping[str, str]) -> str:
    """The digest of a checkpoint from those of its files, in their order."""
    return hashlib.sha256(b"".join(map(bytes.fromhex, digests.values()))).hexdigest()


def why_other(model: ModelRecord, digests: Mapping[str, str]) -> str | None:
    """Why the files are not those of the audited checkpoint; None if they are.

    Args:
        model: The checkpoint, as the manifest records it.
        digests: Of the files at hand.
    """
    if not model.files:
        return "the run recorded no files of it"
    if SINGLE in digests:
        known = {file.sha256 for file in model.files}
        return None if digests[SINGLE] in known else "it is not the file that was audited"
    for file in model.files:
        found = digests.get(file.path)
        if found is None:
            return f"it has no {file.path}, which was audited"
        if found != file.sha256:
            return f"its {file.path} is not the one that was audited"
    return None
