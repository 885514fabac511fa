"""One attribution: a prompt, a target, a method, and how far to believe the result."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from audit.core.errors import (
    AuditError,
    DeviceLost,
    ScorerError,
    TaskUnavailable,
    UsageError,
    WhiteBoxUnavailable,
)
from audit.core.records import Attribution, OutputToken, digest_of
from audit.core.text import printable
from audit.explain.faithfulness.measures import PAIRS, Faithfulness, Plan, agreement, measure, plan
from audit.explain.prompt.features import featurize, offsets
from audit.explain.prompt.game import MaskedPrompt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample, Span
    from audit.engine import Engine
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import MethodValues
    from audit.explain.prompt.units import Unit


logger = logging.getLogger(__name__)


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
    features = featurize(
        engine,
        prompt,
        target,
        others=others,
        scored=bool(options),
        max_features=max_features,
        max_tokens=max_tokens,
        unit=unit,
        spans=spans,
        within=within,
    )
    return MaskedPrompt(engine, features, prompt, target, against=against, others=others)


def likeliest(engine: Engine, prompt: str, options: Sequence[str]) -> str:
    """The option with the highest log-probability, the first among equals.

    Raises:
        ScorerError: An option has no score, or no token of its own.
    """
    scores = engine.score([engine.encode_pair(prompt, option) for option in options])
    failed = next((score.error or "no token" for score in scores if score.error or not score.log_probs), None)
    if failed:
        msg = f"an option could not be scored: {failed}"
        raise ScorerError(msg)
    return max(zip(options, scores, strict=True), key=lambda pair: pair[1].total)[0]


def attribute(
    prompt: MaskedPrompt,
    method: Method,
    *,
    seed: int,
    pairs: int = PAIRS,
    sample: Sample | None = None,
    reason: str = "asked for",
    stability: bool = True,
) -> Attribution:
    """Attribute with one method and measure how faithful the result is.

    Args:
        prompt: From :func:`prepare`.
        method: From :data:`audit.explain.methods.registry.METHODS`.
        seed: Of the method's sampling and of the random orders.
        pairs: Pairs of random orders that it is compared with.
        sample: The sample that is explained, or None for a prompt given by hand.
        reason: Why it is explained.
        stability: Run a method that samples again with another seed, for measure ``stability``: twice the
            cost of that method.

    Raises:
        UsageError: A white-box method was asked for a contrast, or a package is missing.
        WhiteBoxUnavailable: The method needs weights that are not local.
        ScorerError: The checkpoint gave no finite answer.
    """
    [made] = _attribute_all(prompt, [method], _How(seed, pairs, sample, reason, stability))
    if isinstance(made, Attribution):
        return made
    raise made


def attribute_all(
    prompt: MaskedPrompt,
    methods: Sequence[Method],
    *,
    seed: int,
    pairs: int = PAIRS,
    sample: Sample | None = None,
    reason: str = "asked for",
    stability: bool = True,
) -> list[Attribution | str]:
    """Attribute with several methods and measure all results, in as few calls of the engine as possible.

    One call scores whatever is known beforehand: the masks of each method that offers its ``design``, and
    what all measures compare with. Then each method runs; one whose masks depend on the answers asks for
    them. A last call scores what the measures of all results need. The results are those of
    :func:`attribute`, method by method, but for ``seconds``.

    Args:
        prompt: From :func:`prepare`.
        methods: From :data:`audit.explain.methods.registry.METHODS`.
        seed: Of the methods' sampling and of the random orders.
        pairs: Pairs of random orders that each is compared with.
        sample: The sample that is explained, or None for a prompt given by hand.
        reason: Why it is explained.
        stability: Run a method that samples again with another seed, for measure ``stability``: twice the
            cost of that method.

    Returns:
        One entry per method, in order: its attribution, or why there is none.
    """
    made = _attribute_all(prompt, methods, _How(seed, pairs, sample, reason, stability))
    return [one if isinstance(one, Attribution) else str(one) for one in made]


T = TypeVar("T")
Refusal = TaskUnavailable | ScorerError | UsageError | WhiteBoxUnavailable
"""Why one method gives no attribution while others may."""


@dataclass(frozen=True, slots=True)
class _How:
    """What is the same for all methods of a prompt; see :func:`attribute_all`."""

    seed: int
    pairs: int
    sample: Sample | None
    reason: str
    stability: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """What a method gave, and what it took."""

    method: Method
    found: MethodValues
    stability: float | None
    evaluations: int
    seconds: float


def _attribute_all(prompt: MaskedPrompt, methods: Sequence[Method], how: _How) -> list[Attribution | Refusal]:
    """The attributions, or the errors that prevented them."""
    started = time.perf_counter()
    count = len(prompt.features)
    designs = [caught(_design, prompt, method, how) for method in methods]
    known = [masks for masks in designs if isinstance(masks, np.ndarray)]  # a refusal comes again when it is run
    compared = plan(count, how.seed, how.pairs)
    prompt.prefetch(np.concatenate([compared.masks, *known]))
    shared = time.perf_counter() - started
    runs = [caught(_run, prompt, method, how) for method in methods]
    started = time.perf_counter()
    own = [compared.own(run.found.values) for run in runs if isinstance(run, _Run)]
    prompt.prefetch(np.concatenate([np.zeros((0, count), dtype=np.bool_), *own]))
    shared = (shared + time.perf_counter() - started) / max(1, len(methods))
    return [caught(_record, prompt, run, how, compared, shared) if isinstance(run, _Run) else run for run in runs]


def caught(work: Callable[..., T], *given: object) -> T | Refusal:
    """What work gives, or the error that one method may have without spoiling the others.

    A method that breaks, for want of memory say, has given no answer; it says so and the others go on.
    """
    try:
        return work(*given)
    except DeviceLost:
        raise
    except (TaskUnavailable, ScorerError, UsageError, WhiteBoxUnavailable) as error:
        return error
    except AuditError:
        raise
    except Exception as error:
        logger.debug("a method broke", exc_info=True)
        return ScorerError(f"the method broke: {type(error).__name__}: {printable(str(error), 200)}")


def _design(prompt: MaskedPrompt, method: Method, how: _How) -> NDArray[np.bool_]:
    """The masks of a method as far as they are known beforehand; none for one that will not run."""
    count = len(prompt.features)
    if method.design is None or (prompt.against is not None and not method.contrasts):
        return np.zeros((0, count), dtype=np.bool_)
    seeds = (how.seed, how.seed + 1) if how.stability else (how.seed,)
    chosen = (prompt.effort.evaluations,) if method.effort == "evaluations" else ()
    return np.concatenate([method.design(count, seed, *chosen) for seed in seeds])


def _run(prompt: MaskedPrompt, method: Method, how: _How) -> _Run:
    """Run one method, and again with another seed where that is asked for and can change anything.

    Raises:
        UsageError: It was asked for a contrast and has none, or its package is missing.
        WhiteBoxUnavailable: It needs weights that are not local.
        ScorerError: There is no finite answer.
    """
    if prompt.against is not None and not method.contrasts:
        msg = f"method {method.name} explains one target: use occlusion for a contrast"
        raise UsageError(msg)
    started = time.perf_counter()
    prompt.asked.clear()
    found = _values(prompt, method, how.seed)
    needed = len(prompt.asked) * len(prompt.continuations) if found.evaluations is None else found.evaluations
    stability = found.stability
    if stability is None and not draws(method, len(prompt.features)):
        stability = 1.0
    elif stability is None and how.stability:
        stability = agreement(found.values, _values(prompt, method, how.seed + 1).values)
    return _Run(method, found, stability, needed, time.perf_counter() - started)


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
    """
    if method.white_box:
        return False
    return method.design is None or not np.array_equal(method.design(count, 0), method.design(count, 1))


