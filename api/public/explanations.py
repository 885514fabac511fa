"""Why a checkpoint gave an answer: which features of the prompt moved it, and how far to believe that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig, validate
from audit.core.errors import UsageError
from audit.core.text import printable
from audit.engine import GenerateRequest
from audit.explain.attribute import How, attribute_one, likeliest, prepare
from audit.explain.methods.registry import METHODS, check_effort, find
from audit.explain.prompt.game import Effort
from audit.explain.prompt.units import unit_called
from audit.explain.trace_steps import REMARK, STEPS, own_trace, with_steps
from audit.pipeline.plugins import load_plugins
from audit.public.checkpoints import Checkpoint, load
from audit.public.inline import Page
from audit.public.notebook import listening
from audit.public.options import as_list, check_texts, texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import pandas as pd

    from audit.core.progress import Progress
    from audit.core.records import Attribution, Span
    from audit.engine import Engine
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import MaskedPrompt
    from audit.explain.prompt.units import Unit
    from audit.public.options import Paths

MAX_FEATURES = 48
PAIRS = 4
"""Pairs of random orders that an attribution is compared with."""
ANSWER_TOKENS = 32
OTHER_UNIT = "choose other features than steps"
HEIGHT = 620
"""Pixels of an explanation in a notebook."""


class Explanation:
    """One answer, explained by one method or by several; a notebook shows the prompt as a heat map.

    Args:
        attributions: One per method, of the same prompt and answer.

    Attributes:
        attributions: The records.
    """

    def __init__(self, attributions: Sequence[Attribution]) -> None:
        self.attributions = list(attributions)

    @property
    def target(self) -> str:
        """The continuation whose log-probability is explained."""
        return self.attributions[0].target

    @property
    def verdict(self) -> str:
        """How far to believe the first method: ``believable``, ``weak`` or ``do not believe``."""
        return self.attributions[0].verdict

    @property
    def values(self) -> pd.DataFrame:
        """One row per feature of the prompt and method, in the order of the prompt.

        >>> list(explanation.values.columns)
        ['method', 'feature', 'start', 'end', 'value', 'low', 'high', 'unit']
        """
        import pandas as pd  # noqa: PLC0415 - takes a second to import

        rows = [row for one in self.attributions for row in _rows(one)]
        types = {"start": "Int64", "end": "Int64", "value": "Float64", "low": "Float64", "high": "Float64"}
        texts = {"method": "string", "feature": "string", "unit": "string"}
        columns = ["method", "feature", "start", "end", "value", "low", "high", "unit"]
        return pd.DataFrame.from_records(rows, columns=columns).astype({**types, **texts})

    def page(self) -> Page:
        """The explanation as a page: heat map, waterfall, matrix, verdict.

        Raises:
            AuditError: It is too large for a page.
        """
        from audit.reports.attribution.page import render  # noqa: PLC0415 - slow to import

        return Page(render(self.attributions), HEIGHT)

    def __repr__(self) -> str:
        """The target and the verdict."""
        methods = ", ".join(one.method for one in self.attributions)
        return f"Explanation(target={printable(self.target, 60)!r}, method={methods!r}, verdict={self.verdict!r})"

    def _repr_html_(self) -> str:
        """See :meth:`page`."""
        return self.page()._repr_html_()


def explain(  # noqa: PLR0913 - what is explained and how, by keyword
    model: Checkpoint | str | PathLike[str],
    prompt: str,
    *,
    target: str | None = None,
    against: str | None = None,
    options: Sequence[str] = (),
    method: str | Sequence[str] = "occlusion",
    features: Unit = "auto",
    thinking: str | None = None,
    max_features: int = MAX_FEATURES,
    steps: int | None = None,
    evaluations: int | None = None,
    chat: bool = False,
    seed: int = 1234,
    plugins: Paths = (),
    progress: Progress | bool = True,
    **loading: object,
) -> Explanation:
    """Explain one answer: which features of a prompt move the log-probability of a target.

    >>> explanation = audit.explain(checkpoint, "The capital of France is", target=" Paris", against=" Rome")
    >>> explanation.target
    ' Paris'
    >>> len(explanation.values)
    5

    Args:
        model: From :func:`audit.load`, or what that takes.
        prompt: The exact text that the checkpoint sees; with ``chat``, a user's message.
        target: Continuation that is explained, leading space included; None takes the likeliest of ``options``, else
            the checkpoint's own greedy answer.
        against: Explain log P(target) − log P(against) instead.
        options: What the target is chosen among.
        method: Name of a method, or several that are compared: ``occlusion``, ``shapley``, ``integrated_gradients``, …
        features: What a feature of the prompt is: ``auto``, ``tokens``, ``words``, ``sentences``, …; ``steps``: the
            steps of the reasoning trace before the answer, the checkpoint's own one unless ``thinking`` is given.
        thinking: Reasoning trace between prompt and target, without markers: its steps are explained.
        max_features: With ``auto``, longer prompts are cut into coarser features.
        steps: Points of integrated gradients.
        evaluations: Masked prompts that a method which samples may score.
        chat: Apply the checkpoint's chat template to the prompt.
        seed: Of sampling methods and random orders.
        plugins: Python files that bring further methods, one or several.
        progress: As for :func:`audit.run`.
        loading: As for :func:`audit.load`, where ``model`` is not loaded yet.

    Raises:
        UsageError: A name is unknown, a number out of range or without effect, or prompt, target or contrast empty.
        WhiteBoxUnavailable: The method needs weights, and the model is behind a server.
        ScorerError: The checkpoint gave no finite answer.
    """
    methods = _methods(method, plugins)
    unit = unit_called(features if thinking is None or features != "auto" else STEPS, "features")
    if thinking is not None and unit != STEPS:
        msg = f"audit.explain: thinking is explained by its steps: leave out features={unit!r}"
        raise UsageError(msg)
    check_effort(methods, steps, evaluations)
    validate(RunConfig, {"seed": seed, "explain": {"max_features": max_features}}, "audit.explain")
    options = _options(options)
    check_texts("audit.explain", prompt, *(text for text in (target, against, thinking) if text is not None))
    engine = _checkpoint(model, loading).engine
    with listening(progress) as listener, engine.at_work(listener):
        text = engine.apply_chat_template([{"role": "user", "content": prompt}]) if chat else prompt
        spans: tuple[Span, ...] = ()
        if unit == STEPS:
            trace, answer = (thinking, None) if thinking is not None else own_trace(engine, text, OTHER_UNIT)
            traced = with_steps(engine, text, trace, max_features)
            text, spans = traced.text, traced.spans
            target = answer if target is None and not options else target
        chosen = _target(engine, text, target, options)
        masked = prepare(
            engine, text, chosen, against=against, options=options, max_features=max_features, unit=unit, spans=spans
        )
        masked.effort, masked.remark = Effort(steps, evaluations), REMARK if unit == STEPS else None
        return Explanation(_attributed(masked, methods, seed, listener))


def _methods(method: str | Sequence[str], plugins: Paths) -> list[Method]:
    """The methods that are named, those of plug-ins among them.

    Raises:
        UsageError: A name is unknown, there is none, or a plug-in cannot be loaded.
    """
    names = list(dict.fromkeys(texts_of("audit.explain: method", method)))
    files = validate(RunConfig, {"plugins": as_list(plugins)}, "audit.explain").plugins
    if files or not METHODS.keys() >= set(names):
        load_plugins(files)
    if not names:
        msg = "audit.explain: no method is named"
        raise UsageError(msg)
    return [find(name) for name in names]


def _options(options: Sequence[str]) -> list[str]:
    """What the target is chosen among.

    Raises:
        UsageError: It is a single text, or holds something else than texts.
    """
    if isinstance(options, str):
        msg = "audit.explain: options are a list of texts, and one text was given"
        raise UsageError(msg)
    return texts_of("audit.explain: options", options)


def _checkpoint(model: Checkpoint | str | PathLike[str], loading: dict[str, Any]) -> Checkpoint:
    """The checkpoint, loaded where it is not yet.

    Raises:
        UsageError: It is loaded, and is to be loaded in some way; or it cannot be.
    """
    if not isinstance(model, Checkpoint):
        return load(model, **loading)
    if loading:
        msg = f"audit.explain: the checkpoint is loaded already: leave out {next(iter(loading))}"
        raise UsageError(msg)
    return model


def _attributed(masked: MaskedPrompt, methods: Sequence[Method], seed: int, listener: Progress) -> list[Attribution]:
    """The prompt explained by each method in turn."""
    listener.expect(len(methods))
    made = []
    for one in methods:
        listener.task("explain", one.name)
        listener.samples(1)
        made.append(attribute_one(masked, one, How(seed=seed, pairs=PAIRS)))
    return made


def _target(engine: Engine, prompt: str, target: str | None, options: Sequence[str]) -> str:
    """What is explained: the given target, else the likeliest option, else the checkpoint's own answer.

    Raises:
        UsageError: There is no answer, or it comes after a reasoning trace; or the options are no choice.
    """
    if target is not None:
        return target
    if options:
        if len(set(options)) < 2 or not all(option.strip() for option in options):
            msg = "audit.explain: options: give at least two that are not empty, or name the target"
            raise UsageError(msg)
        return likeliest(engine, prompt, options)
    completion = engine.generate([GenerateRequest(prompt, max_new_tokens=ANSWER_TOKENS)])[0]
    answer = completion.generations[0] if completion.generations else None
    if answer and (answer.thinking or not answer.thinking_closed):
        msg = "the model reasons before it answers, so its answer rests on more than the prompt: name a target"
        raise UsageError(msg)
    if answer is None or not answer.text.strip():
        msg = f"the model gave no answer{f' ({completion.error})' if completion.error else ''}: name a target"
        raise UsageError(msg)
    return answer.text


def _rows(attribution: Attribution) -> list[tuple[Any, ...]]:
    """The features of one attribution."""
    nothing: list[tuple[float | None, float | None]] = [(None, None)] * len(attribution.features)
    ends = attribution.intervals or nothing
    return [
        (attribution.method, feature.text, feature.start, feature.end, value, low, high, attribution.unit)
        for feature, value, (low, high) in zip(attribution.features, attribution.values, ends, strict=True)
    ]
