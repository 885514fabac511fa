"""Reads plug-ins: from the entry points of packages, and from single files."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.assets.digest import files_sha256
from audit.core.errors import RAISED_BY_OTHERS, ConfigError
from audit.core.filesystem import did_you_mean_path
from audit.core.provenance import entry_points
from audit.core.records import digest_of
from audit.core.text import printable
from audit.evals.lm_eval.tasks import declared
from audit.explain.methods.registry import Method
from audit.pipeline.plugin_parts import (
    CONSTANTS,
    DEFINITION,
    KINDS,
    METHOD,
    PROBE,
    SCORER,
    TASK,
    Plugin,
    PluginKind,
    PluginPart,
)
from audit.safety.probe import Probe
from audit.stats.definitions import Definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.metadata import EntryPoint
    from types import ModuleType


def by_package() -> dict[str, list[tuple[PluginKind, EntryPoint]]]:
    """Entry points of all groups by the package that has them, sorted."""
    found: dict[str, list[tuple[PluginKind, EntryPoint]]] = {}
    for kind in KINDS:
        for point in sorted(entry_points(kind.group), key=lambda point: point.name):
            name = point.dist.name if point.dist else point.module
            if point not in [known for _, known in found.get(name, [])]:  # a path may be listed twice
                found.setdefault(name, []).append((kind, point))
    return dict(sorted(found.items()))


def from_package(name: str, points: Sequence[tuple[PluginKind, EntryPoint]]) -> Plugin:
    """The plug-in of an installed package.

    Raises:
        ConfigError: It cannot be imported.
    """
    parts: list[PluginPart] = []
    files: dict[str, Path] = {}
    for kind, point in points:
        try:
            thing = point.load()
        except RAISED_BY_OTHERS as error:
            raise _broken(name, error, "install its newest version, or uninstall it") from error
        folder = _home(sys.modules[point.module])
        parts += _parts(kind, thing, name, point.name, folder)
        files |= _files_below(folder)
    dist = points[0][1].dist
    return Plugin(name, dist.version if dist else "unknown", files_sha256(files), tuple(parts))


def from_file(path: Path) -> Plugin:
    """The plug-in of a file.

    Raises:
        ConfigError: It is not there, cannot be imported, or adds nothing.
    """
    digest = file_digest(path)
    name = f"audit_plugin_{path.stem}_{digest_of(str(path))[:8]}"  # files of several folders may have one name
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"plug-in {path}: a plug-in is a Python file, NAME.py, or an installed package"
        raise ConfigError(msg)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except RAISED_BY_OTHERS as error:
        raise _broken(path.stem, error, f"correct {path}") from error
    given = [(kind, getattr(module, name)) for name, kind in CONSTANTS.items() if hasattr(module, name)]
    parts = [part for kind, thing in given for part in _parts(kind, thing, path.stem, path.stem, path.parent)]
    if not parts:
        msg = f"plug-in {path}: defines none of {', '.join(CONSTANTS)}: see docs/howto/extend.md"
        raise ConfigError(msg)
    return Plugin(path.stem, str(getattr(module, "__version__", digest[:12])), digest, tuple(parts))


def file_digest(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        ConfigError: It cannot be read.
    """
    if not path.is_file():
        msg = f"plug-in {path}: no such file: check the path.{did_you_mean_path(path)}"
        raise ConfigError(msg)
    return files_sha256({path.name: path})


def _parts(kind: PluginKind, thing: object, plugin: str, name: str, folder: Path) -> Iterator[PluginPart]:
    """What one entry point or constant provides.

    Args:
        kind: Of its group or constant.
        thing: What was found there: one, or a tuple or list of them.
        plugin: For messages.
        name: Of a scorer, which does not know its name, and of a definition.
        folder: That relative paths of task files start from.

    Raises:
        ConfigError: It is something else.
    """
    for one in thing if isinstance(thing, tuple | list) else [thing]:
        if kind is TASK:
            yield from _task_parts(one, plugin, folder)
        elif kind is SCORER and callable(one):
            yield PluginPart(kind, name, one)
        elif (kind is PROBE and isinstance(one, Probe)) or (kind is METHOD and isinstance(one, Method)):
            yield PluginPart(kind, one.name, one)
        elif kind is DEFINITION and isinstance(one, type) and issubclass(one, Definition):
            yield PluginPart(kind, name, one)
        else:
            what = {
                PROBE: "an audit.safety.probe.Probe",
                METHOD: "an audit.explain.methods.registry.Method",
                DEFINITION: "a subclass of audit.stats.definitions.Definition",
            }
            wanted = what.get(kind, "a function (variant, config) -> scorer")
            msg = f"plug-in {plugin}: its {kind.title} is {printable(repr(one), 80)}: it must be {wanted}"
            raise ConfigError(msg)


def _task_parts(place: object, plugin: str, folder: Path) -> Iterator[PluginPart]:
    """The tasks that a file or folder declares.

    Raises:
        ConfigError: There is none.
    """
    path = (folder / place).resolve() if isinstance(place, str | Path) else None
    found = declared([path]) if path is not None and path.exists() else {}
    if path is None or not found:
        msg = f"plug-in {plugin}: {printable(str(place), 200)}: no task file is there, and no folder that holds one"
        raise ConfigError(msg)
    yield from (PluginPart(TASK, name, path) for name in found)


def _home(module: ModuleType) -> Path:
    """The folder of a module's outermost package; of a module without one, its file."""
    outermost = sys.modules[module.__name__.partition(".")[0]]
    file = Path(str(outermost.__file__ or next(iter(outermost.__path__), "")))
    return file.parent if file.name == "__init__.py" else file


def _files_below(place: Path) -> dict[str, Path]:
    """A file, or every file of a folder but what Python compiled, by name."""
    if place.is_file():
        return {place.name: place}
    files: Iterable[Path] = (file for file in sorted(place.rglob("*")) if "__pycache__" not in file.parts)
    return {file.relative_to(place.parent).as_posix(): file for file in files if file.is_file()}


def _broken(name: str, error: BaseException, advice: str) -> ConfigError:
    """One line on a plug-in that cannot be imported."""
    reason = printable(" ".join(str(error).split()), 300)
    return ConfigError(f"plug-in {name}: cannot be imported ({type(error).__name__}: {reason}): {advice}")
