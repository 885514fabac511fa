"""``audit explain``: why one answer, as pictures in the terminal, as a file or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from audit.cli import attribution_file, conversation, loading, stored_sample, verbosity
from audit.cli.console import JsonFlag, err, out, print_json
from audit.cli.progress import Bars
from audit.core import assets
from audit.core.config import load_config
from audit.core.errors import UsageError, did_you_mean
from audit.core.records import Span
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.explain.methods.registry import METHODS, find
from audit.explain.prompt.units import UNITS
from audit.reports.attribution.order import by_sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Attribution
    from audit.engine import Engine
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import Effort, MaskedPrompt
    from audit.explain.prompt.units import Unit

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
  audit explain -p "Who wrote Emma?" --chat --system "Answer in one word." --target "Jane"
  audit explain -p "The capital of France is" --method occlusion,attention_rollout --out why.html
  audit explain --run latest --sample 49a711e6 --method occlusion,shapley
  audit explain --model ./checkpoint --prompt - --features sentences --json < prompt.txt
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("explain", epilog=EXAMPLES)(explain)


def explain(  # noqa: PLR0913 - one parameter per option of the contract
    *,
    prompt: Annotated[
        str | None, typer.Option("--prompt", "-p", help="The exact text the model sees; - reads it from stdin.")
    ] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="The prompt is a user's message: apply the model's chat template.")
    ] = False,
    system: Annotated[str | None, typer.Option(help="System turn before it; implies --chat.")] = None,
    messages: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='JSON list of turns, [{"role": "user", "content": "…"}], not --prompt.'),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Explain a stored sample: run folder, run id or 'latest'; with --sample."),
    ] = None,
    sample: Annotated[str | None, typer.Option(metavar="ID", help="Sample of the run; its first digits do.")] = None,
    runs: Annotated[Path, typer.Option(help="Folder to look for run ids in.")] = Path("runs"),
    model: loading.Model = None,
    base: loading.Base = None,
    revision: loading.Revision = None,
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
    steps: Annotated[
        int | None, typer.Option(min=2, help="Points of integrated gradients; more come closer to their sum.")
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(min=16, help="Masked prompts that a method which samples may score.")
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
        int | None,
        typer.Option(
            min=1,
            help="With --features auto, longer prompts are cut into clauses, sentences, runs. "
            f"Default: {MAX_FEATURES}; of a sample, as its run has it.",
        ),
    ] = None,
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
    config: loading.Config = None,
    chat_template: loading.ChatTemplate = None,
    chat_template_args: loading.ChatTemplateArgs = None,
    thinking_tokens: loading.ThinkingTokens = None,
    think_end: loading.ThinkEnd = None,
    device: loading.Device = None,
    device_map: loading.DeviceMap = None,
    dtype: loading.Dtype = None,
    quantization: loading.Quantization = None,
    data_dir: loading.DataDir = None,
    offline: loading.Offline = None,
    max_length: loading.MaxLength = None,
    trust_remote_code: loading.TrustRemoteCode = None,
    allow_pickle: loading.AllowPickle = None,
    tokenizer: loading.Tokenizer = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of sampling methods and random orders.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Explain one answer: which pieces of a prompt move the log-probability of a target, and how far to believe it.

    The answer is one to a prompt given here, or a stored sample of a run, which is explained as the run would have.
    """
    given = dict(locals())
    # Imported here because altair takes seconds to load, and `audit --help` must not wait for it.
    from audit.cli import attribution as terminal  # noqa: PLC0415 - see above

    _one_source(prompt, messages, run, sample)
    methods = _methods(method or ["occlusion"])
    effort = _effort(methods, steps, evaluations)
    if out_file is not None:
        attribution_file.check(out_file)
    bars = Bars(quiet=verbosity.chosen.quiet or as_json)
    if run is not None and sample is not None:
        made = stored_sample.explain(RunFolder.resolve(run, runs), sample, given, methods, effort, bars)
    else:
        made = _by_hand(given, methods, effort, bars)
    groups = by_sample(made) if run is not None else [made]
    if as_json:
        print_json(made if len(methods) > 1 else made[0])
    else:
        for group in groups:
            terminal.show(out, group)
    if out_file is not None and out_file.suffix.lower() != ".json" and len(groups) > 1:
        apart = " and of ".join(", ".join(one.method for one in group) for group in groups)
        msg = f"--out {out_file}: {apart} explain different things: name methods of one kind, or write .json"
        raise UsageError(msg)
    if out_file is not None:
        attribution_file.write(out_file, made)  # last: where it cannot be written, the result was shown
        if not verbosity.chosen.quiet:
            err.print(f"written: {out_file}", markup=False, highlight=False, soft_wrap=True)


