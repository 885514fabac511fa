"""Keyword arguments as a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig, load_config, validate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike


def configured(given: Mapping[str, Any], where: str, file: str | PathLike[str] | None = None) -> RunConfig:
    """The configuration that profile, file and options make.

    Args:
        given: Options that were given.
        where: What an error about them begins with.
        file: The user's YAML file.

    Raises:
        ConfigError: A key or value is wrong, or the file cannot be read.
    """
    said = {name: value for name, value in given.items() if value is not None}
    validate(RunConfig, said, where)
    return load_config(Path(file) if file is not None else None, said)
