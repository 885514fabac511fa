"""Whether the files of a run still belong together.

When a run ends, its manifest gets the SHA-256 of every file of evidence and of itself (:func:`seal`). Gate, reports and
app ask :func:`check` before they believe a number. It finds files that were changed, lost, added or brought from
another run, records that contradict each other, and numbers that the samples do not give.

It does not prove who wrote the folder: whoever can write it can seal it again. What then still is derived from the
samples is in :mod:`audit.stats.recount`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from shlex import quote
from typing import TYPE_CHECKING, Any

from audit.core.contradictions import in_manifest
from audit.core.errors import EvidenceInvalid, RunFolderError
from audit.core.records import digest_of
from audit.core.records.files.json_file import plain, read_plain, read_text
from audit.stats.records import Records
from audit.stats.recount import Recount

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from audit.core.records import RunManifest
    from audit.core.run_folder import RunFolder

MANIFEST = "manifest.json"
"""Its digest is that of its content without ``evidence``."""
FILES = ("metrics.json", "drivers.json", "raw.jsonl", "ratings.json")
"""Files of evidence next to the manifest."""
FOLDERS = ("samples", "attributions", "logged", "embeddings")
"""Folders all of whose files are evidence; names that begin with a dot are files half written, and others' notes."""
REMOVABLE = ("raw.jsonl",)
"""What may be taken out of a run before it is passed on: personal data in the clear."""


def seal(run: RunFolder, manifest: RunManifest | None = None) -> RunManifest:
    """Write the manifest of a run that has ended, with the digests of everything that it left.

    Args:
        run: The folder, with all other files in place.
        manifest: As it is at the end; None takes the one in the folder.

    Returns:
        The manifest as written.

    Raises:
        RunFolderError: A file cannot be read.
        WriteError: The manifest cannot be written.
    """
    manifest = manifest or run.read_manifest()
    digests = {MANIFEST: _manifest_digest(plain(manifest))}
    digests |= {name: file_digest(run.path / name) for name in _names(run.path)}
    sealed = manifest.model_copy(update={"evidence": digests})
    run.write_manifest(sealed)
    return sealed


def check(run: RunFolder, judged: Collection[str] | None = None, records: Records | None = None) -> None:
    """Make sure that the evidence of a run does not contradict itself.

    Of a run that is going on, digests are not known yet and counts change from file to file: its records must be
    possible all the same.

    Args:
        run: The folder.
        judged: Names of the metrics whose intervals are computed again; None takes the primary ones. Values and counts
            are computed again for all.
        records: The run's samples, if they are needed afterwards: what was read is not read again.

    Raises:
        EvidenceInvalid: The first contradiction.
        RunFolderError: A file of the folder is broken or of a newer schema.
    """
    numbers = check_files(run)
    if numbers is not None:
        numbers.check(judged, records or Records(run))


def check_files(run: RunFolder) -> Recount | None:
    """The part of :func:`check` that reads no samples.

    Args:
        run: The folder.

    Returns:
        What compares its numbers with its samples, task by task; None for a run that has not ended, or has no numbers.

    Raises:
        EvidenceInvalid: The first contradiction.
        RunFolderError: A file of the folder is broken or of a newer schema, or the folder is a shard.
    """
    _check_links(run)
    manifest = run.read_manifest()
    fault = in_manifest(manifest)
    if fault:
        raise _invalid(run.manifest_path, fault)
    if manifest.no_results:
        raise RunFolderError(manifest.no_results, run.path)
    if manifest.status != "running":
        _check_digests(run, manifest)
    metrics = run.read_metrics() if run.metrics_path.exists() else None
    if metrics is None and manifest.status == "complete":
        raise _invalid(run.manifest_path, "status complete, though the run holds no metrics.json")
    return None if metrics is None or manifest.status == "running" else Recount(run, manifest, metrics)


