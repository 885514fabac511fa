"""``audit tasks``: what can be measured, and whether its data is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from audit.cli import console
from audit.core import assets
from audit.core.errors import ConfigError

DataDirs = Annotated[
    list[Path] | None,
    typer.Option("--data-dir", help="Folder with data sets in their publishers' formats; may be repeated."),
]

IncludePath = Annotated[
    list[Path] | None, typer.Option("--include-path", help="Folder with lm-eval task files; may be repeated.")
]

_EPILOG = "Examples: audit tasks list · audit tasks list --all · audit tasks list --include-path ./my-tasks --json"


def register(app: typer.Typer) -> None:
    """Add ``audit tasks list``."""
    group = typer.Typer(help="What can be measured.", epilog=_EPILOG, no_args_is_help=True, rich_markup_mode=None)
    group.command("list", epilog=_EPILOG)(list_tasks)
    app.add_typer(group, name="tasks")


def list_tasks(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Add the names of all tasks that lm-eval brings.")] = False,
    data_dir: DataDirs = None,
    include_path: IncludePath = None,
    as_json: console.JsonFlag = False,
) -> None:
    """Tasks and probes with a description and whether their data is on disk; fetches nothing."""
    assets.configure(data_dirs=data_dir or (), offline=True)
    entries = [*_tasks(), *_probes(), *_included(include_path or []), *(_lm_eval() if everything else [])]
    if as_json:
        console.print_json(entries)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("suite", "name", "data"):
        table.add_column(column, no_wrap=True)
    table.add_column("what")
    for entry in entries:
        table.add_row(entry["suite"], entry["name"], entry["data"], entry["description"])
    console.out.print(table, markup=False)
    if not everything:
        console.err.print("any other lm-eval task runs by its name: --all lists them", highlight=False)


def _tasks() -> list[dict[str, Any]]:
    """The audit's own benchmark tasks."""
    from audit.evals.catalogue import own_tasks  # noqa: PLC0415 - only this command needs it

    return [_entry("evals", task.name, task.description, list(task.data)) for task in own_tasks().values()]


def _probes() -> list[dict[str, Any]]:
    """The safety probes."""
    from audit.safety.suite import PROBES  # noqa: PLC0415 - only this command needs it

    return [_entry("safety", probe.name, probe.description, list(probe.datasets)) for probe in PROBES.values()]


def _included(folders: list[Path]) -> list[dict[str, Any]]:
    """Tasks, groups and tags of the user's task files, with the file or format that their rows come from."""
    from audit.evals.catalogue import read_fields  # noqa: PLC0415 - see above
    from audit.evals.lm_eval import tasks as lm_eval_tasks  # noqa: PLC0415 - only this command needs it

    missing = next((folder for folder in folders if not folder.exists()), None)
    if missing is not None:
        msg = f"--include-path {missing}: no such folder"
        raise ConfigError(msg)
    entries = []
    for name, file in sorted(lm_eval_tasks.declared([folder.resolve() for folder in folders]).items()):
        about = (read_fields(file).get("metadata") or {}) if file else {}
        described = about.get("description") if isinstance(about, dict) else None
        entry = _entry("file", name, str(described or (file.name if file else "group or tag")), [])
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
    return f"missing: {', '.join(missing)}" if missing else "at hand"


def _lm_eval() -> list[dict[str, Any]]:
    """Names that lm-eval knows and the audit has no task of its own for; where their data lies is not known."""
    from audit.evals.catalogue import own_tasks  # noqa: PLC0415 - see above
    from audit.evals.lm_eval import tasks as lm_eval_tasks  # noqa: PLC0415 - reads 14,000 files
    from audit.safety.suite import PROBES  # noqa: PLC0415 - see above

    names = sorted(set(lm_eval_tasks.names()) - set(own_tasks()) - set(PROBES))
    return [_entry("lm-eval", name, "", []) for name in names]


def _entry(suite: str, name: str, description: str, data: list[str]) -> dict[str, Any]:
    """One line of the list."""
    missing = [asset for asset in data if not assets.at_hand(asset)]
    at_hand = "unknown" if suite == "lm-eval" else f"missing: {', '.join(missing)}" if missing else "at hand"
    return {"suite": suite, "name": name, "description": description, "data_sets": data, "data": at_hand}
