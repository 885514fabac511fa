"""``audit explain``: why one answer, as pictures in the terminal, as a file or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.cli import verbosity
from audit.cli.console import err, out, print_json
from audit.cli.explain import attribution_file, stored_sample, typed_prompt
from audit.cli.explain.options import ExplainArguments
from audit.cli.options import Given, command, typed_names
from audit.cli.progress import Bars
from audit.core.errors import UsageError
from audit.core.run_folder import RunFolder
from audit.explain.methods.registry import METHODS, check_effort, find
from audit.reports.attribution.order import by_sample

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import typer

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
  audit explain -p "What is 17 × 3?" --chat --features steps
  audit explain -p "The capital of France is" --method occlusion,attention_rollout --out why.html
  audit explain --run latest --sample 49a711e6 --method occlusion,shapley
  audit explain --run latest --sample 49a711e6#3
  audit explain --model ./checkpoint --prompt - --features sentences --json < prompt.txt
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("explain", epilog=EXAMPLES)(command("explain", explain, ExplainArguments))


def explain(given: Given, arguments: ExplainArguments) -> None:
    """Explain one answer: which features of a prompt move the log-probability of a target, and how far to believe it.

    The answer belongs to a prompt given here, or to a stored sample, which is explained with its run's settings. An
    answer that follows a reasoning trace is explained by the steps of the trace.
    """
    _one_source(arguments)
    methods = _methods(arguments.method or ["occlusion"], given.values.get("plugins", []))
    effort = _effort(methods, arguments.steps, arguments.evaluations)
    if arguments.out_file is not None:
        attribution_file.check(arguments.out_file)
    bars = Bars(quiet=verbosity.chosen.quiet or arguments.as_json)
    if arguments.run is not None and arguments.sample is not None:
        folder = RunFolder.resolve(arguments.run, arguments.runs)
        by_steps = arguments.features == "steps"
        typed = [stored_sample.STEPS if by_steps and n == "--features" else n for n in typed_names(arguments)]
        made = stored_sample.explain(folder, arguments.sample, given, typed, methods, effort, bars)
    else:
        made = typed_prompt.explain(arguments, given, methods, effort, bars)
    groups = by_sample(made) if arguments.run is not None else [made]
    _show(made, groups, alone=len(methods) == 1, as_json=arguments.as_json)
    if arguments.out_file is not None:  # last: where it cannot be written, the result was shown
        _write(arguments.out_file, made, groups)


def _show(made: Sequence[Attribution], groups: Sequence[Sequence[Attribution]], *, alone: bool, as_json: bool) -> None:
    """Attributions on stdout; as JSON one record, or a list of them where several methods were named."""
    # Imported here because it is slow to import, and `audit --help` must not wait for it.
    from audit.cli.explain import attribution as terminal  # noqa: PLC0415 - see above

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


def _one_source(arguments: ExplainArguments) -> None:
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
