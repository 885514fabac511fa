"""What an image installs before the package: the requirements of the package and of the extras that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

PROJECT = """
[project]
dependencies = ["numpy>=2", "httpx>=1"]
optional-dependencies = {login = ["authlib>=1.6", "httpx>=1"], dev = ["pytest"]}
"""


def test_requirements_with_extras(requirements: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT, "utf-8")
    monkeypatch.setattr(requirements, "PYPROJECT", tmp_path / "pyproject.toml")
    assert requirements.requirements([]) == ["httpx>=1", "numpy>=2"]
    assert requirements.requirements(["login"]) == ["authlib>=1.6", "httpx>=1", "numpy>=2"]
    with pytest.raises(SystemExit, match=r"^pyproject.toml has no extra logon: it has dev, login$"):
        requirements.requirements(["logon"])