def _record(prompt: MaskedPrompt, run: _Run, how: _How, compared: Plan, shared: float) -> Attribution:
    """Measure what a method gave, and write it down.

    Args:
        prompt: The game.
        run: The method's values.
        how: As asked for.
        compared: What it is measured against.
        shared: This method's part of the time that several methods took together.

    Raises:
        ScorerError: A mask of the measures has no answer.
    """
    started = time.perf_counter()
    method, found, sample = run.method, run.found, how.sample
    value = prompt.full if found.value is None else found.value
    baseline = prompt.empty if found.baseline_value is None else found.baseline_value
    difference = prompt.full - baseline if method.additive else None
    faithfulness = measure(
        prompt,
        found.values,
        compared,
        difference=difference,
        stability=run.stability,
        predicts=method.unit == "nats",
        doubt=found.doubt,
    )
    identity = (sample.sample_id if sample else None, prompt.prompt, prompt.target, prompt.against, method.name)
    return Attribution(
        attribution_id=digest_of(prompt.engine.record.digest, *identity)[:16],
        sample_id=sample.sample_id if sample else None,
        suite=sample.suite if sample else None,
        task=sample.task if sample else None,
        method=method.name,
        prompt=prompt.prompt,
        target=prompt.target,
        against=prompt.against,
        alternatives=prompt.alternatives,
        reason=how.reason,
        level=prompt.features.level,
        features=list(prompt.features.pieces),
        values=found.values.tolist(),
        intervals=None if found.intervals is None else found.intervals.tolist(),
        output_tokens=output_tokens(prompt),
        matrix=None if found.matrix is None else found.matrix.tolist(),
        heads=None if found.heads is None else np.round(found.heads, 5).tolist(),
        value=value,
        baseline_value=baseline,
        unit=method.unit,
        target_log_prob=prompt.target_log_prob(present=True),
        baseline_log_prob=prompt.target_log_prob(present=False),
        faithfulness=faithfulness.measures,
        verdict=faithfulness.verdict,
        evaluations=run.evaluations,
        seconds=shared + run.seconds + time.perf_counter() - started,
        settings=found.settings,
        note=_note(prompt, found, faithfulness),
    )


