"""``audit compress-check``: quantised, pruned, distilled or merged checkpoints against the original."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from audit.cli import interrupts, values, verbosity
from audit.cli.comparison import compressed
from audit.cli.console import JsonFlag, err, print_json
from audit.cli.options import ConfigFile  # noqa: TC001 - typer reads the annotations at run time
from audit.cli.progress import Bars
from audit.core.config import DEFAULT_OUT, load_config
from audit.core.errors import ConfigError, ExitCode
from audit.core.filesystem import refuse_folder, write_output
from audit.core.records.comparison import MismatchKind
from audit.core.run_folder import refuse_evidence

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.core.records.many.compression import CompressionCheck
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

POLICY = Path("quantised_twin")
ITEMS, TEXTS = 256, 50
EXAMPLES = """\b
Examples:
  audit compress-check ./my-model ./my-model-int8 ./my-model-int4
  audit compress-check ./my-model ./my-model-pruned --profile standard --html compression.html
  audit compress-check runs/RELEASED ./my-model-gguf/model.gguf --policy policy.yaml
  audit compress-check runs/ORIGINAL runs/INT8 runs/INT4 --json     runs of checkpoints that are still there

Exit codes: 0 all PASS, 10 one FAILs, 11 one is INCONCLUSIVE, 13 interrupted or an incomplete run, 2 bad input.
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("compress-check", epilog=EXAMPLES)(compress_check)


def compress_check(  # noqa: PLR0913 - one parameter per option
    original: Annotated[
        str, typer.Argument(metavar="ORIGINAL", help="Checkpoint, or its run: folder, run id or 'latest'.")
    ],
    twins: Annotated[list[str], typer.Argument(metavar="COMPRESSED...", help="Compressed checkpoints, or their runs.")],
    *,
    config: ConfigFile = None,
    profile: Annotated[str | None, typer.Option(help="Built-in profile: how ORIGINAL is audited.")] = None,
    tasks: Annotated[str | None, typer.Option(help="Tasks and probes, separated by commas.")] = None,
    limit: Annotated[str | None, typer.Option(help="Maximum number of items per task, a share, or all.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")] = None,
    dtype: Annotated[str | None, typer.Option(help="Number type that all checkpoints compute in.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask a hub or package index.")] = False,
    out: Annotated[Path, typer.Option("--out", help="Folder of the runs.")] = DEFAULT_OUT,
    policy: Annotated[
        Path, typer.Option(help="YAML file of rules, or a shipped policy; ORIGINAL is the baseline.")
    ] = POLICY,
    items: Annotated[
        int, typer.Option(min=2, help="Items of ORIGINAL's run whose next-token distributions are compared.")
    ] = ITEMS,
    texts: Annotated[int, typer.Option(min=0, help="Texts of each language.")] = TEXTS,
    across: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="Compare tasks although the runs differ in this, apart from tokenizer and chat template files: "
            f"{', '.join(get_args(MismatchKind))}. May be repeated.",
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.9999, help="Coverage of the intervals.")] = 0.95,
    html_file: Annotated[Path | None, typer.Option("--html", help="Also write a page with charts.")] = None,
    as_json: JsonFlag = False,
) -> int:
    """Compare compressed checkpoints with the original: tasks, distributions, texts by language.

    Checkpoints without a run are audited first, COMPRESSED ones as ORIGINAL was; those that have one are not audited
    again. The policy judges each compressed checkpoint. One checkpoint is in memory at a time.
    """
    if html_file is not None:
        refuse_evidence(html_file, "--html")
        refuse_folder(html_file)
    from audit.gate.policy import load_policy  # noqa: PLC0415 - slips of the command line come first

    rules = load_policy(policy)
    typed = {"profile": profile, "device": device, "dtype": dtype, "offline": offline or None}
    given = load_config(config, {name: value for name, value in typed.items() if value is not None})
    asked = {"items": items, "texts": texts, "confidence": confidence, "across": tuple(across or ())}
    bars = Bars(quiet=verbosity.chosen.quiet or as_json)
    interrupts.when_stuck(lambda _: ExitCode.INCOMPLETE)
    try:
        with bars:
            found, runs = _checked(original, twins, _chosen(given, tasks, limit), out, rules, asked, bars)
    except KeyboardInterrupt:  # of an audit, or while distributions are compared
        line = "interrupted: give the same command again; what was audited is not audited again"
        err.print(line, markup=False, highlight=False, soft_wrap=True)
        return ExitCode.INCOMPLETE
    if as_json:
        print_json(found)
    else:
        compressed.show(found, runs)
    _write(found, runs[0], html_file)  # last: where it cannot be written, the result is not lost
    return compressed.exit_code(found)


def _chosen(config: RunConfig, tasks: str | None, limit: str | None) -> RunConfig:
    """The configuration with the tasks and the limit that were typed."""
    from audit.pipeline.configuration import choose_tasks  # noqa: PLC0415 - slow to import

    names = [name.strip() for name in tasks.split(",")] if tasks is not None else []
    return choose_tasks(config, names, values.limit(limit))


def _checked(
    original: str,
    twins: list[str],
    config: RunConfig,
    out: Path,
    rules: PolicyFile,
    asked: dict[str, Any],
    bars: Bars,
) -> tuple[CompressionCheck, list[RunFolder]]:
    """The check, and the runs of original and compressed checkpoints.

    Raises:
        ConfigError: A checkpoint is named twice.
    """
    from audit.explain.methods.registry import METHODS  # noqa: PLC0415 - see _chosen
    from audit.pipeline.compression.audits import Auditing  # noqa: PLC0415 - see _chosen
    from audit.pipeline.compression.check import Asking, check  # noqa: PLC0415 - see _chosen

    auditing = Auditing(out, bars)
    auditing.refuse_unknown([original, *twins])
    first = auditing.run_of_original(original, config)
    others = [auditing.run_of_twin(name, first) for name in twins]
    places = [run.path.resolve() for run in (first, *others)]
    again = next((place for place in places if places.count(place) > 1), None)
    if again is not None:
        msg = f"{again}: two of the names are this run: a checkpoint does not differ from itself"
        raise ConfigError(msg)
    return check(first, others, Asking(rules, frozenset(METHODS), **asked), bars), [first, *others]


def _write(found: CompressionCheck, original: RunFolder, html_file: Path | None) -> None:
    """Write the page, if it was asked for."""
    if html_file is None:
        return
    from audit.reports.comparison.titles import titles  # noqa: PLC0415 - see the next one
    from audit.reports.compression.page import page_of  # noqa: PLC0415 - slow to import

    write_output(html_file, page_of(found, titles(original)).encode())
