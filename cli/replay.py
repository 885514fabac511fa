"""``audit run --replay``: a run is made again from its recorded configuration, and the two are compared."""

from __future__ import annotations

from fnmatch import fnmatchcase
from shlex import quote
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from audit.cli import consent, values
from audit.cli.console import out, print_json
from audit.cli.options import typed_names
from audit.core.config import DEFAULT_OUT, BudgetConfig, RunConfig, TaskConfig, validate
from audit.core.errors import ConfigError, ExitCode, did_you_mean
from audit.core.records.files.json_file import plain
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.gate import evidence
from audit.gate.comparison.replay import compare_replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.cli.options import Given
    from audit.core.config import Limit, Section
    from audit.gate.comparison.replay import Replay

WORKERS = ("--workers", "--gpus-per-worker", "--ray")
FREE = {
    "--replay", "--model", "--data-dir", "--offline", "--out", "--budget", "--token-budget", "--tasks", "--limit",
    "--json", *WORKERS, *consent.OPTIONS,
}  # fmt: skip
"""Options that may be given: where things lie, what it may cost, which part is run again, and whose code is run."""
KEPT = {"budget", "plugins", "evals", "workers", "gpus_per_worker", "ray"}
"""Sections and fields that are not simply replaced by what was typed."""
MOST = 20
"""Metrics that are printed."""


def recorded(name: str, given: Given, arguments: Any) -> tuple[RunFolder, RunConfig]:  # noqa: ANN401 - the options of a command
    """The run that is made again, and the configuration to do it with.

    Args:
        name: The run: folder, run id or ``latest``.
        given: Options of the configuration that were typed.
        arguments: The command's other options, with ``tasks`` and ``limit``.

    Raises:
        ConfigError: An option would change what was recorded, the run was imported, the part is none of the run, or
            code would run without the user's consent.
        EvidenceInvalid: The files of the run contradict each other.
        RunFolderError: There is no such run.
    """
    taken = [typed for typed in (*given.names, *typed_names(arguments)) if typed not in FREE]
    if taken:
        msg = f"--replay takes the run's own configuration: leave out {taken[0]}"
        raise ConfigError(msg)
    folder = RunFolder.resolve(name, given.values.get("out", DEFAULT_OUT))
    manifest = folder.read_manifest()
    if "import" in manifest.config:
        msg = f"--replay {name}: another tool made the run {folder.path.name}: run it again with that tool"
        raise ConfigError(msg)
    if manifest.status == "running":
        finish = f"finish it with audit run --resume {quote(str(folder.path))}"
        msg = f"--replay {name}: the run {folder.path.name} has not ended: {finish}"
        raise ConfigError(msg)
    evidence.check(folder, ())  # before hours are spent on it
    config = validate(RunConfig, manifest.config, str(folder.manifest_path))
    consent.require(config, given, f"--replay {name}")
    config = _part(config, arguments.tasks, values.limit(arguments.limit))
    free = {key: value for key, value in given.values.items() if key not in KEPT}
    update: dict[str, Any] = {"out": DEFAULT_OUT, "budget": {}} | free
    budget = validate(BudgetConfig, given.values.get("budget", {}), "command line")  # of this command alone
    return folder, with_workers(config.model_copy(update=update | {"budget": budget}), given)


def with_workers(config: RunConfig, given: Given) -> RunConfig:
    """A recorded configuration with the workers of this command; no number depends on them.

    Raises:
        ConfigError: GPUs or a cluster are given to workers that there are not.
    """
    typed = {name: given.values.get(name) for name in ("workers", "gpus_per_worker", "ray")}
    return validate(RunConfig, {**plain(config), **typed}, "command line")


def is_part(arguments: Any) -> bool:  # noqa: ANN401 - the options of a command
    """Whether only some tasks or items are run again."""
    return arguments.tasks is not None or arguments.limit is not None


def _part(config: RunConfig, tasks: str | None, limit: Limit | None) -> RunConfig:
    """The configuration of a part of a run: without explanations, which are of samples chosen among all."""
    if tasks is None and limit is None:
        return config
    sections: dict[str, Section] = {}
    patterns = [name.strip() for name in tasks.split(",")] if tasks is not None else ["*"]
    names = [task.name for task in (*config.evals.tasks, *config.safety.tasks)]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            msg = f"--tasks {pattern}: the run that is replayed has no such task.{did_you_mean(pattern, names)}"
            raise ConfigError(msg)
    for suite in ("evals", "safety"):
        section = getattr(config, suite)
        kept = [task for task in section.tasks if any(fnmatchcase(task.name, pattern) for pattern in patterns)]
        update: dict[str, Any] = {"tasks": [_limited(task, limit) for task in kept]}
        if suite == "evals":
            update["samples"] = _samples(config, kept, limit)
        sections[suite] = section.model_copy(update=update)
    unexplained = config.explain.model_copy(update={"methods": [], "drivers": 0})
    return config.model_copy(update={**sections, "explain": unexplained})


