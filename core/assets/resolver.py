"""From a name to files: the user's folders, the cache, the pinned wheel, the hub; the first that has it wins."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from audit.core.assets import settings, wheel_cache
from audit.core.assets.asset import (
    Asset,
    DataSet,
    FolderSource,
    HubSource,
    Kind,
    ResolvedFile,
    ResolvedFiles,
    Source,
    WheelSource,
)
from audit.core.assets.digest import file_sha256, files_sha256
from audit.core.assets.registry import ASSETS, asset, patterns_of
from audit.core.errors import AssetError, AssetMissing, AuditError, UsageError
from audit.core.names import split_engine
from audit.core.records import AssetRecord

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Found:
    """Files of an asset on disk."""

    asset: Asset
    """The asset."""
    source: Source
    """Where they come from."""
    files: Mapping[str, Path]
    """Name inside the source to file, sorted by name."""
    commit: str | None = None
    """Commit of the hub repository, where they are from there."""

    def record(self) -> AssetRecord:
        """What the manifest says about them."""
        digest = files_sha256(self.files)
        if isinstance(self.source, WheelSource):
            place = ", ".join(f"wheel {wheel.requirement}" for wheel in self.source.wheels)
            version = ", ".join(wheel.version for wheel in self.source.wheels)
        elif isinstance(self.source, HubSource):
            place, version = f"hub {self.source.repository}", self.commit or digest[:12]
        else:
            place, version = "folder", digest[:12]
        return AssetRecord(
            name=self.asset.name, kind=self.asset.kind, source=place, version=version, sha256=digest,
            licence=self.source.licence or self.asset.licence, homepage=self.asset.homepage,
        )  # fmt: skip


def dataset(name: str) -> DataSet:
    """Find and read a data set; it is fetched when it is nowhere on disk.

    Raises:
        UsageError: There is no data set of that name.
        AssetMissing: It is nowhere; the message says where was looked and what to do.
        AssetError: A file is broken, or a download failed its check.
    """
    found = resolve(_of_kind(name, "dataset"))
    if found.source.read is None:
        msg = f"{name}: no reader for {found.source}"
        raise AssetError(msg)
    read = found.source.read(found.files)
    if not read.rows:
        msg = f"{', '.join(map(str, found.files.values()))}: no usable rows: replace it with the publisher's file"
        raise AssetError(msg)
    return DataSet(found.record(), tuple(read.rows), sum(read.dropped.values()), read.dropped)


def checkpoint(name: str) -> ResolvedFile:
    """Find a checkpoint file; it is fetched when it is nowhere on disk.

    Raises:
        UsageError: There is no checkpoint of that name.
        AssetMissing: It is nowhere; the message says where was looked and what to do.
        AssetError: A download failed its check.
    """
    found = resolve(_of_kind(name, "checkpoint"))
    if len(found.files) != 1:
        msg = f"{name}: expected one file, found {', '.join(found.files)}: keep only one of them"
        raise AssetError(msg)
    return ResolvedFile(next(iter(found.files.values())), found.record())


def pull(name: str) -> ResolvedFiles:
    """Make sure that an asset is on disk; a wheel's other assets come with it.

    Raises:
        UsageError: There is no asset of that name.
        AssetMissing: It is nowhere; the message says where was looked and what to do.
        AssetError: A download failed its check.
    """
    found = resolve(asset(name))
    return ResolvedFiles(tuple(found.files.values()), found.record(), found.source.PLACE)


def at_hand(name: str) -> ResolvedFiles | None:
    """The asset's files where they are on disk already, else None; never touches the network.

    Raises:
        UsageError: There is no asset of that name.
    """
    found = locate(asset(name))
    return ResolvedFiles(tuple(found.files.values()), found.record(), found.source.PLACE) if found else None


def resolve(wanted: Asset) -> Found:
    """The asset's files, fetched if need be.

    Raises:
        AssetMissing: They are nowhere.
        AssetError: A download failed its check, or the disk is full.
    """
    found = locate(wanted)
    if found:
        return found
    looked = _places(wanted)
    for ask in (_from_wheel, _from_hub):
        try:
            found = ask(wanted)
        except AssetMissing as missing:
            looked.append(str(missing))
        if found:
            return found
    msg = f"not found; looked in: {'; '.join(looked)}. {_advice(wanted)}"
    raise AssetMissing(msg, wanted.name)


def locate(wanted: Asset) -> Found | None:
    """The asset's files where they are on disk already; never touches the network."""
    for base in settings.data_dirs():
        for source in wanted.folders:
            files = _in_folder(base / source.folder, source)
            if files:
                return Found(wanted, source, files)
    return _in_cache(wanted)