def is_possible(engine: Engine, method: Method) -> str | None:
    """Why a method cannot be used on a checkpoint at all; None where it can."""
    try:
        if method.white_box:
            _ = engine.model
        engine.check_scoring()
    except (WhiteBoxUnavailable, TaskUnavailable) as error:
        return str(error)
    return None


def output_tokens(prompt: MaskedPrompt) -> list[OutputToken]:
    """The tokens of target and alternatives, with what the checkpoint gives each."""
    texts = [
        text
        for continuation, ids in zip([prompt.target, *prompt.alternatives], prompt.continuations, strict=True)
        for text in token_texts(prompt, continuation, ids)
    ]
    given, masked = prompt.token_log_probs(present=True), prompt.token_log_probs(present=False)
    return [
        OutputToken(text=text, continuation=int(owner), log_prob=float(now), baseline_log_prob=float(then))
        for text, owner, now, then in zip(texts, prompt.owner, given, masked, strict=True)
    ]


def token_texts(prompt: MaskedPrompt, continuation: str, ids: Sequence[int]) -> list[str]:
    """The characters of each token of a continuation; decoded alone where the tokenizer gives no offsets."""
    engine, whole = prompt.engine, prompt.prompt + continuation
    tokens = engine.encode(whole)
    if tokens[-len(ids) :] == list(ids):  # else it was tokenised by itself
        with contextlib.suppress(UsageError):
            return [whole[start:end] for start, end in offsets(engine, whole, tokens)[-len(ids) :]]
    return [str(engine.tokenizer.decode([token])) for token in ids]


def _note(prompt: MaskedPrompt, found: MethodValues, faithfulness: Faithfulness) -> str:
    """The verdict's reason, and what a reader must know."""
    features = prompt.features
    parts = [f"{faithfulness.verdict}: {faithfulness.reason}", f"features: {features.level}"]
    if prompt.against is not None:
        parts.append(f"values explain log P(target) − log P({prompt.against!r})")
        if prompt.full < 0:
            parts.append(f"in total that is {prompt.full:.2f} nats: the checkpoint finds the other likelier")
    if features.dropped:
        parts.append(f"the first {features.dropped} tokens do not fit the context and were not seen")
    if found.note:
        parts.append(found.note)
    return "; ".join(parts)
