"""Metric definitions of other packages: entry points of the group ``audit.definitions``.

Each is called ``PACKAGE.NAME``, in any spelling of the package's name. So none can clash with another, and a run whose
metrics need one that is not installed says which package it takes. They are looked up when a number is computed: gate,
reports and app, which derive numbers again and load no plug-ins, find them as the run did. A file named by ``--plugin``
cannot bring one, since those would not find it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from audit.core.errors import RAISED_BY_OTHERS, ConfigError
from audit.core.provenance import entry_points
from audit.core.text import printable
from audit.stats.definitions.base import Definition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

GROUP = "audit.definitions"


@cache
def find(name: str) -> type[Definition] | None:
    """The kind that a package has under this name, kept for as long as the process runs.

    Args:
        name: As in ``metrics.json``; None is returned for one without a package.

    Raises:
        ConfigError: The package is not installed or has no such definition, it cannot be imported, or what it has is
            no definition of this name.
    """
    package = name.rpartition(".")[0]
    if not package:
        return None
    start = f"metric definition {printable(repr(name), 100)}"
    points = entry_points(group=GROUP, name=name)  # another package may use the name, too
    point = next((one for one in points if one.dist is not None and is_of(name, one.dist.name)), None)
    if point is None:
        plugin = printable(package, 60)
        msg = f"{start}: no installed package {plugin} has it: install the plug-in {plugin} that the run was made with"
        raise ConfigError(msg)
    kind = _loaded(point, start)
    if not (isinstance(kind, type) and issubclass(kind, Definition) and getattr(kind, "NAME", None) == name):
        msg = f"{start}: {point.value} is no subclass of Definition with this NAME: correct plug-in {package}"
        raise ConfigError(msg)
    return kind


def read(kind: type[Definition], written: Mapping[str, Any]) -> Definition:
    """A definition of a package from its arguments, as :meth:`Definition.read`.

    Raises:
        TypeError: An argument is missing, is none of this kind, or is not of its type.
        ConfigError: The package's code refuses the arguments, or breaks.
    """
    try:
        return kind.read(written)
    except TypeError:
        raise
    except RAISED_BY_OTHERS as error:
        package = printable(kind.NAME.rpartition(".")[0], 60)
        start = f"metric definition {printable(repr(kind.NAME), 100)}"
        advice = f"install the version of {package} that the run was made with"
        msg = f"{start}: it cannot be made ({_reason(error)}): {advice}"
        raise ConfigError(msg) from error


def is_of(name: str, package: str) -> bool:
    """Whether a definition is called as one of this package must be: ``PACKAGE.NAME``."""
    return _normalised(name.rpartition(".")[0]) == _normalised(package)


def _normalised(package: str) -> str:
    """The name of a package in the one form that all of its spellings share (PEP 503)."""
    return re.sub(r"[-_.]+", "-", package).lower()


def _loaded(point: EntryPoint, start: str) -> object:
    """What an entry point names.

    Raises:
        ConfigError: It cannot be imported.
    """
    try:
        return point.load()
    except RAISED_BY_OTHERS as error:
        msg = f"{start}: {point.value} cannot be imported ({_reason(error)}): install it again"
        raise ConfigError(msg) from error


def _reason(error: BaseException) -> str:
    """What the code of others raised, in one line."""
    return f"{type(error).__name__}: {printable(' '.join(str(error).split()), 300)}"
