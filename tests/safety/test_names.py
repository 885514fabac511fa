"""Where the probes are: each name is a module that declares the probe."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit import safety
from audit.safety.names import FOLDERS
from audit.safety.suite import PROBES

PLACE = Path(str(safety.__file__)).parent / "probes"


def test_every_module_that_declares_a_probe_is_listed() -> None:
    files = PLACE.glob("*/*.py")
    declaring = {file.stem: file.parent.name for file in files if "\nPROBE = Probe(" in file.read_text("utf-8")}
    assert declaring == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_a_probe_has_the_name_of_its_module(name: str) -> None:
    assert PROBES[name].name == name
    assert list(PROBES)[: len(FOLDERS)] == list(FOLDERS)
