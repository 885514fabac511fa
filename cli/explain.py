"""``audit explain``: one attribution, as a heat map in the terminal or as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from audit.cli import verbosity
from audit.cli.console import JsonFlag, err, out, print_json
from audit.core.config import DEFAULT_MODEL, ServerConfig
from audit.core.errors import UsageError
from audit.core.text import printable
from audit.explain.heat import colours, ink

if TYPE_CHECKING:
    from audit.core.records import Attribution, Feature
    from audit.engine import Engine

MAX_FEATURES = 48
PAIRS = 4
"""Pairs of random orders: one prompt can afford twice as many as a run."""
ANSWER_TOKENS = 32
TOP = 10
EXAMPLES = """\b
Examples:
  audit explain --prompt "The capital of France is" --target " Paris" --method occlusion
  audit explain --prompt "The nurse said that" --target " she" --against " he" --method shap
  audit explain --model ./checkpoint --prompt - --method attention_rollout --json < prompt.txt
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
        str | None, typer.Option(help="Continuation to explain, leading space included. Default: the model's answer.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Explain why the target rather than this continuation (not white-box methods).")
    ] = None,
    method: Annotated[
        str,
        typer.Option(help="occlusion, attention_rollout, shap, lime or integrated_gradients; see docs/explain.md."),
    ] = "occlusion",
    max_features: Annotated[
        int, typer.Option(min=1, help="Longer prompts are cut into clauses, sentences, runs of sentences.")
    ] = MAX_FEATURES,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    tokenizer: Annotated[str | None, typer.Option(help="Tokenizer of a server's model: folder, asset, hub id.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of sampling methods and random orders.")] = 1234,
    as_json: JsonFlag = False,
) -> None:
    """Explain one answer: which pieces of a prompt move the log-probability of a target, and how far to believe it."""
    # Imported here because torch takes seconds to load, and `audit --help` must not wait for it.
    from audit.engine import load  # noqa: PLC0415 - see above
    from audit.explain.attribute import attribute, prepare  # noqa: PLC0415 - see above
    from audit.explain.methods import find  # noqa: PLC0415 - see above

    chosen = find(method)
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text.strip():
        msg = "--prompt is empty: there is nothing to explain"
        raise UsageError(msg)
    engine = load(model, device=device, server=ServerConfig(tokenizer=tokenizer))
    continuation = target if target is not None else _answer(engine, text)
    masked = prepare(engine, text, continuation, against=against, max_features=max_features)
    result = attribute(masked, chosen, seed=seed, pairs=PAIRS)
    if as_json:
        print_json(result)
    else:
        show(result, against)


def show(attribution: Attribution, against: str | None = None) -> None:
    """Print an attribution: heat map, strongest features, verdict."""
    question = printable(attribution.target, 200) + (f"  rather than  {printable(against, 200)}" if against else "")
    out.print(Text(f"{attribution.method} · {attribution.unit} · target: {question}", style="bold"))
    out.print(heat_map(attribution))
    out.print(_legend(attribution))
    out.print(_strongest(attribution))
    out.print(_verdict(attribution))


def heat_map(attribution: Attribution) -> Text:
    """The prompt with a background colour per feature; control characters are shown escaped."""
    shown = Text()
    reached = 0
    backgrounds = colours(attribution.values)
    for feature, background in zip(attribution.features, backgrounds, strict=True):
        shown.append(_lines(attribution.prompt[reached : feature.start]), style="dim")
        shown.append(_lines(feature.text), style=f"rgb{_rgb(ink(background))} on rgb{_rgb(background)}")
        reached = feature.end
    shown.append(_lines(attribution.prompt[reached:]), style="dim")
    return shown


def _lines(text: str) -> str:
    """Escaped text that keeps its line breaks."""
    return printable(text).replace("⏎", "⏎\n")


def _rgb(colour: tuple[int, int, int]) -> str:
    return f"({colour[0]},{colour[1]},{colour[2]})"


def _legend(attribution: Attribution) -> Text:
    """What the colours stand for."""
    largest = max((abs(value) for value in attribution.values), default=0.0)
    legend = Text()
    for value, label in ((-largest, " against "), (0.0, " 0 "), (largest, " for ")):
        background = colours([value, largest])[0]
        style = f"rgb{_rgb(ink(background))} on rgb{_rgb(background)}"
        legend.append(label, style=style)
    legend.append(f"  full colour = {largest:.3g} {attribution.unit}", style="dim")
    return legend


def _strongest(attribution: Attribution) -> Table:
    """The features with the largest absolute values."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(attribution.unit, justify="right")
    table.add_column("feature")
    pairs: list[tuple[float, Feature]] = list(zip(attribution.values, attribution.features, strict=True))
    for value, feature in sorted(pairs, key=lambda pair: -abs(pair[0]))[:TOP]:
        table.add_row(f"{value:+.3f}", Text(printable(feature.text.strip(), 100)))
    return table


def _verdict(attribution: Attribution) -> Text:
    """The verdict with its reason, and what the attribution cost."""
    style = {"believable": "bold green", "weak": "bold yellow", "do not believe": "bold red"}[attribution.verdict]
    shown = Text(printable(attribution.note or attribution.verdict), style=style)
    shown.append(
        f"\nlog P(target) {attribution.target_log_prob:.3f} nats · {attribution.evaluations} evaluations"
        f" · {attribution.seconds:.1f} s",
        style="dim",
    )
    return shown


def _answer(engine: Engine, prompt: str) -> str:
    """The model's own greedy answer.

    Raises:
        UsageError: It is empty.
    """
    from audit.engine import GenerateRequest  # noqa: PLC0415 - see above

    completion: Any = engine.generate([GenerateRequest(prompt, max_new_tokens=ANSWER_TOKENS)])[0]
    text = completion.generations[0].text if completion.generations else ""
    if not text.strip():
        msg = f"the model gave no answer{f' ({completion.error})' if completion.error else ''}: name one with --target"
        raise UsageError(msg)
    if not verbosity.chosen.quiet:
        err.print(Text(f"explaining the model's own answer: {printable(text, 200)}", style="dim"))
    return str(text)
