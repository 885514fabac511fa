"""Packages of the optional extra ``monitoring``, loaded when an export needs them."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType


def import_package(module: str, option: str, package: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: Dotted name, e.g. ``prometheus_client.core``.
        option: Of the command line that needs it.
        package: Name of the package on the index.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what these packages do while they are imported concerns nobody here
            return importlib.import_module(module)
    except ImportError as error:
        msg = f"{option}: it needs the package {package}: pip install 'checkpoint-audit[monitoring]'"
        raise ConfigError(msg) from error
