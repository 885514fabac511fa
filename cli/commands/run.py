"""``audit run``: audits a checkpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from audit.cli import interrupts, loading, values, verbosity
from audit.cli.console import JsonFlag, err, out, print_json
from audit.cli.progress import Bars
from audit.core.config import RunConfig, load_config, validate
from audit.core.errors import ConfigError, Interrupted
from audit.core.formatting import DIRECTION_KEY, interval, number, unit_text
from audit.core.records import INTERRUPTED
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.gate import evidence
from audit.stats.aggregate import NO_INTERVAL, UNSCORED
from audit.stats.cut_answers import cut_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.config import Limit
    from audit.core.records import Metric, RunManifest

INCOMPLETE = 13
TRUNCATED_PROMPTS = "truncated_prompts"

EXAMPLES = """\b
Examples:
  audit run                                   the default checkpoint, quick
  audit run --model ./my-checkpoint --profile standard
  audit run --model ./my-checkpoint --tasks boolq,crows_pairs --limit 50
  audit run --tasks 'arc_*' lm-eval:mmlu ./my_task.yaml --num-fewshot 5
  audit run --resume latest                   after Ctrl-C or a crash
  audit run --extend latest --limit 400       more items for a finished run
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("run", epilog=EXAMPLES)(run)


def run(  # noqa: PLR0913 - one parameter per option of the contract
    *,
    model: loading.Model = None,
    base: loading.Base = None,
    revision: loading.Revision = None,
    profile: Annotated[str | None, typer.Option(help="quick, standard or full.")] = None,
    config: loading.Config = None,
    tasks: Annotated[
        str | None,
        typer.Option(help="Tasks and probes, separated by commas: names, lm-eval:NAME, globs, task files, folders."),
    ] = None,
    include_path: Annotated[list[Path] | None, typer.Option(help="Folder with lm-eval task files; repeatable.")] = None,
    limit: Annotated[
        str | None, typer.Option(help="Items per task at most: a number, a share such as 0.1, or all.")
    ] = None,
    samples: Annotated[
        str | None, typer.Option(help='Items: positions or sample_ids "0,3", or JSON {"task": [0, 3]}.')
    ] = None,
    num_fewshot: Annotated[int | None, typer.Option(min=0, help="Examples in each prompt.")] = None,
    gen_kwargs: Annotated[
        str | None, typer.Option(help="Generation settings: max_gen_toks=1024,temperature=0.7 or JSON.")
    ] = None,
    system_instruction: Annotated[str | None, typer.Option(help="System turn of every benchmark prompt.")] = None,
    chat_template: loading.ChatTemplate = None,
    chat_template_args: loading.ChatTemplateArgs = None,
    fewshot_as_multiturn: Annotated[
        str | None, typer.Option(metavar="true|false", help="Examples as turns of the conversation.")
    ] = None,
    thinking_tokens: loading.ThinkingTokens = None,
    think_end: loading.ThinkEnd = None,
    metadata: Annotated[str | None, typer.Option(help="JSON for tasks that make their data, such as RULER.")] = None,
    write_out: Annotated[bool, typer.Option("--write-out", help="Show the first prompt of each task.")] = False,
    no_explain: Annotated[bool, typer.Option("--no-explain", help="Explain nothing.")] = False,
    device: loading.Device = None,
    device_map: loading.DeviceMap = None,
    dtype: loading.Dtype = None,
    quantization: loading.Quantization = None,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Folder that the run folder is made in.")] = None,
    data_dir: loading.DataDir = None,
    resume: Annotated[str | None, typer.Option(help="Run folder, run id or 'latest': finish it.")] = None,
    extend: Annotated[
        str | None, typer.Option(help="Run folder, run id or 'latest': more items, up to the new --limit.")
    ] = None,
    offline: loading.Offline = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seeds item choice, sampling and the bootstrap.")] = None,
    max_length: loading.MaxLength = None,
    trust_remote_code: loading.TrustRemoteCode = None,
    allow_pickle: loading.AllowPickle = None,
    keep_raw: Annotated[
        bool | None, typer.Option("--keep-raw", help="Keep outputs with personal data in raw.jsonl, mode 0600.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="URL of the ratings: badly rated outputs are explained. Default OUT/ratings.sqlite."),
    ] = None,
    tokenizer: loading.Tokenizer = None,
    as_json: JsonFlag = False,
) -> int:
    """Audit a checkpoint: benchmarks, safety probes, explanations, report card.

    Values come from the profile, then the --config file, then the flags.
    """
    from audit.pipeline import audit as pipeline  # noqa: PLC0415 - torch and transformers take seconds to import
    from audit.pipeline import configuration  # noqa: PLC0415 - as above

    flags: dict[str, Any] = {
        **loading.flags(locals()),
        "profile": profile,
        "out": out_folder,
        "seed": seed,
        "keep_raw": keep_raw,
        "evals": {
            "include_path": include_path,
            "num_fewshot": num_fewshot,
            "gen_kwargs": values.settings(gen_kwargs, "--gen-kwargs"),
            "system_instruction": system_instruction,
            "fewshot_as_multiturn": values.boolean(fewshot_as_multiturn, "--fewshot-as-multiturn"),
            "metadata": values.settings(metadata, "--metadata"),
        },
        "explain": {"methods": [], "drivers": 0} if no_explain else None,
    }
    wanted = values.limit(limit)
    others = {"config": config, "tasks": tasks, "samples": samples, "database": database}
    folder = None
    if resume is not None and extend is not None:
        msg = "--resume finishes a run, --extend gives it more items and finishes it: give one of them"
        raise ConfigError(msg)
    if resume is not None:
        folder, resolved = _kept("--resume", resume, out_folder, {**flags, **others, "limit": limit})
    elif extend is not None:
        folder, resolved = _kept("--extend", extend, out_folder, {**flags, **others})
        resolved = configuration.extended(resolved, wanted)
    else:
        names = [name.strip() for name in tasks.split(",")] if tasks is not None else []
        resolved = configuration.choose_tasks(load_config(config, flags), names, wanted, values.samples(samples))
    bars = Bars(quiet=verbosity.chosen.quiet or as_json)
    interrupts.when_stuck(_leave_interrupted)
    try:
        with bars:
            done = pipeline.audit(
                resolved, bars, resume=folder, extend=extend is not None, database=database, write_out=write_out
            )
    except Interrupted as stopped:
        return _leave_interrupted(stopped)
    _show(done, as_json=as_json)
    return 0 if done.read_manifest().status == "complete" else INCOMPLETE


def _leave_interrupted(stopped: Interrupted) -> int:
    """Say how an interrupted run goes on; its manifest says that it was interrupted, whenever that was.

    Returns:
        The exit code.
    """
    folder = stopped.folder
    if folder is None:
        err.print("interrupted: nothing was measured yet", markup=False)
        return INCOMPLETE
    manifest = folder.read_manifest()
    if manifest.status == "complete":
        advice = f"interrupted, the run is complete: write its report card with `audit report {folder.path}`"
    else:
        advice = f"interrupted: finish it with `audit run --resume {folder.path}`"
    if manifest.status == "running":  # before its first task
        warnings = list(dict.fromkeys([*manifest.warnings, INTERRUPTED]))
        update = {"status": "partial", "finished": datetime.now(UTC), "warnings": warnings}
        evidence.seal(folder, manifest.model_copy(update=update))
    err.print(advice, markup=False, highlight=False, soft_wrap=True)
    return INCOMPLETE


def _kept(option: str, name: str, out_folder: Path | None, flags: dict[str, Any]) -> tuple[RunFolder, RunConfig]:
    """The run that goes on and its own configuration.

    Raises:
        ConfigError: Other flags were given: a run that goes on keeps its configuration.
    """
    given = [key for key in _given_keys(flags) if key != "out"]
    if given:
        msg = f"{option} keeps the run's own configuration: leave out --{given[0].replace('_', '-')}"
        raise ConfigError(msg)
    folder = RunFolder.resolve(name, out_folder or Path("runs"))
    config = validate(RunConfig, folder.read_manifest().config, f"{folder.path / 'manifest.json'}")
    return folder, config.model_copy(update={"out": folder.path.resolve().parent})


def _given_keys(flags: dict[str, Any]) -> list[str]:
    """Names of the flags that were given, at any depth."""
    given = []
    for key, value in flags.items():
        if key == "explain" and value:
            given.append("no_explain")
        elif isinstance(value, dict) and key in {"thinking", "evals"}:
            prefix = "think_" if key == "thinking" else ""
            given += [{"think_tokens": "thinking_tokens"}.get(prefix + k, prefix + k) for k in _given_keys(value)]
        elif value is not None:
            given.append(key)
    return given


def _show(folder: RunFolder, *, as_json: bool) -> None:
    """Primary metrics with intervals, what did not run, and the paths written."""
    manifest, metrics = folder.read_manifest(), folder.read_metrics()
    if as_json:
        print_json({"run": str(folder.path), "manifest": manifest, "metrics": metrics})
        return
    primary = [metric for metric in metrics if metric.primary and metric.slice is None]
    name = Column("metric", min_width=max((len(metric.name) for metric in primary), default=0))
    columns = ("suite", name, "value", "95 % interval", "n", "unit")
    table = Table(*columns, title=manifest.run_id, title_justify="left", caption=DIRECTION_KEY, caption_justify="left")
    idle = [metric for metric in primary if metric.suite == "explain" and metric.value is None and metric.n == 0]
    for metric in primary:
        if metric not in idle:
            table.add_row(metric.suite, metric.name, *_cells(metric))
    out.print(table)
    for reason, methods in _by_reason(idle).items():
        out.print(f"not explained by {', '.join(methods)}: {printable(reason)}", markup=False, soft_wrap=True)
    for missing in manifest.not_run:
        reason = missing.reason.removeprefix(f"{missing.task}: ")
        what = "not run (optional)" if missing.optional else "not run"
        out.print(f"{what}: {missing.task}: {printable(reason)}", markup=False, style="yellow", soft_wrap=True)
    for line in _gaps(folder, metrics):
        out.print(line, markup=False, style="yellow", soft_wrap=True)
    scorers = [f"{asset.name} {asset.version}" for asset in manifest.assets if asset.kind == "scorer"]
    for line in (
        *([f"scorers {printable(', '.join(scorers))}"] if scorers else []),
        f"limit   {_limits(manifest)}",
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
            error = next((one.error for one in folder.read_samples(metric.suite, metric.task) if one.error), "")
            yield f"not scored: {metric.task}: {metric.value:.0f} of {metric.n} ({printable(error, 300)})"
        if metric.slice is None and metric.value and metric.metric == TRUNCATED_PROMPTS:
            yield f"prompts cut: {metric.task}: {metric.value:.0f} of {metric.n} are longer than the context"
        if metric.slice is None and metric.primary and (cut := cut_text(metric, metrics)):
            yield f"answers cut: {metric.name}: {cut}"


def _limits(manifest: RunManifest) -> str:
    """How many items of each task were asked for: the run's limit, the tasks that have another, and named items."""
    config = manifest.config
    chosen: dict[str, list[int | str]] = config["evals"].get("samples") or {}
    named = [f"items of {name}: {', '.join(map(str, items))}" for name, items in chosen.items()]
    drawn = [t for t in (*config["evals"]["tasks"], *config["safety"]["tasks"]) if t["name"] not in chosen]
    own: dict[str, list[str]] = {}
    for task in drawn:
        if (task["limit"] or "all") != (config.get("limit") or "all"):
            own.setdefault(_limit_text(task["limit"]), []).append(task["name"])
    others = [f"{limit}: {', '.join(names)}" for limit, names in own.items()]
    text = f"{_limit_text(config.get('limit'))} of each task (profile {config['profile']}, --limit changes it)"
    return printable("; ".join([*([text] if drawn else []), *others, *named]), 600)


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


def _cells(metric: Metric) -> tuple[str, str, str, str]:
    """Value, interval, n, unit and direction, or why there is none."""
    if metric.value is None:
        return "—", printable(metric.error or ""), str(metric.n), ""
    low, high, unit = metric.ci_low, metric.ci_high, metric.unit
    ends = _why_none(metric) if low is None or high is None else interval(low, high, unit)
    return number(metric.value, unit), ends, str(metric.n), unit_text(unit, metric.higher_is_better)


def _why_none(metric: Metric) -> str:
    """Why there is no interval, as the note says it."""
    _, found, reason = (metric.note or "").partition(f"{NO_INTERVAL}: ")
    return f"none: {printable(reason.split(';')[0])}" if found else "—"
