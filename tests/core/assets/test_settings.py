"""Folders and caches that a user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core import assets
from audit.core.errors import AssetError, AssetMissing

if TYPE_CHECKING:
    from pathlib import Path


def test_folders_that_do_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssetError, match=r"--data-dir: no such folder: .*nowhere"):
        assets.configure(data_dirs=[tmp_path / "nowhere"])
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(AssetError, match=r"AUDIT_DATA: no such folder: .*nowhere"):
        assets.dataset("gsm8k")


def test_cache_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path))
    assets.configure(offline=True)
    with pytest.raises(AssetMissing, match=f"; {tmp_path};"):
        assets.dataset("stereoset")
