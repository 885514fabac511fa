"""Plug-ins: probes, methods, scorers, tasks and definitions of other packages (by entry points) and of single files.

A package names its parts in the entry-point groups of :data:`audit.pipeline.plugin_parts.KINDS`, a file as the
constants of that table. Parts join the tables in which the package lists its own. They stay there for as long as the
process runs; a file that has changed replaces what it added before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import RAISED_BY_OTHERS, ConfigError
from audit.core.records import PluginRecord
from audit.core.text import first_line, printable
from audit.evals.catalogue import own_tasks
from audit.evals.lm_eval.tasks import names as lm_eval_names
from audit.evals.own_data.questions import NAME
from audit.explain.methods import registry as methods
from audit.pipeline.plugin_parts import (
    DEFINITION,
    METHOD,
    PROBE,
    TASK,
    TASKS,
    Plugin,
    PluginKind,
    PluginPart,
    table_of,
)
from audit.pipeline.plugin_sources import by_package, file_digest, from_file, from_package
from audit.safety import suite as safety
from audit.safety.scorers import plugin as scorers
from audit.stats import definitions
from audit.stats.definitions import of_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from audit.core.config import RunConfig

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
    for name, points in by_package().items():
        if name not in LOADED:
            _add(name, from_package(name, points))
    for file in files:
        path = file.expanduser().resolve()
        before = LOADED.get(str(path))
        if before is None or before.sha256 != file_digest(path):
            unload(str(path))
            _add(str(path), from_file(path))


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


def _taken(kind: PluginKind) -> Collection[str]:
    """Names that a new part of a kind may not have. Probes and tasks are called in the same breath."""
    if kind in {PROBE, TASK}:
        return {*safety.PROBES, *own_tasks(), *TASKS}
    return methods.methods() if kind is METHOD else table_of(kind)


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
