"""``audit explain``: why one answer, as pictures in the terminal, as a file or as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli import attribution_file, stored_sample, typed_prompt, verbosity
from audit.cli.console import JsonFlag, err, out, print_json
from audit.cli.options import RUNS, ConfigFile, Given, Runs, command, typed_names
from audit.cli.progress import Bars
from audit.core.errors import UsageError
from audit.core.run_folder import RunFolder
from audit.explain.methods.registry import LEAST_EFFORT, METHODS, check_effort, find
from audit.explain.prompt.units import UNITS
from audit.reports.attribution.order import by_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Attribution
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import Effort

EXAMPLES = """\b
Examples:
  audit explain --prompt "The capital of France is" --target " Paris"
  audit explain --prompt "The nurse said that" --target " she" --against " he" --method shapley
  audit explain -p "Is the sky green? Answer:" --option " yes" --option " no" --method occlusion,shapley
  audit explain -p "Is the sky green? Answer:" --option " yes" --option " no" --counterfactual
  audit explain -p "Answer briefly. Q: Who wrote Emma? A:" --field "question=Who wrote Emma?" --within question
  audit explain -p "Who wrote Emma?" --chat --system "Answer in one word." --target "Jane"
  audit explain -p "The capital of France is" --method occlusion,attention_rollout --out why.html
  audit explain --run latest --sample 49a711e6 --method occlusion,shapley
  audit explain --run latest --sample 49a711e6#3
  audit explain --model ./checkpoint --prompt - --features sentences --json < prompt.txt
"""


@dataclass(frozen=True)
class Arguments:
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
        str, typer.Option(metavar="|".join(UNITS), help="Unit that gets a value; auto: words, if there are few enough.")
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


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("explain", epilog=EXAMPLES)(command("explain", explain, Arguments))


def explain(given: Given, arguments: Arguments) -> None:
    """Explain one answer: which features of a prompt move the log-probability of a target, and how far to believe it.

    The answer belongs to a prompt given here, or to a stored sample, which is explained with its run's settings.
    """
    _one_source(arguments)
    methods = _methods(arguments.method or ["occlusion"], given.values.get("plugins", []))
    effort = _effort(methods, arguments.steps, arguments.evaluations)
    if arguments.out_file is not None:
        attribution_file.check(arguments.out_file)
    bars = Bars(quiet=verbosity.chosen.quiet or arguments.as_json)
    if arguments.run is not None and arguments.sample is not None:
        folder = RunFolder.resolve(arguments.run, arguments.runs)
        made = stored_sample.explain(folder, arguments.sample, given, typed_names(arguments), methods, effort, bars)
    else:
        made = typed_prompt.explain(arguments, given, methods, effort, bars)
    groups = by_sample(made) if arguments.run is not None else [made]
    _show(made, groups, alone=len(methods) == 1, as_json=arguments.as_json)
    if arguments.out_file is not None:  # last: where it cannot be written, the result was shown
        _write(arguments.out_file, made, groups)


def _show(made: Sequence[Attribution], groups: Sequence[Sequence[Attribution]], *, alone: bool, as_json: bool) -> None:
    """Attributions on stdout; as JSON one record, or a list of them where several methods were named."""
    # Imported here because altair takes seconds to load, and `audit --help` must not wait for it.
    from audit.cli import attribution as terminal  # noqa: PLC0415 - see above

    if as_json:
        print_json(made[0] if alone else made)
        return
    for group in groups:
        terminal.show(out, group)


def _write(file: Path, made: Sequence[Attribution], groups: Sequence[Sequence[Attribution]]) -> None:
    """Attributions into a file.

    Raises:
        UsageError: It holds one picture, and methods explain different things.
    """
    if file.suffix.lower() != ".json" and len(groups) > 1:
        apart = " and of ".join(", ".join(one.method for one in group) for group in groups)
        msg = f"--out {file}: {apart} explain different things: name methods of one kind, or write .json"
        raise UsageError(msg)
    attribution_file.write(file, made)
    if not verbosity.chosen.quiet:
        err.print(f"written: {file}", markup=False, highlight=False, soft_wrap=True)


def _one_source(arguments: Arguments) -> None:
    """Make sure that it is clear what is explained.

    Raises:
        UsageError: Nothing is named, or more than one thing.
    """
    sources = {"--prompt": arguments.prompt, "--messages": arguments.messages, "--run": arguments.run}
    named = [name for name, given in sources.items() if given]
    if len(named) > 1:
        msg = f"{' and '.join(named)} are given: only one of them can be explained"
        raise UsageError(msg)
    if not named and arguments.prompt != "":
        msg = "nothing to explain: give --prompt TEXT, --messages FILE, or --run RUN with --sample ID"
        raise UsageError(msg)
    if (arguments.run is None) != (arguments.sample is None):
        msg = "--run and --sample go together: --run RUN --sample ID"
        raise UsageError(msg)


def _effort(methods: Sequence[Method], steps: int | None, evaluations: int | None) -> Effort:
    """How much the methods may do.

    Raises:
        UsageError: An option is too small, or has no effect on any of the methods.
    """
    from audit.explain.prompt.game import Effort  # noqa: PLC0415 - numpy takes time to import

    check_effort(methods, steps, evaluations, "--")
    return Effort(steps, evaluations)


def _methods(given: Sequence[str], plugins: Sequence[Path]) -> list[Method]:
    """The named methods, each once; plug-ins are loaded where one is not the audit's own.

    Raises:
        UsageError: One is unknown, or lacks its package.
    """
    names = [name.strip() for part in given for name in part.split(",")]
    if plugins or not METHODS.keys() >= set(names):
        from audit.pipeline.plugins import load_plugins  # noqa: PLC0415 - torch takes seconds to import

        load_plugins(plugins)
    return [find(name) for name in dict.fromkeys(names)]