def _samples(config: RunConfig, tasks: Sequence[TaskConfig], limit: Limit | None) -> dict[str, list[int | str]]:
    """Items that were named, of the tasks that are run again.

    Raises:
        ConfigError: A limit is given, too.
    """
    kept = {task.name for task in tasks}
    named = {name: items for name, items in config.evals.samples.items() if name in kept}
    if named and limit is not None:
        msg = f"--limit: the items of {next(iter(named))} were named with --samples: leave out --limit"
        raise ConfigError(msg)
    return named


def _limited(task: TaskConfig, limit: Limit | None) -> TaskConfig:
    """A task with fewer items, which are among those of the larger draw.

    Raises:
        ConfigError: The limit is not smaller, or cannot be compared with the recorded one.
    """
    if limit is None:
        return task
    old = task.limit
    if old is not None and old != "all":
        if limit == "all" or (limit < 1) != (old < 1):
            msg = f"--limit {limit}: {task.name} was run with the limit {old:g}: give a smaller one of this kind"
            raise ConfigError(msg)
        limit = min(limit, old)
    return task.model_copy(update={"limit": limit})


def conclude(folder: RunFolder, done: RunFolder, *, part: bool, as_json: bool) -> int:
    """Compare a run with its replay and say what differs.

    Returns:
        The exit code: 0 where all is equal, 12 where something differs, 13 where the replay is incomplete or has no
        items.
    """
    found = compare_replay(folder, done, part=part)
    whole = done.read_manifest().status == "complete" or folder.read_manifest().status != "complete"
    ended = whole and any(task.replayed for task in found.tasks)
    if as_json:
        print_json(found.model_dump(mode="json") | {"equal": found.equal, "run": str(done.path)})
    else:
        _show(found, done, ended=ended)
    if not ended:
        return ExitCode.INCOMPLETE
    return ExitCode.DONE if found.equal else ExitCode.EVIDENCE_INVALID


def _show(found: Replay, done: RunFolder, *, ended: bool) -> None:
    """What decides results and differs, a table of tasks, metrics that differ, and the result as the last line."""
    for cause in found.causes:
        out.print(Text(printable(f"not as recorded: {cause}", 300), style="yellow"), soft_wrap=True)
    columns = ("task", "recorded", "replayed", "missing", "added", "prompts", "answers", "scores", "largest difference")
    table = Table(*columns, title=f"items of {found.recorded} that differ", title_justify="left")
    for task in found.tasks:
        counts = (task.missing, task.added, task.prompts, task.answers, task.scores)
        cells = [Text(str(count), style="red" if count else "") for count in counts]
        largest = f"{task.largest:.2g}"
        table.add_row(Text(printable(task.task, 80)), str(task.recorded), str(task.replayed), *cells, largest)
    out.print(table)
    for text in _differences(found):
        out.print(Text(printable(text, 300), style="red"), soft_wrap=True)
    out.print(Text(f"replay  {done.path}"), soft_wrap=True)
    out.print(Text(_last_line(found, ended=ended), style="bold green" if found.equal and ended else "bold red"))


def _differences(found: Replay) -> Iterator[str]:
    """Items that differ, and metrics."""
    for task in found.tasks:
        if task.first:
            yield f"{task.task}: first items that differ: {', '.join(task.first)}"
    yield from found.different[:MOST]
    if len(found.different) > MOST:
        yield f"and {len(found.different) - MOST:,} more metrics: --json lists all"


def _last_line(found: Replay, *, ended: bool) -> str:
    """``EQUAL: 40 items, 12 metrics``."""
    items = sum(task.replayed for task in found.tasks)
    if not ended:
        return f"INCOMPLETE: {items:,} items were run again before the replay ended"
    if found.equal:
        compared = f", {found.metrics:,} metrics" if found.metrics else "; metrics are over other items, not compared"
        return f"EQUAL: {items:,} items{compared}"
    differ = sum(not task.equal for task in found.tasks)
    what = f"{differ} of {len(found.tasks)} tasks and {len(found.different)} of {found.metrics} metrics"
    why = "; what is not as recorded comes first" if found.causes else ", under the recorded circumstances"
    return f"DIFFERENT: {what} differ{why}"
