"""The files of a run in a fixed order, each with its digest, chained so that the list itself cannot be edited.

The link of a part is the SHA-256 of the RFC 8785 JSON of ``{"name", "previous", "sha256", "size"}``, where ``previous``
is the link of the part before, 64 zeros for the first. The last link thus names all files, their contents and order.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import rfc8785
from pydantic import Field

from audit.core.errors import EvidenceInvalid
from audit.core.records.base import Record
from audit.core.records.files.surrogates import has_surrogates
from audit.gate import evidence
from audit.gate.binding import kept_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from audit.core.run_folder import RunFolder

DECISION = "decision.json"
FIRST = (evidence.MANIFEST, "metrics.json", DECISION)
"""Files that come first, in this order; the others follow by path, those at the top before those in folders."""
START = "0" * 64
"""What the first part has for a previous link."""


class EvidencePart(Record):
    """One file of evidence."""

    name: str
    """Path inside the run folder, with forward slashes."""
    size: int = Field(ge=0, lt=2**53)
    """Bytes; below the largest integer that RFC 8785 expresses."""
    sha256: str
    """Digest of its bytes."""
    link: str
    """Of the chain: digest of this part and of the link before."""


def parts_of(run: RunFolder) -> list[EvidencePart]:
    """Every file of evidence in a run folder, in the fixed order.

    Raises:
        EvidenceInvalid: One is a folder, a pipe or a device, or its name is no Unicode text.
        RunFolderError: One cannot be read.
    """
    present = _present(run)
    for name in present:
        if has_surrogates(name):
            msg = f"{name!r} is no file of a run: its name is no Unicode text"
            raise EvidenceInvalid(msg, run.path)
    return chained((name, path.stat().st_size, evidence.file_digest(path)) for name, path in present.items())


def chained(files: Iterable[tuple[str, int, str]]) -> list[EvidencePart]:
    """Parts from name, size and SHA-256 of files, in the fixed order.

    Args:
        files: In any order.
    """
    parts, previous = [], START
    for name, size, sha256 in sorted(files, key=lambda file: _order(file[0])):
        previous = _link(previous, name, size, sha256)
        parts.append(EvidencePart(name=name, size=size, sha256=sha256, link=previous))
    return parts


def list_faults(parts: Sequence[EvidencePart]) -> Iterator[str]:
    """Why a list of parts is not as it was written: names out of order or given twice, a chain that breaks."""
    previous = START
    for place, part in enumerate(parts):
        if place and _order(part.name) <= _order(parts[place - 1].name):
            yield f"{part.name}: it is listed after {parts[place - 1].name}: the list of files was reordered"
        if part.link != _link(previous, part.name, part.size, part.sha256):
            yield f"{part.name}: the chain breaks here: the list of files was changed at or before it"
        previous = part.link


def folder_faults(run: RunFolder, parts: Sequence[EvidencePart]) -> Iterator[str]:
    """How the files of a run folder differ from the listed ones: each that is missing, added, or has other content."""
    listed = {part.name: part for part in parts}
    present = _present(run)
    by_digest = {part.sha256: part.name for part in parts}
    for name in sorted({*listed, *present}, key=_order):
        if name not in listed:
            yield f"{name}: it was added: the signed list does not have it"
        elif name in present:
            yield from _content_faults(run, present[name], listed[name], by_digest)
        elif name not in evidence.REMOVABLE:
            yield f"{name}: it is missing"


def _content_faults(run: RunFolder, path: Path, part: EvidencePart, by_digest: dict[str, str]) -> Iterator[str]:
    """How the content of a file differs from what was listed, as far as that shows."""
    if path.is_symlink() and not path.resolve().is_relative_to(run.path.resolve()):
        yield f"{part.name}: it is a link out of the run folder"
        return
    try:
        found, size = evidence.file_digest(path), path.stat().st_size
    except EvidenceInvalid:
        yield f"{part.name}: it is not a file"
        return
    if found == part.sha256:
        return
    if found in by_digest:
        yield f"{part.name}: it was swapped: it holds what {by_digest[found]} held"
    elif size < part.size:
        yield f"{part.name}: it was cut short or replaced: {size:,} of {part.size:,} bytes"
    else:
        yield f"{part.name}: it was changed, or belongs to another run"


def _present(run: RunFolder) -> dict[str, Path]:
    """The files of evidence that are there, by name."""
    known = (*evidence.files(run), run.decision_path, kept_policy.path_in(run))
    paths = (path for path in known if os.path.lexists(path))
    return {path.relative_to(run.path).as_posix(): path for path in paths}


def _order(name: str) -> tuple[int, bool, str]:
    """Place of a file in the fixed order; by code points within a kind."""
    return (FIRST.index(name) if name in FIRST else len(FIRST), "/" in name, name)


def _link(previous: str, name: str, size: int, sha256: str) -> str:
    """The link of a part.

    Raises:
        rfc8785.CanonicalizationError: The name is no Unicode text, or the size is beyond JSON's integers.
    """
    record = {"name": name, "previous": previous, "sha256": sha256, "size": size}
    return hashlib.sha256(rfc8785.dumps(record)).hexdigest()  # type: ignore[arg-type]
