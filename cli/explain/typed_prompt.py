"""A prompt that was typed, explained: its text, its named parts, what is explained of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from audit.cli import verbosity
from audit.cli.console import err
from audit.cli.explain import conversation, stored_sample
from audit.core import assets
from audit.core.config import load_config
from audit.core.errors import UsageError
from audit.core.records import Span
from audit.core.text import printable
from audit.explain.prompt.units import unit_called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.cli.explain.options import ExplainArguments
    from audit.cli.options import Given
    from audit.cli.progress import Bars
    from audit.core.records import Attribution
    from audit.engine import Engine
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import Effort, MaskedPrompt
    from audit.explain.prompt.units import Unit

MAX_FEATURES = 48
"""One prompt can afford more features than the samples of a run."""
PAIRS = 4
"""Pairs of random orders: one prompt can afford twice as many as a run."""


def explain(
    arguments: ExplainArguments, given: Given, methods: Sequence[Method], effort: Effort, bars: Bars
) -> list[Attribution]:
    """Attributions of an answer to a prompt that was typed.

    Args:
        arguments: The command's own options.
        given: Those of the configuration.
        methods: In their order.
        effort: How much they may do.
        bars: Listener of the work.

    Raises:
        UsageError: The prompt, a part of it or an option is at fault.
    """
    # Imported here because torch takes seconds to load, and `audit --help` must not wait for it.
    from audit.engine.configured import engine_of  # noqa: PLC0415 - see above
    from audit.explain.prompt.features import regions  # noqa: PLC0415 - see above
    from audit.explain.trace_steps import REMARK  # noqa: PLC0415 - see above

    unit = unit_called(arguments.features, "--features")
    if unit == "steps" and (arguments.field or arguments.within):
        msg = "--features steps: the steps of the trace are what is explained: leave out --field and --within"
        raise UsageError(msg)
    config = load_config(arguments.config, given.values)
    turns = conversation.turns(arguments, given.values.get("chat_template"), config)
    if turns is None:  # mistakes in a text that is known are found before anything is loaded
        text = conversation.read_prompt(arguments.prompt or "")
        spans = _spans(text, arguments.field or [])
        regions(spans, arguments.within or [])
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    engine = engine_of(config)
    engine.check_sound()
    with bars, engine.at_work(bars):
        if turns is not None:
            text = conversation.text(engine, turns, bars)
            spans = _spans(text, arguments.field or [])
        longest = config.explain.max_features if given.has("--max-features") else MAX_FEATURES
        if unit == "steps":
            text, spans, arguments = _traced(engine, text, arguments, longest)
        masked = _masked(engine, text, spans, arguments, unit, longest)
        masked.effort, masked.remark = effort, REMARK if unit == "steps" else None
        made = _attributions(masked, methods, config.seed, bars)
        if arguments.counterfactual:
            made[0] = _with_counterfactual(made[0], masked, bars)
    return made


def _traced(
    engine: Engine, prompt: str, arguments: ExplainArguments, most: int
) -> tuple[str, list[Span], ExplainArguments]:
    """The prompt with the model's own trace behind it, the steps of the trace, and its answer as the target.

    Raises:
        UsageError: The model writes no trace, or no answer.
    """
    from audit.explain.trace_steps import own_trace, with_steps  # noqa: PLC0415 - torch takes seconds to import

    trace, answer = own_trace(engine, prompt, "choose another unit than steps")
    traced = with_steps(engine, prompt, trace, most)
    if arguments.target is not None or arguments.option:
        return traced.text, list(traced.spans), arguments
    _say(f"explaining the model's own answer by the steps of its trace: {printable(answer, 200)}")
    return traced.text, list(traced.spans), replace(arguments, target=answer)


def _say(line: str) -> None:
    """One dim line on stderr, unless the command is to be quiet."""
    if not verbosity.chosen.quiet:
        err.print(Text(line, style="dim"))


def _masked(
    engine: Engine, text: str, spans: list[Span], arguments: ExplainArguments, unit: Unit, max_features: int
) -> MaskedPrompt:
    """The prompt, cut into what gets a value, with what is explained."""
    from audit.explain.attribute import prepare  # noqa: PLC0415 - torch takes seconds to import

    options = arguments.option or []
    return prepare(
        engine,
        text,
        _target(engine, text, arguments.target, options),
        against=arguments.against,
        options=options,
        max_features=max_features,
        unit=unit,
        spans=spans,
        within=arguments.within or [],
    )


def _with_counterfactual(made: Attribution, masked: MaskedPrompt, bars: Bars) -> Attribution:
    """An attribution with the smallest change of its prompt that changes the answer; why there is none is said."""
    from audit.explain.attempt import Failed, attempt  # noqa: PLC0415 - torch takes seconds to import
    from audit.explain.counterfactual import removals_and_swaps  # noqa: PLC0415 - see above

    search = attempt(removals_and_swaps, masked)
    if isinstance(search, Failed):
        bars.say(f"no search for a counterfactual: {search.reason}")
        return made
    return made.model_copy(update={"counterfactual": search})


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
        UsageError: It has no name or no text, or the text is not in the prompt exactly once.
    """
    name, _, text = given.partition("=")
    if not name.strip() or not text:
        msg = f"--field {printable(given, 80)}: write NAME=TEXT"
        raise UsageError(msg)
    start = prompt.find(text)
    if start < 0:
        msg = f"--field {printable(name, 40)}: its text is not in the prompt: {printable(text, 80)}"
        raise UsageError(msg)
    if prompt.find(text, start + 1) >= 0:
        msg = f"--field {printable(name, 40)}: its text occurs in the prompt more than once: give a longer text"
        raise UsageError(msg)
    return Span(name=name.strip(), kind="field", start=start, end=start + len(text))


