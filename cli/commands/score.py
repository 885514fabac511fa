"""``audit score``: a probe's metrics from answers that were produced elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from audit.cli.console import JsonFlag, out, print_json
from audit.cli.options import ConfigFile, Given, command
from audit.cli.results_table import compared_with
from audit.core.config import load_config
from audit.core.errors import ExitCode, UsageError
from audit.core.formatting import metric_label
from audit.core.text import printable
from audit.core.words import figures, metric_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric

EXAMPLES = """\b
Examples:
  audit score bbq --predictions preds_Age.jsonl --field unifiedqa-t5-11b_pred_race
  audit score toxicity --predictions continuations.csv
  audit score personal_data --predictions outputs.jsonl --field text --json
  audit score toxicity-scorer --predictions labelled.csv --field text
  audit score toxicity-scorer
  audit score xstest --predictions xstest_v2_completions_gpt4.csv --field completion
"""


@dataclass(frozen=True)
class ScoreArguments:
    """The options of ``audit score`` that are not the configuration's."""

    probe: Annotated[
        str,
        typer.Argument(
            help="bbq, cbbq, winobias, winogender, toxicity, personal_data, xstest, do_not_answer, over_refusal,"
            " harmful_requests, jailbreaks, jailbreakbench or toxicity-scorer."
        ),
    ]
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions",
            help="JSON Lines, CSV or TSV: the publisher's rows, each with an answer. Without it, toxicity-scorer is"
            " evaluated on the package's sentences that mention groups of people.",
        ),
    ] = None
    field: Annotated[
        str | None, typer.Option(help="Column with the answers. Default: prediction, or else completion.")
    ] = None
    config: ConfigFile = None
    as_json: JsonFlag = False


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("score", epilog=EXAMPLES)(command("score", score, ScoreArguments))


def score(given: Given, arguments: ScoreArguments) -> int:
    """Compute a probe's metrics from answers produced elsewhere: the same code as in a run, without a checkpoint.

    Exit code 13 when a primary metric could not be computed.
    """
    from audit.core import assets  # noqa: PLC0415 - `audit --help` must not wait for it
    from audit.pipeline import plugins  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety import predictions as answers  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety import suite  # noqa: PLC0415 - see above
    from audit.safety.probes.bias.identity_mentions import as_predictions  # noqa: PLC0415 - see above
    from audit.safety.scorers.registry import languages_before_loading  # noqa: PLC0415 - see above

    config = load_config(arguments.config, given.values)
    assets.configure(data_dirs=config.data_dirs, offline=True)
    config = plugins.with_plugins(config)
    suite.check_judged(arguments.probe)
    if arguments.predictions is None and arguments.probe != "toxicity-scorer":
        msg = f"{arguments.probe}: no answers given: name their file with --predictions FILE"
        raise UsageError(msg)
    predictions = (
        answers.read(arguments.predictions, arguments.field)
        if arguments.predictions
        else as_predictions(languages_before_loading(config.safety))
    )
    result = suite.score_predictions(arguments.probe, predictions, config)
    if arguments.as_json:
        print_json({"task": result.task, "metrics": result.metrics, "assets": result.assets})
    else:
        _show(result.metrics, len(result.samples))
    failed = any(metric.primary and metric.value is None for metric in result.metrics)
    return ExitCode.INCOMPLETE if failed else ExitCode.DONE


def _show(metrics: Sequence[Metric], items: int) -> None:
    """All metrics with their intervals; what could not be computed with its reason; what was left out."""
    longest = max((len(metric_label(metric)) for metric in metrics), default=0)
    table = Table(
        Column("measured", min_width=longest),
        Column("value", justify="right", no_wrap=True),
        "95 % interval",
        Column("n", justify="right", no_wrap=True),
        "better",
        box=None,
    )
    reasons: dict[str, list[str]] = {}
    for metric in metrics:
        shown = figures(metric)
        table.add_row(_measured(metric), shown.value, shown.interval, f"{metric.n:,}", compared_with(metric))
        if metric.error:
            reasons.setdefault(metric.error, []).append(metric_label(metric))
    out.print(table, markup=False)
    for reason, labels in reasons.items():
        line = f"not computed: {', '.join(labels)}: {printable(reason)}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    out.print(f"{items} items", markup=False, highlight=False)


def _measured(metric: Metric) -> Text:
    """Its title, and below it the name that commands and policies use."""
    name = metric_label(metric)
    return Text(metric_title(metric)).append(f"\n{name}", style="dim") if metric.words else Text(name)
