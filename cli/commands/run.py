"""``audit run``: audits a checkpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli import consent, interrupts, policies, replay, values, verbosity
from audit.cli.advice.next_steps import Judging, after_run, show
from audit.cli.console import JsonFlag, err, finish_output, out, print_json
from audit.cli.options import ConfigFile, Given, command, typed_names
from audit.cli.own_data import Columns, TaskFile, file_tasks
from audit.cli.progress import Bars
from audit.cli.results_table import draw_lines, results_table
from audit.cli.sharding import shard as sharding
from audit.core import assets, collector
from audit.core.assets.model_name import refuse_unknown_path
from audit.core.config import DEFAULT_OUT, BudgetConfig, RunConfig, load_config, validate
from audit.core.errors import BudgetSpent, ConfigError, ExitCode, Interrupted
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.gate import evidence
from audit.stats.aggregate import UNSCORED
from audit.stats.cut_answers import cut_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.config import Limit
    from audit.core.records import Metric, RunManifest
    from audit.pipeline.until_decided import UntilDecided

TRUNCATED_PROMPTS = "truncated_prompts"

EXAMPLES = """\b
Examples:
  audit run                                   the default checkpoint, quick
  audit run --model ./my-checkpoint --profile standard
  audit run --model ./my-checkpoint --tasks boolq,crows_pairs --limit 50
  audit run --tasks 'arc_*' lm-eval:mmlu ./my_task.yaml --num-fewshot 5
  audit run --task-file questions.csv         your own questions: docs/howto/own_data.md
  audit run --resume latest                   after Ctrl-C, a crash or a spent --budget
  audit run --extend latest --limit 400       more items for a finished run
  audit run --shard 2/4                       a quarter of the requests; 'audit merge' joins all four
  audit run --policy policy.yaml              registers the rules before anything is measured
  audit run --replay latest                   the same again, compared item by item
  audit run --until-decided policy.yaml --baseline runs/RELEASED --budget 30m     as many items as the rules need
