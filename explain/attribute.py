"""One attribution: a prompt, a target, a method, and how far to believe the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import ScorerError, TaskUnavailable, UsageError, WhiteBoxUnavailable
from audit.explain.attempt import Failed, attempt
from audit.explain.faithfulness.measures import agreement, measure_faithfulness
from audit.explain.faithfulness.plan import PAIRS, Plan, plan
from audit.explain.prompt.features import Cut, featurize
from audit.explain.prompt.game import MaskedPrompt
from audit.explain.record import record
from audit.explain.work import SHARED, Work, prefetch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Attribution, Sample, Span
    from audit.engine import Engine
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import MethodValues
    from audit.explain.prompt.units import Unit


def prepare(  # noqa: PLR0913 - what is explained, and how finely
    engine: Engine,
    prompt: str,
    target: str,
    *,
    against: str | None = None,
    options: Sequence[str] = (),
    max_features: int,
    max_tokens: int | None = None,
    unit: Unit = "auto",
    spans: Sequence[Span] = (),
    within: Sequence[str] = (),
) -> MaskedPrompt:
    """Cut a prompt into features, ready for any method; methods that share it share their scores.

    Args:
        engine: The checkpoint.
        prompt: The exact text that the checkpoint sees.
        target: The continuation to explain.
        against: Explain log P(target) − log P(against) instead.
        options: What the target was chosen from; explained is then the target against the likeliest other
            option, and all are scored. May hold the target.
        max_features: Features at most, for unit ``auto``.
        max_tokens: Bound of features x tokens, for unit ``auto``; None sets none.
        unit: What a feature is.
        spans: Named parts of the prompt.
        within: Names of the spans that are explained; none explains the whole prompt.

    Raises:
        UsageError: Prompt, target or contrast is empty, or the contrast equals the target; see
            :func:`~audit.explain.prompt.features.featurize` for the others.
        ScorerError: An option has no score.
    """
    others = [option for option in options if option != target]
    if against is not None and (not against.strip() or against == target):
        msg = f"cannot explain {target!r} against {against!r}: give two different continuations"
        raise UsageError(msg)
    if not all(option.strip() for option in others):
        msg = "cannot explain a choice among options of which one is empty"
        raise UsageError(msg)
    if against is None and others:
        against = likeliest(engine, prompt, others)
    others = list(dict.fromkeys([*([] if against is None else [against]), *others]))
    cut = Cut(max_features, max_tokens, unit, tuple(spans), tuple(within))
    features = featurize(engine, prompt, [target, *others], cut, scored=bool(options))
    return MaskedPrompt(engine, features, prompt, target, against=against, others=others)


def likeliest(engine: Engine, prompt: str, options: Sequence[str]) -> str:
    """The option with the highest log-probability, the first among equals.

    Args:
        engine: The checkpoint.
        prompt: The exact text before the options.
        options: Continuations.

    Raises:
        ScorerError: An option has no score, or adds no token.
    """
    scores = engine.score([engine.encode_pair(prompt, option) for option in options])
    failed = next((score.error or "no token" for score in scores if score.error or not score.log_probs), None)
    if failed:
        msg = f"an option could not be scored: {failed}"
        raise ScorerError(msg)
    return max(zip(options, scores, strict=True), key=lambda pair: pair[1].total)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a prompt is explained, whichever the methods."""

    seed: int
    """Of the methods' sampling and of the random orders."""
    pairs: int = PAIRS
    """Pairs of random orders that each method is compared with."""
    sample: Sample | None = None
    """The sample that is explained, or None for a prompt given by hand."""
    reason: str = "asked for"
    """Why it is explained."""
    stability: bool = True
    """Run a method that samples again with another seed, for measure ``stability``: twice the cost of that method."""


def attribute_one(prompt: MaskedPrompt, method: Method, how: How) -> Attribution:
    """Attribute with one method and measure how faithful the result is.

    Args:
        prompt: From :func:`prepare`.
        method: From :data:`audit.explain.methods.registry.METHODS`.
        how: Seed, and what the record says.

    Raises:
        UsageError: A white-box method was asked for a contrast, or a package is missing.
        WhiteBoxUnavailable: The method needs weights that are not local.
        ScorerError: The checkpoint gave no finite answer.
    """
    [made] = attribute_all(prompt, [method], how)
    if isinstance(made, Failed):
        raise made.error
    return made


