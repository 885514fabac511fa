"""Tasks of lm-eval and of the user's own folders: which names exist, and how to load one.

lm-eval's index parses some 14,000 files, which takes a quarter of a minute. Names are therefore found by
scanning lines, and a single task is loaded from its own file; only groups need the whole index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.errors import RAISED_BY_OTHERS, AssetMissing, AuditError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lm_eval.api.group import Group
    from lm_eval.api.task import Task

    from audit.evals.lm_eval.seeds import SeededManager

PREFIX = "lm-eval:"
"""Prefix of lm-eval's own task, asked by lm-eval's own rules, whatever else has the name."""
_WORD = r"[\"']?(?P<{}>[^\s\"'#\[\]{{}},]+)[\"']?[ \t\r]*(?:#.*)?$"
_DECLARED = re.compile(rf"^[\"']?(?P<key>task|group|tag)[\"']?:[ \t]*{_WORD.format('name')}", re.MULTILINE)
_TAGS = re.compile(r"^[\"']?tag[\"']?:[ \t]*(?:#.*)?\n(?P<items>(?:[ \t]*-[ \t]+\S.*(?:\n|$))+)", re.MULTILINE)
_ITEM = re.compile(rf"^[ \t]*-[ \t]+{_WORD.format('name')}", re.MULTILINE)


@dataclass(frozen=True)
class Loaded:
    """What a name resolves to."""

    tasks: dict[str, Task]
    """By name; one, or all of a group or tag."""
    groups: dict[str, Group] = field(default_factory=dict)
    """The group and the groups inside it, by name; none for a task or tag."""


def names(include: tuple[Path, ...] = ()) -> dict[str, Path | None]:
    """Every task, group and tag; tasks with their file, others with None.

    Args:
        include: Task files, and folders of them, in addition to lm-eval's own; a later one overrides an earlier one.
    """
    return {**_stock(), **declared(include)}


def declared(include: Iterable[Path]) -> dict[str, Path | None]:
    """:func:`names` of the user's files and folders alone."""
    return {name: file for place in include for name, file in _declared(place).items()}


@cache
def _stock() -> dict[str, Path | None]:
    """:func:`names` of lm-eval's own files, which do not change while the process runs."""
    return _declared(_root())


def _declared(root: Path) -> dict[str, Path | None]:
    """Names that a task file, or those below a folder, declare."""
    found: dict[str, Path | None] = {}
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if _may_be_yaml(path, root))
    for file in files:
        text = file.read_text("utf-8", errors="replace")
        for match in _DECLARED.finditer(text):
            if match["key"] != "task":
                found.setdefault(match["name"], None)
            elif file.suffix == ".yaml":
                found.setdefault(match["name"], file)
        for block in _TAGS.finditer(text):
            for item in _ITEM.finditer(block["items"]):
                found.setdefault(item["name"], None)
    return found


def load(name: str, seed: int, *, include: tuple[Path, ...] = (), metadata: Mapping[str, Any] | None = None) -> Loaded:
    """The tasks and groups that a name resolves to.

    Args:
        name: Task, group or tag; with :data:`PREFIX`, lm-eval's own, whose results bear the prefix, too.
        seed: Seed of everything that the tasks draw.
        include: Task files, and folders of them, in addition to lm-eval's own.
        metadata: Handed to every task.

    Raises:
        AssetMissing: Its data cannot be had, or it needs what is not installed.
    """
    stock, wanted = name.startswith(PREFIX), name.removeprefix(PREFIX)
    include = () if stock else include
    file = names(include).get(wanted)
    try:
        if file:
            found = _manager(seed, [], metadata).load([str(file)])
        else:
            folders = [place if place.is_dir() else place.parent for place in include]
            manager = _manager(seed, folders, metadata)
            if not _is_whole(manager.task_index, wanted):
                manager = _manager(seed, folders, metadata, defaults=True)
            found = manager.load([wanted])
    except AuditError:
        raise
    except RAISED_BY_OTHERS as error:  # code of tasks and of three hub clients raises anything
        raise AssetMissing(why(name, error)) from error
    tasks, groups = found["tasks"], found.get("groups") or {}
    return _prefixed(tasks, groups) if stock else Loaded(tasks, groups)


def _manager(
    seed: int, folders: list[Path], metadata: Mapping[str, Any] | None, *, defaults: bool = False
) -> SeededManager:
    """lm-eval's task manager, with or without its own tasks."""
    from audit.evals.lm_eval.seeds import SeededManager  # noqa: PLC0415 - imports lm-eval, which takes seconds

    return SeededManager(seed, include_path=folders, include_defaults=defaults, metadata=metadata)


def _is_whole(index: Mapping[str, Any], name: str) -> bool:
    """Whether an index knows a group or tag, and everything in it by name."""
    entry = index.get(name)
    if entry is None:
        return False
    members: dict[str, Any] = {"GROUP": (entry.cfg or {}).get("task"), "TAG": list(entry.tags)}
    found = members.get(entry.kind.name)
    listed = found if isinstance(found, list) else []
    return all(_is_whole(index, m if isinstance(m, str) else m.get("group") or m.get("task")) for m in listed)


def _prefixed(tasks: dict[str, Task], groups: dict[str, Group]) -> Loaded:
    """The same, under names that the audit's own tasks cannot have."""
    for task in tasks.values():
        task.config.task = f"{PREFIX}{task.task_name}"
    for group in groups.values():
        group.name = f"{PREFIX}{group.name}"
    return Loaded({str(task.task_name): task for task in tasks.values()}, {g.name: g for g in groups.values()})


def why(name: str, error: BaseException) -> str:
    """One line on why a task cannot run."""
    lines = str(error).strip().splitlines() or ["no message"]
    advice = ": download it into the hub cache on a machine with a network, or leave the task out"
    reason = f"{name} cannot run here: {type(error).__name__}: {lines[0][:200]}"
    return reason + advice if isinstance(error, ConnectionError) else reason


def _may_be_yaml(path: Path, root: Path) -> bool:
    """Task files; for lm-eval's, also the files that they include, whatever their names."""
    if root != _root():
        return path.suffix == ".yaml" and path.is_file()
    return "yaml" in path.name or (not path.suffix and path.is_file())


@cache
def _root() -> Path:
    """Folder of lm-eval's task files, found without importing it."""
    spec = find_spec("lm_eval")
    if spec is None or spec.origin is None:
        msg = "lm-eval is not installed: pip install lm-eval"
        raise AssetMissing(msg)
    return Path(spec.origin).parent / "tasks"
