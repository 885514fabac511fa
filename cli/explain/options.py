"""The options of ``audit explain``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from audit.cli.console import JsonFlag  # noqa: TC001 - see above
from audit.cli.options import RUNS, ConfigFile, Runs
from audit.explain.methods.registry import LEAST_EFFORT, METHODS
from audit.explain.prompt.units import UNITS


@dataclass(frozen=True)
class ExplainArguments:
    """What is explained, and how: the options of ``audit explain`` that are not the configuration's."""

    prompt: Annotated[
        str | None, typer.Option("--prompt", "-p", help="The exact text that the model sees; - reads it from stdin.")
    ] = None
    chat: Annotated[
        bool, typer.Option("--chat", help="Treat the prompt as a user's message: apply the model's chat template.")
    ] = False
    system: Annotated[str | None, typer.Option(help="System turn before the prompt; implies --chat.")] = None
    messages: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help='JSON list of turns, [{"role": "user", "content": "…"}], instead of --prompt.'
        ),
    ] = None
    run: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Explain a stored sample: run folder, run id or 'latest'; needs --sample."),
    ] = None
    sample: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Sample of the run; its first digits are enough. ID#3 is one of its sampled texts."
        ),
    ] = None
    runs: Runs = RUNS
    target: Annotated[
        str | None,
        typer.Option(
            help="Continuation to explain, leading space included. Default: the likeliest option, or else the "
            "model's answer."
        ),
    ] = None
    against: Annotated[
        str | None, typer.Option(help="Explain why the target rather than this continuation was chosen.")
    ] = None
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="One of the continuations that the target is chosen from; repeatable."),
    ] = None
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(METHODS)}. Several, repeated or separated by commas, are compared. "
            "Default: occlusion; see docs/reference/explain.md.",
        ),
    ] = None
    steps: Annotated[
        int | None,
        typer.Option(min=LEAST_EFFORT["steps"], help="Steps of integrated gradients; more make its values more exact."),
    ] = None
    evaluations: Annotated[
        int | None,
        typer.Option(
            min=LEAST_EFFORT["evaluations"], help="Maximum number of masked prompts for a method that samples them."
        ),
    ] = None
    features: Annotated[
        str,
        typer.Option(
            metavar="|".join(UNITS),
            help="Unit that gets a value; auto: words, if there are few enough; steps: of the reasoning trace that the "
            "model writes before its answer.",
        ),
    ] = "auto"
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="Name a part of the prompt by its text; repeatable."),
    ] = None
    within: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Explain only this part, and keep the rest in place; repeatable."),
    ] = None
    counterfactual: Annotated[
        bool,
        typer.Option(
            "--counterfactual",
            help="Find the smallest removal of features, or swap of named parts, that changes the answer; verify it.",
        ),
    ] = False
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write a .html, .svg, .png or .json file.")
    ] = None
    config: ConfigFile = None
    as_json: JsonFlag = False