def attribute_all(prompt: MaskedPrompt, methods: Sequence[Method], how: How) -> list[Attribution | Failed]:
    """Attribute with several methods and measure all results, in as few calls of the engine as possible.

    One call scores whatever is known beforehand: the masks of each method that offers its ``design``, and
    what all measures compare with. Then each method runs; one whose masks depend on the answers asks for
    them. A last call scores what the measures of all results need. The results are those of
    :func:`attribute_one`, method by method, except ``seconds``.

    Args:
        prompt: From :func:`prepare`.
        methods: From :data:`audit.explain.methods.registry.METHODS`.
        how: Seed, and what the records say.

    Returns:
        One entry per method, in order: its attribution, or why there is none. Requests, passes and seconds of each
        method, and those that they share, are added to ``prompt.work``.
    """
    work = Work()
    compared = plan(len(prompt.features), how.seed, how.pairs)
    designs = {method.name: attempt(_design, prompt, method, how) for method in methods}
    # A method whose design failed will fail again, and say why, when it runs.
    known = {name: masks for name, masks in designs.items() if not isinstance(masks, Failed)}
    prefetch(prompt, {SHARED: compared.masks, **known}, work)
    runs = [attempt(_run, prompt, method, how, work) for method in methods]
    curves = {run.method.name: compared.own(run.found.values) for run in runs if not isinstance(run, Failed)}
    prefetch(prompt, curves, work)
    shared = work.seconds(SHARED) / max(1, len(methods))
    made = [
        run if isinstance(run, Failed) else attempt(_measured, prompt, run, how, work, compared, shared) for run in runs
    ]
    prompt.work.merge(work)
    return made


@dataclass(frozen=True, slots=True)
class _Run:
    """What a method gave, and what it took."""

    method: Method
    found: MethodValues
    stability: float | None
    evaluations: int


def _design(prompt: MaskedPrompt, method: Method, how: How) -> NDArray[np.bool_]:
    """The masks of a method as far as they are known beforehand; none for one that will not run."""
    count = len(prompt.features)
    design = method.design
    if design is None or (prompt.against is not None and not method.contrasts):
        return np.zeros((0, count), dtype=np.bool_)
    seeds = (how.seed, how.seed + 1) if how.stability else (how.seed,)
    chosen = (prompt.effort.evaluations,) if method.effort == "evaluations" else ()
    return np.concatenate([design(count, seed, *chosen) for seed in seeds])


def _run(prompt: MaskedPrompt, method: Method, how: How, work: Work) -> _Run:
    """Run one method, and again with another seed where that is asked for and can change anything.

    Raises:
        UsageError: It was asked for a contrast and has none, or its package is missing.
        WhiteBoxUnavailable: It needs weights that are not local.
        ScorerError: There is no finite answer.
    """
    if prompt.against is not None and not method.contrasts:
        msg = f"method {method.name} explains one target: use occlusion for a contrast"
        raise UsageError(msg)
    stability = 1.0 if not draws(method, len(prompt.features)) else None
    with work.booked(method.name, prompt):
        with prompt.counting() as asked:
            found = _values(prompt, method, how.seed)
        if found.stability is not None:
            stability = found.stability
        elif stability is None and how.stability:
            stability = agreement(found.values, _values(prompt, method, how.seed + 1).values)
    work.add(method.name, passes=found.evaluations or 0)
    needed = len(asked) * len(prompt.continuations) if found.evaluations is None else found.evaluations
    return _Run(method, found, stability, needed)


def _values(prompt: MaskedPrompt, method: Method, seed: int) -> MethodValues:
    """What a method gives; values that are not finite are an error."""
    found = method.attribute(prompt, seed)
    if not np.isfinite(found.values).all():
        msg = f"method {method.name} gave values that are not finite"
        raise ScorerError(msg)
    return found


def draws(method: Method, count: int) -> bool:
    """Whether another seed can change the values of a method over ``count`` features.

    Gradients and attentions draw nothing. A method of which all masks are known beforehand draws nothing
    where another seed gives the same ones. All others may.

    Args:
        method: The method.
        count: Features.
    """
    if method.white_box:
        return False
    return method.design is None or not np.array_equal(method.design(count, 0), method.design(count, 1))


def _measured(prompt: MaskedPrompt, run: _Run, how: How, work: Work, compared: Plan, shared: float) -> Attribution:
    """The record of what a method gave, with its measures.

    Args:
        prompt: The game.
        run: The method's values.
        how: As asked for.
        work: What each method took so far.
        compared: What it is measured against.
        shared: This method's part of the seconds that are no method's own.

    Raises:
        ScorerError: A mask of the measures has no answer.
    """
    method, found = run.method, run.found
    baseline = prompt.empty if found.baseline_value is None else found.baseline_value
    with work.booked(method.name, prompt):
        faithfulness = measure_faithfulness(
            prompt,
            found.values,
            compared,
            difference=prompt.full - baseline if method.additive else None,
            stability=run.stability,
            predicts=method.unit == "nats",
            doubt=found.doubt,
        )
    return record(
        prompt,
        method,
        found,
        faithfulness,
        sample=how.sample,
        reason=how.reason,
        evaluations=run.evaluations,
        seconds=work.seconds(method.name) + shared,
    )


def is_possible(engine: Engine, method: Method) -> str | None:
    """Why a method cannot be used on a checkpoint at all; None where it can.

    Args:
        engine: The checkpoint.
        method: The method.
    """
    try:
        if method.white_box:
            _ = engine.model
        engine.check_scoring()
    except (WhiteBoxUnavailable, TaskUnavailable) as error:
        return str(error)
    return None
