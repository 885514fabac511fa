"""``audit explain``: why one answer, as pictures in the terminal, as a file or as JSON."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from audit.cli import attribution_file, verbosity
from audit.cli.console import JsonFlag, err, out, print_json
from audit.cli.progress import Bars
from audit.core.config import DEFAULT_MODEL
from audit.core.errors import AuditError, UsageError, did_you_mean
from audit.core.records import Attribution, Span
from audit.core.text import printable
from audit.explain.methods import METHODS, find
from audit.explain.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Engine
    from audit.explain.masking import MaskedPrompt
    from audit.explain.methods import Method
    from audit.explain.units import Unit

MAX_FEATURES = 48
PAIRS = 4
"""Pairs of random orders: one prompt can afford twice as many as a run."""
ANSWER_TOKENS = 32
EXAMPLES = """\b
Examples:
  audit explain --prompt "The capital of France is" --target " Paris"
  audit explain --prompt "The nurse said that" --target " she" --against " he" --method shapley
  audit explain -p "Is the sky green? Answer:" --option " yes" --option " no" --method occlusion,shapley
  audit explain -p "Is the sky green? Answer:" --option " yes" --option " no" --counterfactual
  audit explain -p "Answer briefly. Q: Who wrote Emma? A:" --field "question=Who wrote Emma?" --within question
  audit explain -p "The capital of France is" --method occlusion,attention_rollout --out why.html
  audit explain --model ./checkpoint --prompt - --features sentences --json < prompt.txt
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("explain", epilog=EXAMPLES)(explain)


def explain(  # noqa: PLR0913 - one parameter per option of the contract
    *,
    prompt: Annotated[
        str, typer.Option("--prompt", "-p", help="The exact text the model sees; - reads it from stdin.")
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="Folder, hub id, .gguf file, asset or openai:URL#NAME.")
    ] = DEFAULT_MODEL,
    target: Annotated[
        str | None,
        typer.Option(
            help="Continuation to explain, leading space included. Default: the likeliest option, else the "
            "model's answer."
        ),
    ] = None,
    against: Annotated[str | None, typer.Option(help="Explain why the target rather than this continuation.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="One of the continuations that the target is chosen among; repeatable."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(METHODS)}; several, repeated or separated by commas, are compared. "
            "Default: occlusion; see docs/explain.md.",
        ),
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            metavar="auto|tokens|words|clauses|sentences|lines|turns|examples|fields",
            help="What a piece of the prompt is; auto: words while there are few enough.",
        ),
    ] = "auto",
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="Name a part of the prompt by its text; repeatable."),
    ] = None,
    within: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Explain this part alone, the rest is always present; repeatable."),
    ] = None,
    max_features: Annotated[
        int, typer.Option(min=1, help="With --features auto, longer prompts are cut into clauses, sentences, runs.")
    ] = MAX_FEATURES,
    counterfactual: Annotated[
        bool,
        typer.Option(
            "--counterfactual",
            help="Search the smallest removal of pieces, swaps of named ones, that change the answer, and run them.",
        ),
    ] = False,
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write .html, .svg, .png or .json too.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    tokenizer: Annotated[
        str | None, typer.Option(help="Tokenizer in place of the checkpoint's own: folder, asset, hub id.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of sampling methods and random orders.")] = 1234,
    as_json: JsonFlag = False,
) -> None:
    """Explain one answer: which pieces of a prompt move the log-probability of a target, and how far to believe it."""
    # Imported here because torch and altair take seconds to load, and `audit --help` must not wait for them.
    from audit.cli import attribution as terminal  # noqa: PLC0415 - see above
    from audit.engine import load  # noqa: PLC0415 - see above
    from audit.explain.attribute import caught, prepare  # noqa: PLC0415 - see above
    from audit.explain.counterfactual import removals_and_swaps  # noqa: PLC0415 - see above
    from audit.explain.features import regions  # noqa: PLC0415 - see above

    methods, unit = _methods(method or ["occlusion"]), _unit(features)
    if out_file is not None:
        attribution_file.check(out_file)
    text = _prompt(prompt)
    spans = _spans(text, field or [])
    regions(spans, within or [])
    engine = load(model, device=device, tokenizer=tokenizer)
    engine.check_sound()
    bars = Bars(quiet=verbosity.chosen.quiet or as_json)
    engine.progress = bars
    with bars:
        masked = prepare(
            engine,
            text,
            _target(engine, text, target, option or []),
            against=against,
            options=option or [],
            max_features=max_features,
            unit=unit,
            spans=spans,
            within=within or [],
        )
        made = _attributions(masked, methods, seed, bars)
        if counterfactual:
            search = caught(removals_and_swaps, masked)
            if isinstance(search, Exception):
                bars.say(f"no search for a counterfactual: {search}")
            else:
                made[0] = made[0].model_copy(update={"counterfactual": search})
    if as_json:
        print_json(made if len(methods) > 1 else made[0])
    else:
        terminal.show(out, made)
    if out_file is not None:
        attribution_file.write(out_file, made)  # last: where it cannot be written, the result was shown
        if not verbosity.chosen.quiet:
            err.print(f"written: {out_file}", markup=False, highlight=False, soft_wrap=True)


