"""``audit tasks``: what can be measured, and whether its data is at hand."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from audit.cli import console
from audit.cli.options import Given, command
from audit.cli.own_data import Columns, TaskFile, as_read, file_tasks, lines
from audit.core import assets
from audit.core.errors import ConfigError, SandboxUnavailable
from audit.core.sandbox.sandbox import this_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.core.config import TaskConfig

OWN = "audit"
"""Where the audit's own tasks and probes come from; the others come from lm-eval, a file, or a plug-in by its name."""

_EPILOG = """\b
Examples:
  audit tasks list
  audit tasks list --all
  audit tasks list --include-path ./my-tasks --json
  audit tasks list --task-file questions.csv     how your own questions are read
"""


def register(app: typer.Typer) -> None:
    """Add ``audit tasks list``."""
    group = typer.Typer(help="What can be measured.", epilog=_EPILOG, no_args_is_help=True, rich_markup_mode=None)
    group.command("list", epilog=_EPILOG)(command("tasks list", list_tasks, TasksArguments))
    app.add_typer(group, name="tasks")


@dataclass(frozen=True)
class TasksArguments:
    """The options of ``audit tasks list`` that are not the configuration's."""

    everything: Annotated[bool, typer.Option("--all", help="Add the names of all tasks in lm-eval.")] = False
    task_file: TaskFile = None
    columns: Columns = None
    as_json: console.JsonFlag = False


def list_tasks(given: Given, arguments: TasksArguments) -> None:
    """Tasks and probes with a description and whether their data is on disk; fetches nothing.

    With --task-file: how your own questions are read, and the first prompt.
    """
    if own := file_tasks(arguments.task_file, arguments.columns):
        _show_own_data(own[0], as_json=arguments.as_json)
        return
    from audit.pipeline import plugins  # noqa: PLC0415 - only this command needs it

    assets.configure(data_dirs=given.values.get("data_dirs", ()), offline=True)
    plugins.load_plugins(given.values.get("plugins", []))
    included = _included(given.values.get("evals", {}).get("include_path", []))
    entries = [*_tasks(), *_probes(), *_of_plugins(), *included, *(_lm_eval() if arguments.everything else [])]
    if arguments.as_json:
        console.print_json(entries)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("suite", "from", "name"):
        table.add_column(column, no_wrap=True, min_width=max(len(entry[column]) for entry in entries))
    table.add_column("data")
    table.add_column("what")
    for entry in entries:
        table.add_row(*(entry[column] for column in ("suite", "from", "name", "data", "description")))
    console.out.print(table, markup=False)
    if not arguments.everything:
        console.err.print("any other lm-eval task can be run by its name; --all lists them", highlight=False)


def _show_own_data(task: TaskConfig, *, as_json: bool) -> None:
    """How a file of questions is read."""
    from audit.evals.own_data.questions import read_questions  # noqa: PLC0415 - only this option needs it

    read = as_read(read_questions(task))
    if as_json:
        console.print_json(read)
        return
    for line in lines(read):
        console.out.print(line, markup=False, highlight=False, soft_wrap=True)


def _tasks() -> list[dict[str, Any]]:
    """The audit's own benchmark tasks."""
    from audit.evals.catalogue import own_tasks  # noqa: PLC0415 - only this command needs it

    return [
        _entry("evals", task.name, task.description, list(task.data), packages=task.packages, sandbox=task.sandbox)
        for task in own_tasks().values()
    ]


def _probes() -> list[dict[str, Any]]:
    """The safety probes."""
    from audit.pipeline.plugin_parts import PROBE  # noqa: PLC0415 - see above
    from audit.pipeline.plugins import owner  # noqa: PLC0415 - see above
    from audit.safety.suite import PROBES  # noqa: PLC0415 - only this command needs it

    return [
        _entry("safety", probe.name, probe.description, list(probe.datasets), owner(PROBE, probe.name) or OWN)
        for probe in PROBES.values()
    ]


