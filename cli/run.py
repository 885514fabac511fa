"""``audit run``: audits a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from audit.cli import verbosity
from audit.cli.console import JsonFlag, err, out, print_json
from audit.cli.progress import Bars
from audit.core.aggregate import NO_INTERVAL
from audit.core.config import RunConfig, load_config, validate
from audit.core.errors import ConfigError
from audit.core.run_folder import RunFolder
from audit.core.text import printable

if TYPE_CHECKING:
    from audit.core.records import Metric

INCOMPLETE = 13

EXAMPLES = """\b
Examples:
  audit run                                   the default checkpoint, quick
  audit run --model ./my-checkpoint --profile standard
  audit run --model ./my-checkpoint --tasks boolq,crows_pairs --limit 50
  audit run --resume latest                   after Ctrl-C or a crash
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("run", epilog=EXAMPLES)(run)


def run(  # noqa: PLR0913 - one parameter per option of the contract
    *,
    model: Annotated[str | None, typer.Option(help="Folder, hub id, .gguf file, asset or openai:URL#NAME.")] = None,
    base: Annotated[str | None, typer.Option(help="Checkpoint that a PEFT adapter (--model) belongs on.")] = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a hub id.")] = None,
    profile: Annotated[str | None, typer.Option(help="quick, standard or full.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file; its values go over the profile's.")] = None,
    tasks: Annotated[str | None, typer.Option(help="Tasks and probes, separated by commas.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items per task at most.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")] = None,
    device_map: Annotated[
        str | None, typer.Option(help="auto, balanced or sequential: spread over all cards, in place of --device.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")] = None,
    quantization: Annotated[str | None, typer.Option(help="int8 or nf4: quantise while loading; CUDA only.")] = None,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Folder that the run folder is made in.")] = None,
    data_dir: Annotated[list[Path] | None, typer.Option(help="Folder with publishers' data sets; repeatable.")] = None,
    resume: Annotated[str | None, typer.Option(help="Run folder, run id or 'latest': finish it.")] = None,
    offline: Annotated[bool | None, typer.Option("--offline", help="Never touch the network.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seeds item choice, sampling and the bootstrap.")] = None,
    max_length: Annotated[int | None, typer.Option(min=1, help="Use at most this much of the context.")] = None,
    trust_remote_code: Annotated[bool | None, typer.Option("--trust-remote-code", help="Run the model's code.")] = None,
    allow_pickle: Annotated[bool | None, typer.Option("--allow-pickle", help="Load pickled weights.")] = None,
    keep_raw: Annotated[
        bool | None, typer.Option("--keep-raw", help="Keep outputs with personal data in raw.jsonl, mode 0600.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="URL of the ratings: badly rated outputs are explained. Default OUT/ratings.sqlite."),
    ] = None,
    tokenizer: Annotated[str | None, typer.Option(help="Tokenizer of a server's model: folder, asset, hub id.")] = None,
    as_json: JsonFlag = False,
) -> int:
    """Audit a checkpoint: benchmarks, safety probes, explanations, report card.

    Values come from the profile, then the --config file, then the flags.
    """
    from audit.cli import pipeline  # noqa: PLC0415 - torch and transformers take seconds to import

    flags: dict[str, Any] = {
        "model": model,
        "base": base,
        "revision": revision,
        "profile": profile,
        "device": device,
        "device_map": device_map,
        "dtype": dtype,
        "quantization": quantization,
        "out": out_folder,
        "data_dirs": data_dir,
        "offline": offline,
        "seed": seed,
        "max_length": max_length,
        "trust_remote_code": trust_remote_code,
        "allow_pickle": allow_pickle,
        "keep_raw": keep_raw,
        "server": None if tokenizer is None else {"tokenizer": tokenizer},
    }
    if resume is not None:
        others = {"server": None, "tokenizer": tokenizer, "config": config, "tasks": tasks, "limit": limit}
        others["database"] = database
        folder, resolved = _unfinished(resume, out_folder, {**flags, **others})
    else:
        names = tasks.split(",") if tasks is not None else []
        folder = None
        resolved = pipeline.choose_tasks(load_config(config, flags), [name.strip() for name in names], limit)
    bars = Bars(quiet=verbosity.chosen.quiet or as_json)
    try:
        with bars:
            done = pipeline.audit(resolved, bars, resume=folder, database=database)
    except KeyboardInterrupt:
        if bars.run is None:
            raise
        err.print(f"interrupted: finish it with `audit run --resume {bars.run.path}`", markup=False, soft_wrap=True)
        return INCOMPLETE
    _show(done, as_json=as_json)
    return 0 if done.read_manifest().status == "complete" else INCOMPLETE


def _unfinished(name: str, out_folder: Path | None, flags: dict[str, Any]) -> tuple[RunFolder, RunConfig]:
    """The run to finish and its own configuration.

    Raises:
        ConfigError: Other flags were given: a resumed run keeps its configuration.
    """
    given = [key for key, value in flags.items() if value is not None and key != "out"]
    if given:
        msg = f"--resume keeps the run's own configuration: leave out --{given[0].replace('_', '-')}"
        raise ConfigError(msg)
    folder = RunFolder.resolve(name, out_folder or Path("runs"))
    config = validate(RunConfig, folder.read_manifest().config, f"{folder.path / 'manifest.json'}")
    return folder, config.model_copy(update={"out": folder.path.resolve().parent})


def _show(folder: RunFolder, *, as_json: bool) -> None:
    """Primary metrics with intervals, what did not run, and the paths written."""
    manifest, metrics = folder.read_manifest(), folder.read_metrics()
    if as_json:
        print_json({"run": str(folder.path), "manifest": manifest, "metrics": metrics})
        return
    primary = [metric for metric in metrics if metric.primary and metric.slice is None]
    name = Column("metric", min_width=max((len(metric.name) for metric in primary), default=0))
    table = Table("suite", name, "value", "95 % interval", "n", title=manifest.run_id, title_justify="left")
    idle = [metric for metric in primary if metric.suite == "explain" and metric.value is None and metric.n == 0]
    for metric in primary:
        if metric not in idle:
            table.add_row(metric.suite, metric.name, *_cells(metric))
    out.print(table)
    for reason, methods in _by_reason(idle).items():
        out.print(f"not explained by {', '.join(methods)}: {printable(reason)}", markup=False, soft_wrap=True)
    for missing in manifest.not_run:
        reason = missing.reason.removeprefix(f"{missing.task}: ")
        out.print(f"not run: {missing.task}: {printable(reason)}", markup=False, style="yellow", soft_wrap=True)
    scorers = [f"{asset.name} {asset.version}" for asset in manifest.assets if asset.kind == "scorer"]
    for line in (
        *([f"scorers {printable(', '.join(scorers))}"] if scorers else []),
        f"status  {manifest.status}",
        f"report  {folder.report_path}",
        f"metrics {folder.path / 'metrics.json'}",
    ):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _by_reason(metrics: list[Metric]) -> dict[str, list[str]]:
    """Tasks of metrics without a value, by the reason."""
    tasks: dict[str, list[str]] = {}
    for metric in metrics:
        tasks.setdefault(metric.error or "", []).append(metric.task)
    return tasks


def _cells(metric: Metric) -> tuple[str, str, str]:
    """Value, interval and n, or why there is none."""
    if metric.value is None:
        return "—", printable(metric.error or ""), str(metric.n)
    ends = (metric.ci_low, metric.ci_high)
    interval = _why_none(metric) if None in ends else f"{metric.ci_low:.3g} to {metric.ci_high:.3g}"
    return f"{metric.value:.3g}", interval, str(metric.n)


def _why_none(metric: Metric) -> str:
    """Why there is no interval, as the note says it."""
    _, found, reason = (metric.note or "").partition(f"{NO_INTERVAL}: ")
    return f"none: {printable(reason.split(';')[0])}" if found else "—"
