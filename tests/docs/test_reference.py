"""The reference pages are what the program says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "docs" / "reference").glob("*.md") if path.stem != "results")


def test_every_page_is_written(generate: ModuleType) -> None:
    assert set(generate.PAGES) <= set(PAGES)


@pytest.mark.parametrize("name", ["cli", "config", "records", "units", "definitions", "tasks", "probes", "methods"])
def test_a_page_is_current(generate: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("COLUMNS", "TERM", "NO_COLOR"):
        monkeypatch.setenv(variable, "")  # the generator sets them; the next test has its own again
    page = (ROOT / "docs" / "reference" / f"{name}.md").read_text("utf-8")
    assert page == generate.PAGES[name](), "run: python docs/generate.py"
