"""What people type for tasks, resolved to names: globs, task files and folders of them."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, did_you_mean
from audit.evals.catalogue import own_tasks
from audit.evals.lm_eval import tasks as lm_eval_tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SUFFIX = ".yaml"
GLOB = frozenset("*?[")


def expand(typed: Sequence[str], include: Sequence[Path], probes: Collection[str]) -> tuple[list[str], list[Path]]:
    """Names of tasks, and the files and folders that declare them.

    Args:
        typed: Names, globs (``arc_*``), task files and folders of them.
        include: Further files and folders that were given.
        probes: Names of the safety probes, which globs may match, too.

    Returns:
        Each name once, in the order given, and ``include`` with the files and folders among ``typed``.

    Raises:
        ConfigError: A name is empty, a file is not there or declares no task, or a glob fits no name.
    """
    names: list[str] = []
    places = list(include)
    for word in typed:
        if not word:
            msg = "--tasks: empty name: separate names by single commas, e.g. boolq,crows_pairs"
            raise ConfigError(msg)
        path = Path(word).expanduser()
        if path.suffix in {SUFFIX, ".yml"} or (path.is_dir() and not _is_name(word, tuple(places), probes)):
            found = _declared_by(path)
            places.append(path.resolve())
        elif GLOB & set(word):
            found = _fitting(word, tuple(places), probes)
        else:
            found = [word]
        names += found
    return list(dict.fromkeys(names)), list(dict.fromkeys(places))


def check_folders(include: tuple[Path, ...]) -> None:
    """Refuse missing task files and folders, and tasks with the name of one of the audit's own."""
    missing = next((place for place in include if not place.exists()), None)
    if missing is not None:
        msg = f"--include-path {missing}: no such folder"
        raise ConfigError(msg)
    taken = sorted(own_tasks().keys() & lm_eval_tasks.declared(include))
    if taken:
        msg = f"--include-path: a task file declares {taken[0]}, the name of one of the audit's own tasks: rename it"
        raise ConfigError(msg)


def _is_name(word: str, include: tuple[Path, ...], probes: Collection[str]) -> bool:
    """Whether a word names a task even if a folder has the same name; ``./word`` is the folder."""
    if word.startswith((".", "~")) or "/" in word or os.sep in word:
        return False
    return word in own_tasks() or word in probes or word in lm_eval_tasks.names(include)


def _declared_by(path: Path) -> list[str]:
    """Tasks of a file or folder; a file may declare a group."""
    if not path.exists():
        near = did_you_mean(path.name, [file.name for file in path.parent.glob(f"*{SUFFIX}")])
        msg = f"--tasks {path}: no such task file.{near}"
        raise ConfigError(msg)
    if path.is_file() and path.suffix != SUFFIX:
        msg = f"--tasks {path}: lm-eval reads task files that end in {SUFFIX}: rename it"
        raise ConfigError(msg)
    declared = lm_eval_tasks.declared([path.resolve()])
    found = [name for name, file in declared.items() if file] or list(declared)
    if not found:
        msg = f"--tasks {path}: declares no task: a task file has a line 'task: NAME'"
        raise ConfigError(msg)
    return found if path.is_dir() else found[:1]


def _fitting(pattern: str, include: tuple[Path, ...], probes: Collection[str]) -> list[str]:
    """Names that a glob matches: tasks, else groups and tags, which hold the same tasks."""
    stock = pattern.startswith(lm_eval_tasks.PREFIX)
    plain = pattern.removeprefix(lm_eval_tasks.PREFIX)
    known = lm_eval_tasks.names(() if stock else include)
    own = [] if stock else [*own_tasks(), *probes]
    tasks = fnmatch.filter(dict.fromkeys([*own, *(name for name, file in known.items() if file)]), plain)
    found = tasks or fnmatch.filter(known, plain)
    if not found:
        near = did_you_mean(plain.strip("*?"), [*own, *known])
        msg = f"--tasks {pattern}: matches no task: see `audit tasks list --all`.{near}"
        raise ConfigError(msg)
    return [f"{lm_eval_tasks.PREFIX}{name}" for name in found] if stock else found
