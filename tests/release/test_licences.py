"""Licences are read from a bill of materials; what is unknown, or GPL, is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    import pytest

CASES = {
    "MIT": True,
    "LGPL-3.0-only": True,
    "BSD License": True,
    "GPL-3.0-only": False,
    "AGPL-3.0-or-later": False,
    "GPL-2.0-only OR MIT": True,
    "GPL-2.0-only AND MIT": False,
    "MIT AND (Apache-2.0 OR GPL-3.0-only)": True,
    "Apache-2.0 WITH LLVM-exception": True,
    "GPL-3.0-only WITH GCC-exception-3.1": False,
    "GNU General Public License v3 (GPLv3)": False,
    "Other/Proprietary License": False,
    "SSPL-1.0": False,
    "as you like": False,
    "": False,
}


def component(name: str, *licences: dict[str, Any]) -> dict[str, Any]:
    """A component as CycloneDX writes it."""
    return {"name": name, "version": "1.0", "licenses": list(licences)}


def test_terms_that_are_met(licences: ModuleType) -> None:
    wrong = {text: expected for text, expected in CASES.items() if licences.is_allowed(text) != expected}
    assert wrong == {}


def test_licences_of_a_component(licences: ModuleType) -> None:
    both = component(
        "x", {"license": {"id": "MIT"}}, {"license": {"name": "License :: OSI Approved :: Apache Software License"}}
    )
    assert licences.named_licences(both) == ["MIT", "Apache Software License"]
    assert licences.named_licences(component("x", {"expression": "MIT OR ISC"})) == ["MIT OR ISC"]
    assert licences.named_licences(component("x", {"license": {"name": "License :: DFSG approved"}})) == []
    assert licences.named_licences({"name": "x", "version": "1"}) == []
    assert licences.named_licences({"name": "vaderSentiment", "version": "1"}) == ["MIT"]


def test_table_and_refusals(licences: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = [component("zlib", {"license": {"id": "Zlib"}}), component("Attrs", {"license": {"id": "MIT"}})]
    bad = [component("gnu", {"license": {"id": "MIT"}}, {"license": {"id": "GPL-3.0-only"}}), component("odd")]
    for components, code in ((good, 0), (good + bad, 1)):
        file = tmp_path / f"{code}.json"
        file.write_text(json.dumps({"components": components}), "utf-8")
        assert licences.main(file) == code
        printed = capsys.readouterr()
        assert printed.out.splitlines()[2] == "| Attrs | 1.0 | MIT |"
        assert (
            printed.err == ""
            if code == 0
            else printed.err.splitlines()
            == [
                "gnu 1.0: MIT, GPL-3.0-only: not allowed by release/licences.py",
                "odd 1.0: its metadata names no licence: not allowed by release/licences.py",
            ]
        )