def _of_plugins() -> list[dict[str, Any]]:
    """Tasks, groups and tags of plug-ins."""
    from audit.pipeline.plugin_parts import TASK, TASKS  # noqa: PLC0415 - see above
    from audit.pipeline.plugins import owner  # noqa: PLC0415 - see above

    return [
        {**entry, "suite": "evals", "from": owner(TASK, entry["name"]) or entry["from"]}
        for entry in _declared(dict.fromkeys(TASKS.values()))
    ]


def _included(folders: list[Path]) -> list[dict[str, Any]]:
    """Tasks, groups and tags of the user's task files."""
    missing = next((folder for folder in folders if not folder.exists()), None)
    if missing is not None:
        msg = f"--include-path {missing}: no such folder: check the path"
        raise ConfigError(msg)
    return _declared(folder.resolve() for folder in folders)


def _declared(places: Iterable[Path]) -> list[dict[str, Any]]:
    """Tasks, groups and tags of task files, with the file or format that their rows come from."""
    from audit.evals.catalogue import read_fields  # noqa: PLC0415 - only this command needs it
    from audit.evals.lm_eval import tasks as lm_eval_tasks  # noqa: PLC0415 - see above

    entries = []
    for name, file in sorted(lm_eval_tasks.declared(places).items()):
        about = (read_fields(file).get("metadata") or {}) if file else {}
        described = about.get("description") if isinstance(about, dict) else None
        entry = _entry("file", name, str(described or (file.name if file else "group or tag")), [], "file")
        entries.append({**entry, "data": _file_data(file) if file else "unknown"})
    return entries


def _file_data(file: Path) -> str:
    """Whether the rows of a task file are in files of this machine."""
    from audit.evals.catalogue import read_fields  # noqa: PLC0415 - only this command needs it
    from audit.evals.lm_eval.sources import BUILDERS, local_files  # noqa: PLC0415 - see above

    fields = read_fields(file)
    if fields.get("dataset_path") not in BUILDERS:
        return "unknown"
    wanted, found = local_files(fields, file.parent)
    missing = [name for name in wanted if name not in found]
    return f"missing: {', '.join(missing)}" if missing else "available"


def _lm_eval() -> list[dict[str, Any]]:
    """Names that lm-eval knows and the audit has no own task for; the location of their data is not known."""
    from audit.evals.catalogue import own_tasks  # noqa: PLC0415 - see above
    from audit.evals.lm_eval import tasks as lm_eval_tasks  # noqa: PLC0415 - reads 14,000 files
    from audit.safety.suite import PROBES  # noqa: PLC0415 - see above

    names = sorted(set(lm_eval_tasks.names()) - set(own_tasks()) - set(PROBES))
    return [_entry("lm-eval", name, "", [], "lm-eval") for name in names]


def _entry(
    suite: str,
    name: str,
    description: str,
    data: list[str],
    origin: str = OWN,
    packages: Mapping[str, str] | None = None,
    *,
    sandbox: bool = False,
) -> dict[str, Any]:
    """One line of the list."""
    missing = [asset for asset in data if not assets.at_hand(asset)]
    missing += [f"checkpoint-audit[{extra}]" for module, extra in (packages or {}).items() if find_spec(module) is None]
    missing += [lacking] if sandbox and (lacking := _no_sandbox()) else []
    at_hand = "unknown" if suite == "lm-eval" else f"missing: {', '.join(missing)}" if missing else "available"
    return {
        "suite": suite,
        "from": origin,
        "name": name,
        "description": description,
        "data_sets": data,
        "data": at_hand,
    }


def _no_sandbox() -> str:
    """What a task that runs programs lacks on this machine; empty if nothing."""
    if which("bwrap") is None:
        return "bubblewrap"
    try:
        this_sandbox()
    except SandboxUnavailable:
        return "a sandbox (`audit doctor` says why)"
    return ""