def _target(engine: Engine, prompt: str, target: str | None, options: Sequence[str]) -> str:
    """What is explained: the given target, else the likeliest option, else the model's own answer.

    Raises:
        UsageError: One option alone is no choice.
    """
    from audit.explain.attribute import likeliest  # noqa: PLC0415 - torch takes seconds to import

    if target is not None:
        return target
    if not options:
        return _answer(engine, prompt)
    if len(set(options)) < 2:
        msg = "a single --option is not a choice: give at least two, or name the --target"
        raise UsageError(msg)
    if not all(option.strip() for option in options):
        msg = "an --option is empty"
        raise UsageError(msg)
    chosen = likeliest(engine, prompt, options)
    _say(f"explaining the likeliest option: {printable(chosen, 200)}")
    return chosen


def _attributions(masked: MaskedPrompt, methods: Sequence[Method], seed: int, bars: Bars) -> list[Attribution]:
    """One attribution per method, over the same masks; with several methods a failure is said and left out.

    Raises:
        AuditError: No method gave an attribution.
    """
    from audit.explain.attribute import How, attribute_all, attribute_one  # noqa: PLC0415 - see above

    bars.expect(1)
    bars.task("explain", ", ".join(method.name for method in methods))
    bars.samples(1)
    if len(methods) == 1:
        return [attribute_one(masked, methods[0], How(seed=seed, pairs=PAIRS))]
    found = attribute_all(masked, methods, How(seed=seed, pairs=PAIRS))
    return stored_sample.made(dict(zip((method.name for method in methods), found, strict=True)), bars)


def _answer(engine: Engine, prompt: str) -> str:
    """The model's own greedy answer.

    Raises:
        UsageError: It is empty, or comes after a reasoning trace.
    """
    from audit.explain.own_answer import own_answer  # noqa: PLC0415 - torch takes seconds to import

    text = own_answer(engine, prompt, "name one with --target")
    _say(f"explaining the model's own answer: {printable(text, 200)}")
    return text
