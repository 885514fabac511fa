"""Packages of the optional extra ``explain``, loaded when a method needs them."""

from __future__ import annotations

import importlib
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def require(package: str, method: str) -> None:
    """Make sure that a package is there, without importing it.

    Args:
        package: Name of the package.
        method: The attribution method that needs it.

    Raises:
        UsageError: It is not installed.
    """
    if find_spec(package) is None:
        msg = f"method {method} needs the package {package}: pip install checkpoint-audit[explain]"
        raise UsageError(msg)


def import_package(module: str, method: str) -> Any:  # noqa: ANN401 - untyped packages
    """Import a module of an optional package.

    Args:
        module: Dotted name, e.g. ``lime.lime_base``.
        method: The attribution method that needs it.

    Raises:
        UsageError: It is not installed.
    """
    require(module.split(".", maxsplit=1)[0], method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what these packages do while they are imported is not our user's business
        return importlib.import_module(module)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator while a block runs, and restore it afterwards, also when the block raises.

    The explainers of shap (0.51) call ``np.random.choice``, ``permutation`` and ``randn`` and take no generator. What
    our own code draws comes from local generators.

    Args:
        seed: Any integer; NumPy takes its lowest 32 bits.
    """
    state = np.random.get_state()  # noqa: NPY002 - the generator that shap uses
    np.random.seed(seed % 2**32)  # noqa: NPY002 - see above
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002 - see above