"""


@dataclass(frozen=True)
class RunArguments:
    """The options of ``audit run`` that set no single field of the configuration."""

    config: ConfigFile = None
    tasks: Annotated[
        str | None,
        typer.Option(help="Tasks and probes, separated by commas: names, lm-eval:NAME, globs, task files, folders."),
    ] = None
    task_file: TaskFile = None
    columns: Columns = None
    limit: Annotated[
        str | None, typer.Option(help="Maximum number of items per task: a number, a share such as 0.1, or all.")
    ] = None
    samples: Annotated[
        str | None, typer.Option(help='Items to run: positions or sample_ids "0,3", or JSON {"task": [0, 3]}.')
    ] = None
    write_out: Annotated[bool, typer.Option("--write-out", help="Show the first prompt of each task.")] = False
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Answer part I of N, counted from 1, of each task's requests and measure nothing: 'audit merge' joins "
            "all parts.",
        ),
    ] = None
    no_explain: Annotated[bool, typer.Option("--no-explain", help="Skip the explanations.")] = False
    resume: Annotated[str | None, typer.Option(help="Finish a run: run folder, run id or 'latest'.")] = None
    extend: Annotated[
        str | None, typer.Option(help="Add items to a run, up to the new --limit: run folder, run id or 'latest'.")
    ] = None
    policy: Annotated[
        Path | None,
        typer.Option(
            help="Register the policy that the run will be judged under: its digest goes into the manifest before "
            "anything is measured, and the gate checks it. A YAML file, or a shipped policy by its name."
        ),
    ] = None
    replay: Annotated[
        str | None,
        typer.Option(
            help="Make a run again into a new folder and compare: run folder, run id or 'latest'. --tasks and --limit "
            "choose a part. Exit code 12 if results differ."
        ),
    ] = None
    until_decided: Annotated[
        Path | None,
        typer.Option(
            metavar="POLICY",
            help="Register a policy as --policy does, and measure items until every rule of it is decided.",
        ),
    ] = None
    baseline: Annotated[
        str | None, typer.Option(metavar="RUN", help="Run that the rules of --until-decided compare with.")
    ] = None
    database: Annotated[
        str | None,
        typer.Option(help="Ratings database; poorly rated outputs are explained too. Default: OUT/ratings.sqlite."),
    ] = None
    as_json: JsonFlag = False


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("run", epilog=EXAMPLES)(command("run", run, RunArguments, first=("--model", "--profile")))


def run(given: Given, arguments: RunArguments) -> int:
    """Audit a checkpoint: benchmarks, safety probes, explanations, report card.

    Command-line options override the --config file, which overrides the profile.
    """
    fixed = {"--extend": arguments.extend, "--samples": arguments.samples}
    whole: dict[str, object] = {
        "--until-decided": arguments.until_decided,
        "--replay": arguments.replay,
        "--extend": arguments.extend,
        "--write-out": arguments.write_out,
        "--database": arguments.database,
    }
    shard = sharding.shard(arguments.shard, whole)
    until = policies.until_decided(given, arguments.until_decided, arguments.baseline, fixed)
    again, folder, config = _asked(given, arguments, until)
    shard = shard or sharding.recorded_shard(folder, whole)
    new = config if again is None and folder is None else None
    if new is not None:
        config = policies.with_bounds(new, arguments.policy or arguments.until_decided)
    policy = policies.registered_policy(arguments.policy, arguments.until_decided, new)
    with collector.paused():  # imports leave nothing to collect, and looking for it is a fifth of what they take
        from audit.pipeline import audit as pipeline  # noqa: PLC0415 - slow: slips of the command line come first

    bars = Bars(quiet=verbosity.chosen.quiet or arguments.as_json)
    interrupts.when_stuck(lambda stopped: leave_interrupted(stopped, until, as_json=arguments.as_json))
    try:
        with bars:
            if shard is not None:
                from audit.pipeline.shards.answering import answer_shard  # noqa: PLC0415 - see above

                answered = answer_shard(config, bars, shard, resume=folder, policy=policy)
                return sharding.conclude(answered, as_json=arguments.as_json)
            done = pipeline.audit(
                config,
                bars,
                resume=folder,
                extend=arguments.extend is not None,
                until=until,
                database=arguments.database,
                write_out=arguments.write_out,
                like=again,
                policy=policy,
            )
    except Interrupted as stopped:
        return leave_interrupted(stopped, until, as_json=arguments.as_json)
    if again is not None:
        return replay.conclude(again, done, part=replay.is_part(arguments), as_json=arguments.as_json)
    code = conclude(done, as_json=arguments.as_json)
    if not arguments.as_json:
        by = Judging(arguments.policy or arguments.until_decided, until.baseline if until else None)
        manifest = done.read_manifest()
        show(after_run(done, manifest.status, by, allowed(manifest, done)))
    return code


def _asked(
    given: Given, arguments: RunArguments, until: UntilDecided | None
) -> tuple[RunFolder | None, RunFolder | None, RunConfig]:
    """The run that is made again, the run that goes on, and the configuration of what is to be run.

    Raises:
        ConfigError: Options contradict each other.
    """
    if arguments.replay is not None:
        again, config = replay.recorded(arguments.replay, given, arguments)
        return again, None, config
    continued = _continued(given, arguments)
    return (None, *(continued or (None, _configured(given, arguments, until))))


def _configured(given: Given, arguments: RunArguments, until: UntilDecided | None) -> RunConfig:
    """The configuration of a new run: profile, file and options, and the tasks that were named.

    A run that goes on until a policy is decided has the policy's tasks unless others are named, up to all items.
    """
    unexplained = {"explain": {"methods": [], "drivers": 0}} if arguments.no_explain else {}
    config = load_config(arguments.config, {**given.values, **unexplained})
    for model in filter(None, (config.model, config.base)):
        refuse_unknown_path(model)
    assets.read_ahead(config.model)
    names = [name.strip() for name in arguments.tasks.split(",")] if arguments.tasks is not None else []
    own = file_tasks(arguments.task_file, arguments.columns)
    limit = values.limit(arguments.limit)
    if until is not None:
        limit = limit or "all"
        names = names or ([] if own else until.tasks(config))
    from audit.pipeline import configuration  # noqa: PLC0415 - see run

    return configuration.choose_tasks(config, names, limit, values.samples(arguments.samples), own=own)


def _continued(given: Given, arguments: RunArguments) -> tuple[RunFolder, RunConfig] | None:
    """The run that ``--resume`` or ``--extend`` names and its own configuration; None for a new run.

    Raises:
        ConfigError: Both are given, or an option that the run has decided.
    """
    if arguments.resume is not None and arguments.extend is not None:
        msg = "--resume finishes a run, --extend gives it more items and finishes it: give one of them"
        raise ConfigError(msg)
    if arguments.resume is not None:
        return _kept("--resume", arguments.resume, given, arguments)
    if arguments.extend is not None:
        folder, config = _kept("--extend", arguments.extend, given, arguments)
        from audit.pipeline import configuration  # noqa: PLC0415 - see run

        return folder, configuration.extended(config, values.limit(arguments.limit))
    return None


def _kept(option: str, name: str, given: Given, arguments: RunArguments) -> tuple[RunFolder, RunConfig]:
    """The run that goes on and its own configuration.

    Raises:
        ConfigError: Another option was given: a run that goes on keeps its configuration; or code would run without
            the user's consent.
    """
    free = {option, *replay.WORKERS, "--budget", "--token-budget", "--out", "--write-out", "--json", *consent.OPTIONS}
    free |= {"--limit"} if option == "--extend" else {"--until-decided", "--baseline"}
    taken = [typed for typed in (*given.names, *typed_names(arguments)) if typed not in free]
    if taken:
        more = ", or add items with --extend RUN --limit N" if taken[0] == "--limit" else ""
        msg = f"{option} keeps the run's own configuration: leave out {taken[0]}{more}"
        raise ConfigError(msg)
    folder = RunFolder.resolve(name, given.values.get("out", DEFAULT_OUT))
    config = validate(RunConfig, folder.read_manifest().config, f"{folder.path / 'manifest.json'}")
    consent.require(config, given, f"{option} {name}")
    budget = validate(BudgetConfig, given.values.get("budget", {}), "command line")  # of this command alone
    config = config.model_copy(update={"out": folder.path.resolve().parent, "budget": budget})
    return folder, replay.with_workers(config, given)


def leave_interrupted(stopped: Interrupted, until: UntilDecided | None, *, as_json: bool) -> int:
    """Say how an interrupted run goes on; its manifest says that it was interrupted, whenever that was.

    A run that lacks only its report card is shown and ends as any complete run does.

    Returns:
        The exit code.
    """
    if stopped.folder is None:
        err.print(str(stopped), markup=False)
        return ExitCode.INCOMPLETE
    folder = RunFolder(stopped.folder)
    manifest = folder.read_manifest()
    complete = manifest.status == "complete"
    if manifest.status == "running":  # before its first task
        update = {"status": "partial", "finished": datetime.now(UTC), "interrupted": True}
        evidence.seal(folder, manifest.model_copy(update=update))
    resume = until.command(folder) if until else f"audit run --resume {quote(str(folder.path))}"
    command = f"{resume}{allowed(manifest, folder)}"
    # made again: a thread that watches does not know how the run stands
    advice = Interrupted(folder.path, complete=complete, command=command)
    if isinstance(stopped, BudgetSpent):
        advice = BudgetSpent(stopped.limit, folder.path, command=command)
    err.print(str(advice), markup=False, highlight=False, soft_wrap=True)
    if not complete:
        return ExitCode.INCOMPLETE
    code = conclude(folder, as_json=as_json)
    finish_output()  # the process may end without its usual end
    return code


def allowed(manifest: RunManifest, folder: RunFolder) -> str:
    """The options without which a run does not go on, because it may load code."""
    return consent.typed(validate(RunConfig, manifest.config, str(folder.manifest_path)))


def conclude(done: RunFolder, *, as_json: bool) -> int:
    """Show a run that has ended; an interruption of this changes nothing.

    Returns:
        The exit code.
    """
    try:
        _show(done, as_json=as_json)
    except KeyboardInterrupt:
        line = f"interrupted while the results were printed: they are in {done.path}"
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    return ExitCode.DONE if done.read_manifest().status == "complete" else ExitCode.INCOMPLETE


def _show(folder: RunFolder, *, as_json: bool) -> None:
    """Primary metrics with intervals, what did not run, and the paths written."""
    manifest, metrics = folder.read_manifest(), folder.read_metrics()
    if as_json:
        print_json({"run": str(folder.path), "manifest": manifest, "metrics": metrics})
        return
    primary = [metric for metric in metrics if metric.primary and metric.slice is None]
    idle = [metric for metric in primary if metric.suite == "explain" and metric.value is None and metric.n == 0]
    measured = [metric for metric in primary if metric not in idle]
    if measured:
        out.print(results_table(manifest, measured, out.width))
    else:
        out.print(f"{manifest.run_id}: nothing was measured", markup=False, highlight=False, soft_wrap=True)
    for reason, methods in _by_reason(idle).items():
        out.print(f"not explained by {', '.join(methods)}: {printable(reason)}", markup=False, soft_wrap=True)
    for missing in manifest.not_run:
        what = "not run (optional)" if missing.optional else "not run"
        out.print(f"{what}: {missing.task}: {printable(missing.reason)}", markup=False, style="yellow", soft_wrap=True)
    for line in _gaps(folder, metrics):
        out.print(line, markup=False, style="yellow", soft_wrap=True)
    scorers = [f"{asset.name} {asset.version}" for asset in manifest.assets if asset.kind == "scorer"]
    for line in (
        *draw_lines(primary, metrics),
        *([f"scorers {printable(', '.join(scorers))}"] if scorers else []),
        *([f"limit   {limits}"] if (limits := _limits(manifest)) else []),
        *([f"looks   {manifest.looks.remark}"] if manifest.looks else []),
        *([f"engine  {printable(manifest.certificate.line, 1000)}"] if manifest.certificate else []),
        f"status  {manifest.status}",
        *([f"report  {folder.report_path}"] if folder.report_path.exists() else []),
        f"metrics {folder.path / 'metrics.json'}",
    ):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _gaps(folder: RunFolder, metrics: list[Metric]) -> Iterator[str]:
    """What keeps values from saying all: items without a score or a value, answers and prompts that were cut."""
    for metric in metrics:
        if metric.slice is None and metric.missing:
            yield f"left out: {metric.name}: {metric.missing} of {metric.n + metric.missing} scored items have no value"
        if metric.slice is None and metric.value and metric.metric == UNSCORED:
            yield f"not scored: {metric.task}: {metric.value:.0f} of {metric.n}{_first_error(folder, metric)}"
        if metric.slice is None and metric.value and metric.metric == TRUNCATED_PROMPTS:
            yield f"prompts cut: {metric.task}: {metric.value:.0f} of {metric.n} are longer than the context"
        if metric.slice is None and metric.primary and (cut := cut_text(metric, metrics, folder.read_samples)):
            yield f"answers cut: {metric.name}: {cut}"


def _first_error(folder: RunFolder, metric: Metric) -> str:
    """Why a first sample of the metric's task was not scored, in brackets; a method of explanation has no samples."""
    held = (metric.suite, metric.task) in folder.tasks()
    samples = folder.read_samples(metric.suite, metric.task) if held else []
    error = next((one.error for one in samples if one.error), None)
    return f" ({printable(error, 300)})" if error else ""


