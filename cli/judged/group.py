"""``audit judge``: the commands of the group."""

from __future__ import annotations

import typer

from audit.cli.judged import measuring, outputs
from audit.cli.options import command

EXAMPLES = """\b
Examples:
  audit judge measure --rubric refusal --model ./judge-checkpoint --out judge.json
  audit judge draw latest --task xsum --count 60 --out to_label.csv
  audit judge outputs latest --task xsum --rubric rubric.yaml --model ./judge-checkpoint --measured judge.json
"""


def register(program: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Outputs judged by a checkpoint with a rubric, and how far people agree with it.",
        epilog=EXAMPLES,
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.callback()(_group)
    named = command("measure", measuring.measure_judge, measuring.MeasureArguments, like="judge")
    group.command("measure", epilog=measuring.EXAMPLES)(named)
    group.command("draw", epilog=outputs.DRAW_EXAMPLES)(outputs.draw)
    named = command("outputs", outputs.judge_outputs, outputs.OutputsArguments, like="judge")
    group.command("outputs", epilog=outputs.EXAMPLES)(named)
    program.add_typer(group, name="judge")


def _group() -> None:
    """Outputs judged by a checkpoint with a rubric."""
