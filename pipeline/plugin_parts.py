"""What a plug-in may add: kinds of parts, the tables that parts join, and a plug-in once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.explain.methods import registry as methods
from audit.safety import suite as safety
from audit.safety.scorers import plugin as scorers
from audit.stats.definitions import of_packages

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.config import RunConfig
    from audit.stats.definitions import Definition

TASKS: dict[str, Path] = {}
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
        table_of(self.kind)[self.name] = self.thing
        if self.kind is SCORER:
            scorers.OWNERS[self.name] = plugin

    def leave(self) -> None:
        """Take it out again."""
        if self.kind is PROBE:
            safety.leave(self.name)
        else:
            table_of(self.kind).pop(self.name, None)
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


def table_of(kind: PluginKind) -> dict[str, Any]:
    """Where things of a kind are kept."""
    tables: dict[PluginKind, dict[str, Any]] = {
        METHOD: methods.JOINED,
        SCORER: scorers.JOINED,
        TASK: TASKS,
        DEFINITION: DEFINITIONS,
    }
    return tables[kind]
