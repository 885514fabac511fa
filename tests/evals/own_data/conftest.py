"""Files of a user's own questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CAPITALS = """question,a,b,c,answer
Capital of France?,Lyon,Paris,Nice,Paris
Capital of Poland?,Warsaw,Cracow,Lodz,Warsaw
Capital of Spain?,Bilbao,Seville,Madrid,Madrid
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "mine.csv") -> Path:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write
