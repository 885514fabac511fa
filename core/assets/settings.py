"""Where assets are looked for in this process, and whether the network may be used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from audit.core.errors import AssetError
from audit.core.filesystem import did_you_mean_path

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class AssetSettings:
    """Arguments of :func:`configure`; environment variables are read when they are needed."""

    data_dirs: tuple[Path, ...] = ()
    cache_dir: Path | None = None
    offline: bool = False


_current = AssetSettings()


def configure(*, data_dirs: Sequence[Path] = (), cache_dir: Path | None = None, offline: bool = False) -> None:
    """Set, for this process, where assets are looked for. Arguments left out go back to their defaults.

    Args:
        data_dirs: Folders with data sets in their publishers' formats, searched first and in this order;
            those of the environment variable ``AUDIT_DATA`` (separated by ``os.pathsep``) come after them.
        cache_dir: Where members of wheels are kept; default ``AUDIT_CACHE``, else the user's cache folder.
        offline: Never touch the network.

    Raises:
        AssetError: A data folder does not exist.
    """
    global _current  # noqa: PLW0603 - one setting for the process, so that tasks need not carry it along
    for folder in data_dirs:
        _check(folder, "--data-dir")
    _current = AssetSettings(tuple(data_dirs), cache_dir, offline)


def data_dirs() -> tuple[Path, ...]:
    """The user's folders, in the order they are searched.

    Raises:
        AssetError: ``AUDIT_DATA`` names a folder that does not exist.
    """
    named = [Path(part).expanduser() for part in os.environ.get("AUDIT_DATA", "").split(os.pathsep) if part]
    for folder in named:
        _check(folder, "AUDIT_DATA")
    return (*_current.data_dirs, *named)


def cache_dir() -> Path:
    """Where members of wheels are kept."""
    if _current.cache_dir:
        return _current.cache_dir
    named = os.environ.get("AUDIT_CACHE")
    return Path(named).expanduser() if named else user_cache_path("checkpoint-audit", appauthor=False)


def offline() -> bool:
    """Whether the network must not be used."""
    return _current.offline


def _check(folder: Path, origin: str) -> None:
    if not folder.is_dir():
        msg = f"{origin}: no such folder: {folder}: check the path.{did_you_mean_path(folder, folder=True)}"
        raise AssetError(msg)