def _limits(manifest: RunManifest) -> str:
    """How many items of each task were asked for: the run's limit, the tasks that have another, and named items.

    Empty where no task has more items than that.
    """
    config = manifest.config
    chosen: dict[str, list[int | str]] = config["evals"].get("samples") or {}
    named = [f"items of {name}: {', '.join(map(str, items))}" for name, items in chosen.items()]
    drawn = [t for t in (*config["evals"]["tasks"], *config["safety"]["tasks"]) if t["name"] not in chosen]
    drawn = [task for task in drawn if _is_cut(task["limit"], manifest, task["name"])]
    own: dict[str, list[str]] = {}
    for task in drawn:
        if (task["limit"] or "all") != (config.get("limit") or "all"):
            own.setdefault(_limit_text(task["limit"]), []).append(task["name"])
    others = [f"{limit}: {', '.join(names)}" for limit, names in own.items()]
    text = f"{_limit_text(config.get('limit'))} of each task (profile {config['profile']}, --limit changes it)"
    return printable("; ".join([*([text] if drawn else []), *others, *named]), 600)


def _is_cut(limit: Limit | None, manifest: RunManifest, task: str) -> bool:
    """Whether a task may have more items than its limit; one that did not run, or of unknown size, may."""
    if limit is None or limit == "all":
        return False
    return limit < 1 or limit < manifest.items_available.get(task, math.inf)


def _limit_text(limit: Limit | None) -> str:
    """A limit in words."""
    if limit is None or limit == "all":
        return "all items"
    return f"{limit:.4g} of the items" if limit < 1 else f"{limit} items"


def _by_reason(metrics: list[Metric]) -> dict[str, list[str]]:
    """Tasks of metrics without a value, by the reason."""
    tasks: dict[str, list[str]] = {}
    for metric in metrics:
        tasks.setdefault(metric.error or "", []).append(metric.task)
    return tasks
