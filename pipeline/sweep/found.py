"""Which checkpoints the patterns of a sweep match, and which of them are still being written."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.assets.model_name import is_hub_id, nowhere
from audit.core.assets.registry import ASSETS
from audit.core.errors import ConfigError
from audit.engine.checkpoint.files import TEMPLATES
from audit.engine.server_name import is_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SETTLED_SECONDS = 10.0
"""A checkpoint of which a file was written more recently is taken for one that is still being written."""
CONFIGURATIONS = ("config.json", "adapter_config.json")
"""A folder with one of these is a checkpoint."""
LATER_PART = re.compile(r"-(?!0*1-)\d+-of-\d+\.gguf$")
"""A part of a split GGUF file, but not the first, which stands for all."""

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class MatchedCheckpoint:
    """A checkpoint that a pattern matches, unread."""

    model: str
    """As ``audit run --model`` takes it."""
    revision: str | None = None
    """Revision of a hub id."""
    path: Path | None = None
    """Its folder or file, in full; None for hub ids and assets."""
    stamp: Stamp = ()
    """Name, size and modification time of each of its files: another stamp means other files."""

    @property
    def key(self) -> str:
        """What it is known by in a sweep, whatever its files are."""
        return f"{self.path or self.model}@{self.revision or ''}"

    @property
    def modified(self) -> datetime | None:
        """When one of its files was last written."""
        return datetime.fromtimestamp(max(one[2] for one in self.stamp) / 1e9, UTC) if self.stamp else None

    @property
    def names(self) -> list[str]:
        """Its names, the one that says most first: revision, folder, the folders above it."""
        parts = (self.path.parts if self.path else (self.model,))[::-1]
        return [self.revision, *parts] if self.revision else [*parts]

    def is_being_written(self, now: float) -> bool:
        """Whether a file was written within the last ``SETTLED_SECONDS``; one from the future says nothing.

        Args:
            now: Seconds since 1970.
        """
        return any(0 <= now - written / 1e9 < SETTLED_SECONDS for _, _, written in self.stamp)


def look(patterns: Sequence[str], *, may_be_absent: bool = False) -> list[MatchedCheckpoint]:
    """Every checkpoint that a pattern matches, each once.

    Args:
        patterns: Folders and ``.gguf`` files, or globs of them; asset names; hub ids, with ``@REVISION`` if wanted.
        may_be_absent: Whether a path that matches nothing yet is no error.

    Raises:
        ConfigError: A pattern matches no checkpoint, or names a server.
        CheckpointError: A name is neither a path nor an asset nor a hub id.
    """
    every: dict[str, MatchedCheckpoint] = {}
    for pattern in patterns:
        matching = list(_matching(pattern, may_be_absent=may_be_absent))
        if not matching and not may_be_absent:
            msg = f"no checkpoint matches {pattern!r}: {_why_none(pattern)}"
            raise ConfigError(msg)
        for one in matching:
            every.setdefault(one.key, one)
    return list(every.values())


def distinct_names(checkpoints: Sequence[MatchedCheckpoint]) -> list[str]:
    """A name for each checkpoint: the end of its path that no other one has, or its id."""
    count = 1
    while True:
        names = [_name(one, count) for one in checkpoints]
        if len(set(names)) == len(names) or count >= max(len(one.path.parts) for one in checkpoints if one.path):
            return names
        count += 1


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def wait(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def _name(one: MatchedCheckpoint, parts: int) -> str:
    if one.path is None:
        return f"{one.model}@{one.revision}" if one.revision else one.model
    return "/".join(one.path.parts[-parts:])


def _matching(pattern: str, *, may_be_absent: bool) -> Iterator[MatchedCheckpoint]:
    """The checkpoints of one pattern, by name."""
    if is_server(pattern):
        msg = f"{pattern}: a sweep reads files, which a server does not show: audit it with `audit run --model`"
        raise ConfigError(msg)
    if glob.has_magic(pattern):
        paths = sorted(glob.glob(os.path.expanduser(pattern), recursive=True))  # noqa: PTH111, PTH207 - of a whole path
        yield from (_of_path(path) for path in map(Path, paths) if _is_checkpoint(path))
        return
    path = Path(pattern).expanduser()
    if path.exists():
        yield _of_path(path)
        return
    model, _, revision = pattern.partition("@")
    if model in ASSETS or is_hub_id(model):
        yield MatchedCheckpoint(model, revision or None)
    elif not may_be_absent:
        raise nowhere(pattern)


def _is_checkpoint(path: Path) -> bool:
    """Whether a path that a glob matches is a checkpoint rather than something that lies next to one."""
    if path.is_dir():
        return any((path / name).exists() for name in CONFIGURATIONS)
    return path.suffix == ".gguf" and path.is_file() and not LATER_PART.search(path.name)


def _of_path(path: Path) -> MatchedCheckpoint:
    whole = path.resolve()
    files: Iterable[Path] = [whole]
    if path.is_dir():
        files = _inside(whole)
    elif "-of-" in path.name:
        files = whole.parent.glob(f"*-of-{path.name.rpartition('-of-')[2]}")
    return MatchedCheckpoint(str(whole), path=whole, stamp=tuple(sorted(_stamps(files))))


def _inside(folder: Path) -> Iterator[Path]:
    """What is in a checkpoint's folder, and its named chat templates."""
    yield from folder.iterdir()
    yield from (folder / TEMPLATES).glob("*")


def _stamps(files: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    """Of every file that is still there when it is looked at; none of a folder that is gone by then."""
    with contextlib.suppress(OSError):
        for file in files:
            with contextlib.suppress(OSError):
                found = file.stat()
                if stat.S_ISREG(found.st_mode):
                    yield file.name, found.st_size, found.st_mtime_ns


def _why_none(pattern: str) -> str:
    """Why a glob matches no checkpoint, and what to do."""
    found = glob.glob(os.path.expanduser(pattern), recursive=True)  # noqa: PTH111, PTH207 - of a whole path
    if found:
        return f"none of the {len(found):,} paths is a folder with a config.json or a .gguf file"
    return "check the path, and quote the pattern; --watch waits for checkpoints to come"
