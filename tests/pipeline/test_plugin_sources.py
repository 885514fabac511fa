"""Plug-ins as they are read: what files and packages hold, and the line on what cannot be read."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.pipeline.plugin_parts import PROBE
from audit.pipeline.plugin_sources import from_file, from_package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The modules of files are gone behind a test."""
    yield
    for name in [name for name in sys.modules if name.startswith("audit_plugin_")]:
        del sys.modules[name]


def refused(file: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        from_file(file)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "import no_such_module",
            "imported (ModuleNotFoundError: No module named 'no_such_module'): correct",
        ),
        ("def broken(:", "cannot be imported (SyntaxError:"),
        ("raise SystemExit(3)", "cannot be imported (SystemExit: 3)"),
        ("raise ValueError('two\\nlines')", "cannot be imported (ValueError: two lines)"),
        ("x = 1", "defines none of PROBE, METHOD, SCORER, TASKS"),
        ("PROBE = 'bbq'", "its probe is 'bbq': it must be an audit.safety.probe.Probe"),
        ("METHOD = 3", "its method is 3: it must be an audit.explain.methods.registry.Method"),
        ("SCORER = 3", "its scorer is 3: it must be a function"),
        ("TASKS = 'nowhere'", "nowhere: no task file is there"),
        ("TASKS = 3", "3: no task file is there"),
    ],
)
def test_what_a_file_may_not_hold(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    said = refused(file)
    assert message in said
    assert "mine" in said


def test_a_file_that_is_not_there_or_no_python(tmp_path: Path) -> None:
    for name in ("probe.py", "probe.txt"):
        (tmp_path / name).write_text("")
    said = refused(tmp_path / "prob.py")
    assert said.startswith(f"plug-in {tmp_path / 'prob.py'}: no such file: check the path. Did you mean ")
    assert "probe.py" in said
    assert "a plug-in is a Python file" in refused(tmp_path / "probe.txt")


class Broken(importlib.metadata.EntryPoint):
    """An entry point whose package cannot be imported."""

    def load(self) -> Any:
        raise ImportError("no torch")


def test_an_installed_package_that_cannot_be_imported() -> None:
    with pytest.raises(ConfigError) as raised:
        from_package("their-package", [(PROBE, Broken("mine", "mine.probe:PROBE", "audit.probes"))])
    assert str(raised.value) == (
        "plug-in their-package: cannot be imported (ImportError: no torch): install its newest version, or uninstall it"
    )
