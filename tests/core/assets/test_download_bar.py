"""What a user sees of a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.assets import wheel_cache

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.assets.conftest import Index


@pytest.mark.slow
def test_one_line_where_there_is_no_terminal(index: Index, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wheel_cache.fetch(index.wheel, index.patterns)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "Fetching audit-fixture 1.0 (0.0 MB) from the package index\n"
