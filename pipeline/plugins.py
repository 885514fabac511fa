"""Plug-ins: probes, methods, scorers, tasks and definitions of other packages (by entry points) and of single files.

A package names its parts in the entry-point groups of :data:`KINDS`, a file as the constants of that table. Parts join
the tables in which the package lists its own. They stay there for as long as the process runs; a file that has changed
replaces what it added before.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.assets.digest import files_sha256
from audit.core.errors import RAISED_BY_OTHERS, ConfigError
from audit.core.filesystem import did_you_mean_path
from audit.core.provenance import entry_points
from audit.core.records import PluginRecord, digest_of
from audit.core.text import first_line, printable
from audit.evals.catalogue import own_tasks
from audit.evals.lm_eval.tasks import declared
from audit.evals.lm_eval.tasks import names as lm_eval_names
from audit.evals.own_data.questions import NAME
from audit.explain.methods import registry as methods
from audit.explain.methods.registry import Method
from audit.safety import suite as safety
from audit.safety.probe import Probe
from audit.safety.scorers import plugin as scorers
from audit.stats import definitions
from audit.stats.definitions import Definition, of_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from importlib.metadata import EntryPoint
    from types import ModuleType

    from audit.core.config import RunConfig

Places = dict[str, Path]
TASKS: Places = {}
"""Task, group or tag of a plug-in to the file or folder that declares it."""
DEFINITIONS: dict[str, type[Definition]] = {}
"""Metric definitions of packages, for the manifest; :mod:`audit.stats.definitions.of_packages` finds them by itself."""


@dataclass(frozen=True, slots=True)
class PluginKind:
    """One kind of thing that a plug-in may add."""

    title: str
    """For messages and the manifest."""
    group: str
    """Group of entry points."""
    constant: str | None
    """Name of the constant in a file: one thing, or several in a tuple; None where a file cannot bring it."""


PROBE = PluginKind("probe", "audit.probes", "PROBE")
METHOD = PluginKind("method", "audit.methods", "METHOD")
SCORER = PluginKind("scorer", "audit.scorers", "SCORER")
TASK = PluginKind("task", "audit.tasks", "TASKS")
DEFINITION = PluginKind("definition", of_packages.GROUP, None)
KINDS = (PROBE, METHOD, SCORER, TASK, DEFINITION)
CONSTANTS = {kind.constant: kind for kind in KINDS if kind.constant}
"""What a file may hold."""


@dataclass(frozen=True, slots=True)
class PluginPart:
    """One thing that a plug-in adds."""

    kind: PluginKind
    name: str
    """By which a configuration calls it."""
    thing: Any
    """A Probe, a Method, a function that makes a scorer, the path of task files, or a subclass of Definition."""

    def join(self, plugin: str) -> None:
        """Put it among those of its kind, as a part of the plug-in with this name."""
        if self.kind is PROBE:
            safety.join(self.thing, plugin)
            return
        _table(self.kind)[self.name] = self.thing
        if self.kind is SCORER:
            scorers.OWNERS[self.name] = plugin

    def leave(self) -> None:
        """Take it out again."""
        if self.kind is PROBE:
            safety.leave(self.name)
        else:
            _table(self.kind).pop(self.name, None)
            scorers.OWNERS.pop(self.name, None)

    def is_used(self, config: RunConfig) -> bool:
        """Whether a run of this configuration uses it."""
        if self.kind is SCORER:
            return f"{config.safety.toxicity_scorer}:".startswith(f"{scorers.PREFIX}{self.name}:")
        if self.kind is DEFINITION:
            return self.name in safety.definitions_of_plugins(config)
        chosen = {
            PROBE: [task.name for task in config.safety.tasks],
            TASK: [task.name for task in config.evals.tasks],
            METHOD: config.explain.methods,
        }
        return self.name in chosen[self.kind]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A package or file, loaded."""

    name: str
    version: str
    sha256: str
    parts: tuple[PluginPart, ...]


LOADED: dict[str, Plugin] = {}
"""What this process has loaded: by the name of the package, or the path of the file."""


def with_plugins(config: RunConfig) -> RunConfig:
    """Load every plug-in that is installed or named, and let the configuration find their tasks.

    Raises:
        ConfigError: One cannot be imported, holds something else than it says, or uses a name that is taken; or a
            scorer is named that no plug-in has.
    """
    load_plugins(config.plugins)
    scorers.check(config.safety)
    places = list(dict.fromkeys([*TASKS.values(), *config.evals.include_path]))
    return config.model_copy(update={"evals": config.evals.model_copy(update={"include_path": places})})


def load_plugins(files: Sequence[Path] = ()) -> None:
    """Load the plug-ins of installed packages, then these files; what is loaded already is left as it is.

    Raises:
        ConfigError: See :func:`with_plugins`.
    """
    for name, points in _by_package().items():
        if name not in LOADED:
            _add(name, _package(name, points))
    for file in files:
        path = file.expanduser().resolve()
        before = LOADED.get(str(path))
        if before is None or before.sha256 != _file_digest(path):
            unload(str(path))
            _add(str(path), _file(path))


def unload(key: str) -> None:
    """Take away what a plug-in added.

    Args:
        key: Of :data:`LOADED`; one that is not loaded is ignored.
    """
    if key in LOADED:
        for part in LOADED.pop(key).parts:
            part.leave()