def _prompt(given: str) -> str:
    """The prompt, read from stdin for ``-``.

    Raises:
        UsageError: It is empty, or holds bytes that are no text.
    """
    try:
        text = sys.stdin.read() if given == "-" else given
        text.encode()
    except UnicodeError as error:
        msg = "--prompt is no valid Unicode: give it as UTF-8"
        raise UsageError(msg) from error
    if not text.strip():
        msg = "--prompt is empty: there is nothing to explain"
        raise UsageError(msg)
    return text


def _methods(given: Sequence[str]) -> list[Method]:
    """The named methods, each once.

    Raises:
        UsageError: One is unknown, or lacks its package.
    """
    names = [name.strip() for part in given for name in part.split(",")]
    return [find(name) for name in dict.fromkeys(names)]


def _unit(name: str) -> Unit:
    """What a feature is.

    Raises:
        UsageError: There is no such unit.
    """
    unit = next((unit for unit in UNITS if unit == name), None)
    if unit is None:
        msg = f"unknown --features {printable(name, 60)}: use {', '.join(UNITS)}.{did_you_mean(name, UNITS)}"
        raise UsageError(msg)
    return unit


def _spans(prompt: str, given: Sequence[str]) -> list[Span]:
    """The named parts of a prompt.

    Raises:
        UsageError: One is not to be found, or two have one name.
    """
    spans = [_span(prompt, field) for field in given]
    names = [span.name for span in spans]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"--field {printable(twice, 40)}: named twice"
        raise UsageError(msg)
    return spans


def _span(prompt: str, given: str) -> Span:
    """The part of a prompt that ``NAME=TEXT`` names.

    Raises:
        UsageError: It has no name or no text, or the text does not stand in the prompt exactly once.
    """
    name, _, text = given.partition("=")
    if not name.strip() or not text:
        msg = f"--field {printable(given, 80)}: write NAME=TEXT"
        raise UsageError(msg)
    start = prompt.find(text)
    if start < 0:
        msg = f"--field {printable(name, 40)}: its text does not stand in the prompt: {printable(text, 80)}"
        raise UsageError(msg)
    if prompt.find(text, start + 1) >= 0:
        msg = f"--field {printable(name, 40)}: its text stands in the prompt more than once: give a longer one"
        raise UsageError(msg)
    return Span(name=name.strip(), kind="field", start=start, end=start + len(text))


def _target(engine: Engine, prompt: str, target: str | None, options: Sequence[str]) -> str:
    """What is explained: the given target, else the likeliest option, else the model's own answer.

    Raises:
        UsageError: One option alone is no choice.
    """
    from audit.explain.attribute import likeliest  # noqa: PLC0415 - see above

    if target is not None:
        return target
    if not options:
        return _answer(engine, prompt)
    if len(set(options)) < 2:
        msg = "one --option is no choice: give two or more, or name the --target"
        raise UsageError(msg)
    if not all(option.strip() for option in options):
        msg = "an --option is empty"
        raise UsageError(msg)
    chosen = likeliest(engine, prompt, options)
    if not verbosity.chosen.quiet:
        err.print(Text(f"explaining the likeliest option: {printable(chosen, 200)}", style="dim"))
    return chosen


def _attributions(masked: MaskedPrompt, methods: Sequence[Method], seed: int, bars: Bars) -> list[Attribution]:
    """One attribution per method, over the same masks; with several methods a failure is told and left out.

    Raises:
        AuditError: No method gave an attribution.
    """
    from audit.explain.attribute import attribute, attribute_all  # noqa: PLC0415 - see above

    bars.expect(1)
    bars.task("explain", ", ".join(method.name for method in methods))
    if len(methods) == 1:
        return [attribute(masked, methods[0], seed=seed, pairs=PAIRS)]
    found = attribute_all(masked, methods, seed=seed, pairs=PAIRS)
    failed = [
        f"{method.name}: {one}" for method, one in zip(methods, found, strict=True) if not isinstance(one, Attribution)
    ]
    made = [one for one in found if isinstance(one, Attribution)]
    if not made:
        raise AuditError("; ".join(failed))
    for reason in failed:
        bars.say(reason)
    return made


def _answer(engine: Engine, prompt: str) -> str:
    """The model's own greedy answer.

    Raises:
        UsageError: It is empty, or comes after a reasoning trace.
    """
    from audit.engine import GenerateRequest  # noqa: PLC0415 - see above

    completion: Any = engine.generate([GenerateRequest(prompt, max_new_tokens=ANSWER_TOKENS)])[0]
    generation = completion.generations[0] if completion.generations else None
    if generation and (generation.thinking or not generation.thinking_closed):
        msg = "the model reasons before it answers, so its answer rests on more than the prompt: name a --target"
        raise UsageError(msg)
    text = generation.text if generation else ""
    if not text.strip():
        msg = f"the model gave no answer{f' ({completion.error})' if completion.error else ''}: name one with --target"
        raise UsageError(msg)
    if not verbosity.chosen.quiet:
        err.print(Text(f"explaining the model's own answer: {printable(text, 200)}", style="dim"))
    return str(text)