def read_ahead(model: str) -> Thread:
    """Begin to compute the digests of a checkpoint's weights in a thread, while libraries are imported.

    What is nowhere or cannot be read is left to those who need it, and to their messages; nothing is downloaded.

    Args:
        model: As the user named it.

    Returns:
        The thread, for those who want to wait.
    """
    thread = Thread(target=_read_weights, args=(split_engine(model)[1],), name="digests", daemon=True)
    thread.start()
    return thread


def _read_weights(model: str) -> None:
    """See :func:`read_ahead`."""
    with contextlib.suppress(AuditError, OSError, RuntimeError):  # RuntimeError: a home folder that there is not
        path = Path(model).expanduser()
        if path.is_dir():
            for file in sorted(path.glob("*.safetensors")):
                if file.is_file():
                    file_sha256(file)
        elif path.is_file():
            file_sha256(path)
        elif model in ASSETS:
            locate(asset(model))  # compares the digests of all that is in the cache


def _in_folder(folder: Path, source: FolderSource) -> dict[str, Path] | None:
    """The files of a folder that match, or None when a pattern matches nothing."""
    files: dict[str, Path] = {}
    for pattern in source.patterns:
        # fnmatchcase again, because a file system that ignores case would let more through.
        names = {file.relative_to(folder).as_posix(): file for file in folder.glob(pattern)}
        matching = {name: file for name, file in names.items() if fnmatchcase(name, pattern) and file.is_file()}
        if not matching:
            return None
        files |= matching
    return dict(sorted(files.items()))


def _in_cache(wanted: Asset) -> Found | None:
    if not wanted.wheel:
        return None
    files: dict[str, Path] = {}
    for wheel in wanted.wheel.wheels:
        patterns = [pattern for owner, pattern in wanted.wheel.members if owner == wheel]
        members = wheel_cache.cached(wheel, patterns)
        if members is None:
            return None
        files |= members
    return Found(wanted, wanted.wheel, dict(sorted(files.items())))


def _from_wheel(wanted: Asset) -> Found | None:
    if not wanted.wheel:
        return None
    for wheel in wanted.wheel.wheels:
        if settings.offline():
            msg = f"wheel {wheel.requirement} (skipped: offline)"
            raise AssetMissing(msg)
        wheel_cache.fetch(wheel, patterns_of(wheel))
    found = _in_cache(wanted)
    if not found:
        msg = f"{wanted.name}: its files disappeared from {settings.cache_dir()} during reading: run the command again"
        raise AssetError(msg)
    return found


def _from_hub(wanted: Asset) -> Found | None:
    if not wanted.hub:
        return None
    if settings.offline():
        msg = f"hub {wanted.hub.repository} (skipped: offline)"
        raise AssetMissing(msg)
    from audit.core.assets import hub  # noqa: PLC0415 - the client is slow to import and rarely needed

    files, commit = hub.fetch(wanted.hub)
    return Found(wanted, wanted.hub, files, commit)


def _of_kind(name: str, kind: Kind) -> Asset:
    wanted = asset(name)
    if wanted.kind != kind:
        msg = f"{name} is a {wanted.kind}, not a {kind}: `audit assets list` shows both"
        raise UsageError(msg)
    return wanted


def _places(wanted: Asset) -> list[str]:
    """Where it was looked for on disk, in words."""
    folders = list(dict.fromkeys(source.folder for source in wanted.folders))
    places = [str(base / folder) for base in settings.data_dirs() for folder in folders]
    if folders and not places:
        places = ["no data folder given"]
    if wanted.wheel:
        damaged = any(wheel_cache.damaged(wheel) for wheel in wanted.wheel.wheels)
        places.append(f"{settings.cache_dir()}{' (incomplete or damaged)' if damaged else ''}")
    return places


def _advice(wanted: Asset) -> str:
    """What to do about it, in words."""
    if wanted.advice:
        return wanted.advice
    advice = []
    if wanted.wheel:
        advice.append(f"run `audit assets pull {wanted.name}` where the package index can be reached")
    if wanted.folders:
        source = wanted.folders[0]
        advice.append(f"put {', '.join(source.patterns)} from {wanted.homepage} into AUDIT_DATA/{source.folder}")
    sentence = " or ".join(advice)
    return f"{sentence[:1].upper()}{sentence[1:]}."
