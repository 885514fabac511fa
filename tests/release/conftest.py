"""The scripts that make a release, which are no modules of the package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    """A script of the folder ``release``, as a module."""
    spec = importlib.util.spec_from_file_location(f"release_{name}", ROOT / "release" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def licences() -> ModuleType:
    return script("licences")


@pytest.fixture(scope="session")
def notes() -> ModuleType:
    return script("notes")


@pytest.fixture(scope="session")
def requirements() -> ModuleType:
    return script("requirements")
