"""lm-eval's own tasks: which names there are, and how one is loaded.

lm-eval's index parses some 14,000 files, which takes a quarter of a minute. Names are therefore found by
scanning lines, and a single task is loaded from its own folder; only groups need the whole index.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import AssetMissing, AuditError

if TYPE_CHECKING:
    from lm_eval.api.task import Task

_WORD = r"[\"']?(?P<{}>[^\s\"'#\[\]{{}},]+)[\"']?[ \t\r]*(?:#.*)?$"
_DECLARED = re.compile(rf"^[\"']?(?P<key>task|group|tag)[\"']?:[ \t]*{_WORD.format('name')}", re.MULTILINE)
_TAGS = re.compile(r"^[\"']?tag[\"']?:[ \t]*(?:#.*)?\n(?P<items>(?:[ \t]*-[ \t]+\S.*(?:\n|$))+)", re.MULTILINE)
_ITEM = re.compile(rf"^[ \t]*-[ \t]+{_WORD.format('name')}", re.MULTILINE)


@cache
def names() -> dict[str, Path | None]:
    """Every task, group and tag of lm-eval; a task with the folder of its file, the others with None."""
    root = _root()
    found: dict[str, Path | None] = {}
    for file in sorted(path for path in root.rglob("*") if _may_be_yaml(path)):
        text = file.read_text("utf-8", errors="replace")
        for match in _DECLARED.finditer(text):
            if match["key"] != "task":
                found.setdefault(match["name"], None)
            elif file.suffix == ".yaml":
                found.setdefault(match["name"], file.parent)
        for block in _TAGS.finditer(text):
            for item in _ITEM.finditer(block["items"]):
                found.setdefault(item["name"], None)
    return found


def load(name: str, seed: int) -> dict[str, Task]:
    """The tasks behind a name: one, or all of a group or tag.

    Args:
        name: Task, group or tag of lm-eval.
        seed: Of everything that the tasks draw.

    Raises:
        AssetMissing: Its data cannot be had, or it needs what is not installed.
    """
    from audit.evals.seeds import SeededManager  # noqa: PLC0415 - imports lm-eval, which takes seconds

    folder = names().get(name)
    try:
        manager = SeededManager(seed, include_path=folder, include_defaults=folder is None)
        tasks: dict[str, Task] = manager.load([name])["tasks"]
    except AuditError:
        raise
    except Exception as error:  # code of lm-eval's tasks and of three hub clients raises anything
        raise AssetMissing(why(name, error)) from error
    return tasks


def why(name: str, error: Exception) -> str:
    """One line on why an lm-eval task does not run."""
    lines = str(error).strip().splitlines() or ["no message"]
    advice = ": fetch it into the hub's cache where there is a network, or leave the task out"
    reason = f"lm-eval's {name} cannot run here: {type(error).__name__}: {lines[0][:200]}"
    return reason + advice if isinstance(error, ConnectionError) else reason


def _may_be_yaml(path: Path) -> bool:
    """Task files, and the files they include, which bear any name."""
    return "yaml" in path.name or (not path.suffix and path.is_file())


def _root() -> Path:
    """Folder of lm-eval's task files, found without importing it."""
    spec = find_spec("lm_eval")
    if spec is None or spec.origin is None:
        msg = "lm-eval is not installed: pip install lm-eval"
        raise AssetMissing(msg)
    return Path(spec.origin).parent / "tasks"
