"""The page on models and data lists every wheel that they come from, with its size."""

from __future__ import annotations

import re
from pathlib import Path

from audit.core.assets.registry import ASSETS

DOCS = Path(__file__).resolve().parents[2] / "docs"
WHEELS = {wheel for one in ASSETS.values() if one.wheel for wheel in one.wheel.wheels}
ROW = re.compile(r"^\| `([^`]+==[^`]+)` \| ([\d.]+) MB \|", re.MULTILINE)


def test_every_wheel_is_listed_with_its_size() -> None:
    listed = ROW.findall((DOCS / "reference" / "assets.md").read_text("utf-8"))
    assert {name for name, _ in listed} == {wheel.requirement for wheel in WHEELS}
    size = {wheel.requirement: wheel.size / 1e6 for wheel in WHEELS}
    assert [name for name, text in listed if float(text) != round(size[name], 1 if size[name] > 0.1 else 2)] == []


def test_what_all_of_them_take_is_said() -> None:
    total = f"{sum(wheel.size for wheel in WHEELS) / 1e6:.0f} MB"
    assert total in (DOCS / "reference" / "assets.md").read_text("utf-8")
    assert total in (DOCS / "howto" / "offline.md").read_text("utf-8")
