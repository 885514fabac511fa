"""Keyword arguments as a configuration."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from audit.core.config import RunConfig, load_config, validate
from audit.core.errors import ConfigError, UsageError
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Paths: TypeAlias = "str | PathLike[str] | Sequence[str | PathLike[str]]"
"""One path, or several."""


def configured(given: Mapping[str, Any], where: str, file: str | PathLike[str] | None = None) -> RunConfig:
    """The configuration that profile, file and options make.

    Args:
        given: Options that were given.
        where: What an error about them begins with.
        file: The user's YAML file.

    Raises:
        ConfigError: A key or value is wrong, or the file cannot be read.
    """
    if not isinstance(file, str | PathLike | None):
        msg = f"{where}: config is the path of a YAML file: give values as arguments, seed=1 for {{'seed': 1}}"
        raise ConfigError(msg)
    refuse_empty(f"{where}: config", file)
    said = {name: value for name, value in given.items() if value is not None}
    validate(RunConfig, said, where)
    return load_config(Path(file) if file is not None else None, said)


def refuse_empty(what: str, name: object) -> None:
    """Refuse an empty name: as a path it would be the working directory.

    Args:
        what: What an error begins with.
        name: Of a file, folder or run.

    Raises:
        ConfigError: It is empty.
    """
    if name == "":
        msg = f"{what} is empty: is the variable behind it set?"
        raise ConfigError(msg)


def as_list(paths: object) -> object:
    """One path or several as a list; anything else as it is, to be refused with the configuration."""
    if isinstance(paths, str | PathLike):
        return [paths]
    return list(paths) if isinstance(paths, tuple) else paths


def check_texts(where: str, *texts: object) -> None:
    """Refuse what is no text: other types, and halves of surrogate pairs, which no tokenizer reads.

    Args:
        where: What an error begins with.
        texts: What was given.

    Raises:
        UsageError: One is no text.
    """
    for text in texts:
        if not isinstance(text, str):
            msg = f"{where}: {printable(repr(text), 60)} is no text: give a string"
            raise UsageError(msg)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            msg = f"{where}: character {error.start + 1} is half of a surrogate pair, which is not text: remove it"
            raise UsageError(msg) from error


def texts_of(where: str, given: str | Iterable[str]) -> list[str]:
    """One text, or several, as a list.

    Args:
        where: What an error begins with.
        given: One text or several.

    Raises:
        UsageError: It is something else, or one of them is no text.
    """
    several = list(given) if isinstance(given, Iterable) and not isinstance(given, str | bytes) else [given]
    check_texts(where, *several)
    return several