def used(config: RunConfig) -> list[PluginRecord]:
    """The plug-ins that a run of this configuration uses, for its manifest."""
    found = [(plugin, [part for part in plugin.parts if part.is_used(config)]) for plugin in LOADED.values()]
    return [
        PluginRecord(
            name=plugin.name,
            version=plugin.version,
            sha256=plugin.sha256,
            used=[f"{part.kind.title} {part.name}" for part in parts],
        )
        for plugin, parts in found
        if parts
    ]


def owner(kind: PluginKind, name: str) -> str | None:
    """The plug-in that added something; None where it is the audit's own, or nobody's."""
    return next((p.name for p in LOADED.values() for part in p.parts if (part.kind, part.name) == (kind, name)), None)


def _table(kind: PluginKind) -> dict[str, Any]:
    """Where things of a kind are kept."""
    tables: dict[PluginKind, dict[str, Any]] = {
        METHOD: methods.JOINED,
        SCORER: scorers.JOINED,
        TASK: TASKS,
        DEFINITION: DEFINITIONS,
    }
    return tables[kind]


def _taken(kind: PluginKind) -> Collection[str]:
    """Names that a new part of a kind may not have. Probes and tasks are called in the same breath."""
    if kind in {PROBE, TASK}:
        return {*safety.PROBES, *own_tasks(), *TASKS}
    return methods.methods() if kind is METHOD else _table(kind)


def _add(key: str, plugin: Plugin) -> None:
    """Let the parts of a plug-in join, all or none.

    Raises:
        ConfigError: A name is taken.
    """
    names: set[tuple[str, str]] = set()
    for part in plugin.parts:
        _check_part(plugin.name, part)
        space = "task" if part.kind is PROBE else part.kind.title
        if part.name in _taken(part.kind) or (space, part.name) in names:
            twice = (space, part.name) in names
            other = owner(part.kind, part.name) or owner(PROBE, part.name) or owner(TASK, part.name)
            by = "another part of the same plug-in" if twice else f"plug-in {other}" if other else "the audit's own"
            msg = f"plug-in {plugin.name}: {part.kind.title} {part.name!r}: the name is taken, by {by}: rename it"
            raise ConfigError(msg)
        if part.kind in {PROBE, TASK} and part.name in lm_eval_names():
            start = f"plug-in {plugin.name}: {part.kind.title} {part.name!r}"
            msg = f"{start}: the name is taken, by a task of lm-eval's: rename it"
            raise ConfigError(msg)
        names.add((space, part.name))
    for part in plugin.parts:
        part.join(plugin.name)
    LOADED[key] = plugin


def _check_part(plugin: str, part: PluginPart) -> None:
    """Refuse names that no command line and no file could hold, and probes whose result nobody would see.

    Raises:
        ConfigError: The part of this plug-in is such a one, or the definition of one of its metrics cannot be found.
    """
    start = f"plug-in {plugin}: {part.kind.title} {printable(repr(part.name), 60)}"
    if part.kind is not TASK and not (isinstance(part.name, str) and NAME.fullmatch(part.name)):
        msg = f"{start}: a name may have letters, digits, _, - and . only: rename it"
        raise ConfigError(msg)
    if (
        part.kind is PROBE
        and part.thing.more_metrics is None
        and not any(metric.primary for metric in part.thing.metrics)
    ):
        msg = f"{start}: none of its metrics is primary: add primary=True to the one that sums it up"
        raise ConfigError(msg)
    if part.kind is DEFINITION and not of_packages.is_of(part.name, plugin):
        msg = f"{start}: it must be called {plugin}.NAME, after its package: rename it, or uninstall {plugin}"
        raise ConfigError(msg)
    if part.kind is PROBE:
        try:
            for metric in part.thing.metrics:
                definitions.check(metric.definition)
        except RAISED_BY_OTHERS as error:
            msg = f"{start}: {error if isinstance(error, ConfigError) else first_line(error)}"
            raise ConfigError(msg) from error


def _by_package() -> dict[str, list[tuple[PluginKind, EntryPoint]]]:
    """Entry points of all groups by the package that has them, sorted."""
    found: dict[str, list[tuple[PluginKind, EntryPoint]]] = {}
    for kind in KINDS:
        for point in sorted(entry_points(kind.group), key=lambda point: point.name):
            name = point.dist.name if point.dist else point.module
            if point not in [known for _, known in found.get(name, [])]:  # a path may be listed twice
                found.setdefault(name, []).append((kind, point))
    return dict(sorted(found.items()))


def _package(name: str, points: Sequence[tuple[PluginKind, EntryPoint]]) -> Plugin:
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


def _file(path: Path) -> Plugin:
    """The plug-in of a file.

    Raises:
        ConfigError: It is not there, cannot be imported, or adds nothing.
    """
    digest = _file_digest(path)
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


def _file_digest(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        ConfigError: It cannot be read.
    """
    if not path.is_file():
        msg = f"plug-in {path}: no such file: check the path.{did_you_mean_path(path)}"
        raise ConfigError(msg)
    return files_sha256({path.name: path})


def _broken(name: str, error: BaseException, advice: str) -> ConfigError:
    """One line on a plug-in that cannot be imported."""
    reason = printable(" ".join(str(error).split()), 300)
    return ConfigError(f"plug-in {name}: cannot be imported ({type(error).__name__}: {reason}): {advice}")