def is_whole(run: RunFolder) -> bool:
    """Whether a run is complete and its files are those that it left.

    Raises:
        RunFolderError: A file cannot be read.
    """
    manifest = run.read_manifest()
    if manifest.status != "complete":
        return False
    try:
        return not any(file_faults(run, manifest))
    except EvidenceInvalid:  # something that is no file
        return False


def files(run: RunFolder) -> list[Path]:
    """Every file that :func:`check` looks at, the manifest first; those that are not there are left out."""
    return [run.manifest_path, *(run.path / name for name in _names(run.path))]


def _check_links(run: RunFolder) -> None:
    """Refuse links that lead out of the folder: what they lead to can change at any time, and is not copied."""
    home = run.path.resolve()
    for name in (MANIFEST, *_names(run.path)):
        path = run.path / name
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            raise _invalid(path, "it is a link out of the run folder: put the file itself there")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in blocks.

    Raises:
        EvidenceInvalid: It is a folder, a pipe or a device.
        RunFolderError: It cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _invalid(path, "it is not a file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        msg = f"cannot be read: {error.strerror}: check its permissions"
        raise RunFolderError(msg, path) from error


def file_faults(
    run: RunFolder, manifest: RunManifest, contents: Collection[str] | None = None
) -> Iterator[EvidenceInvalid]:
    """What contradicts the digests of a run that has ended: every file that was changed, lost or added.

    Args:
        run: The folder.
        manifest: Its manifest.
        contents: Names of the files whose contents are compared, for a first look at many runs; None takes all.

    Raises:
        RunFolderError: A file cannot be read.
    """
    if not manifest.evidence:
        fault = "it holds no digests of the run's files: an older version wrote it, or it was changed"
        advice = f"start a new run, or finish this one again with audit run --resume {quote(str(run.path))}"
        yield _invalid(run.manifest_path, f"{fault}: {advice}")
        return
    written = read_plain(read_text(run.manifest_path))
    if manifest.evidence.get(MANIFEST) != _manifest_digest(written):
        yield _invalid(run.manifest_path, "it was changed after the run ended")
    found = set(_names(run.path))
    for name in sorted({*found, *manifest.evidence} - {MANIFEST}, key=_order):
        path = run.path / name
        if name not in found:
            if name not in REMOVABLE:
                yield _invalid(path, "it is missing, though the run left it")
        elif name not in manifest.evidence:
            yield _invalid(path, "it does not belong to the run: the manifest does not list it")
        elif (contents is None or name in contents) and file_digest(path) != manifest.evidence[name]:
            yield _invalid(path, "it was changed after the run ended, or belongs to another run")


def _check_digests(run: RunFolder, manifest: RunManifest) -> None:
    """Compare every file with its digest, the manifest first."""
    for fault in file_faults(run, manifest):
        raise fault


def _order(name: str) -> tuple[bool, str]:
    """Files of the folder itself first: what is wrong with the metrics says more than what is wrong with a sample."""
    return "/" in name, name


def _names(home: Path) -> list[str]:
    """Names of the files of evidence that are there, links to folders included."""
    single = [name for name in FILES if os.path.lexists(home / name)]
    return [*single, *(name for folder in FOLDERS for name in sorted(_inside(home, folder)))]


def _inside(home: Path, folder: str) -> Iterator[str]:
    """Names of the files in a folder at any depth; a link to a folder is not followed, and counts as a file."""
    place = home / folder
    if place.is_symlink():
        yield folder
        return
    for parent, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]  # noqa: PTH114, PTH118 - as os.walk has it
        for name in (*names, *links):
            if not name.startswith("."):
                yield os.path.relpath(os.path.join(parent, name), home).replace(os.sep, "/")  # noqa: PTH118 - see above


def _manifest_digest(written: dict[str, Any]) -> str:
    """Of a manifest's content without the digests."""
    return digest_of({name: value for name, value in written.items() if name != "evidence"})


def _invalid(path: Path, fault: str) -> EvidenceInvalid:
    """The one line for a contradiction."""
    return EvidenceInvalid(fault, path)