def _one_source(prompt: str | None, messages: Path | None, run: str | None, sample: str | None) -> None:
    """Make sure that it is clear what is explained.

    Raises:
        UsageError: Nothing is named, or more than one thing.
    """
    named = [name for name, given in (("--prompt", prompt), ("--messages", messages), ("--run", run)) if given]
    if len(named) > 1:
        msg = f"{' and '.join(named)} are given: what is explained is one of them"
        raise UsageError(msg)
    if not named and prompt != "":
        msg = "nothing to explain: give --prompt TEXT, --messages FILE, or --run RUN with --sample ID"
        raise UsageError(msg)
    if (run is None) != (sample is None):
        msg = "--run and --sample go together: --run RUN --sample ID"
        raise UsageError(msg)


def _effort(methods: Sequence[Method], steps: int | None, evaluations: int | None) -> Effort:
    """How much the methods may do.

    Raises:
        UsageError: An option has no effect on any of the methods.
    """
    from audit.explain.prompt.game import Effort  # noqa: PLC0415 - see above

    for name, given in (("steps", steps), ("evaluations", evaluations)):
        able = [method.name for method in METHODS.values() if method.effort == name]
        if given is not None and not any(method.name in able for method in methods):
            msg = f"--{name} has no effect on {', '.join(m.name for m in methods)}: name one of {', '.join(able)}"
            raise UsageError(msg)
    return Effort(steps, evaluations)


def _by_hand(given: Mapping[str, Any], methods: Sequence[Method], effort: Effort, bars: Bars) -> list[Attribution]:
    """Attributions of an answer to a prompt that was typed.

    Args:
        given: What was typed, by the names of the command's parameters.
        methods: In their order.
        effort: How much they may do.
        bars: Listener of the work.
    """
    # Imported here because torch takes seconds to load, and `audit --help` must not wait for it.
    from audit.explain.attempt import Failed, attempt  # noqa: PLC0415 - see above
    from audit.explain.attribute import prepare  # noqa: PLC0415 - see above
    from audit.explain.counterfactual import removals_and_swaps  # noqa: PLC0415 - see above
    from audit.explain.prompt.features import regions  # noqa: PLC0415 - see above

    unit, within = _unit(given["features"]), given["within"] or []
    config = load_config(given["config"], {**loading.flags(given), "seed": given["seed"]})
    turns = conversation.turns(given, config)
    text, spans = "", []
    if turns is None:  # mistakes in a text that is known are found before anything is loaded
        text = conversation.read_prompt(given["prompt"])
        spans = _spans(text, given["field"] or [])
        regions(spans, within)
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    from audit.pipeline.loading import engine_of  # noqa: PLC0415 - torch takes seconds to import

    engine = engine_of(config)
    engine.check_sound()
    engine.progress = bars
    with bars:
        if turns is not None:
            text = conversation.text(engine, turns, bars)
            spans = _spans(text, given["field"] or [])
        options = given["option"] or []
        masked = prepare(
            engine,
            text,
            _target(engine, text, given["target"], options),
            against=given["against"],
            options=options,
            max_features=given["max_features"] or MAX_FEATURES,
            unit=unit,
            spans=spans,
            within=within,
        )
        masked.effort = effort
        made = _attributions(masked, methods, config.seed, bars)
        if given["counterfactual"]:
            search = attempt(removals_and_swaps, masked)
            if isinstance(search, Failed):
                bars.say(f"no search for a counterfactual: {search.reason}")
            else:
                made[0] = made[0].model_copy(update={"counterfactual": search})
    return made


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
    """One attribution per method, over the same masks; with several methods a failure is said and left out.

    Raises:
        AuditError: No method gave an attribution.
    """
    from audit.explain.attribute import attribute, attribute_all  # noqa: PLC0415 - see above

    bars.expect(1)
    bars.task("explain", ", ".join(method.name for method in methods))
    if len(methods) == 1:
        return [attribute(masked, methods[0], seed=seed, pairs=PAIRS)]
    found = attribute_all(masked, methods, seed=seed, pairs=PAIRS)
    return stored_sample.made(dict(zip((method.name for method in methods), found, strict=True)), bars)


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
