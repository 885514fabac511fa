"""One attribution: a prompt, a target, a method, and how far to believe the result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import ScorerError, ServerUnable, UsageError, WhiteBoxUnavailable
from audit.core.records import Attribution, OutputToken, digest_of
from audit.explain.faithfulness import PAIRS, Faithfulness, measure
from audit.explain.features import featurize, offsets
from audit.explain.masking import MaskedPrompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample, Span
    from audit.engine import Engine
    from audit.explain.masking import MethodValues
    from audit.explain.methods import Method
    from audit.explain.units import Unit


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
            :func:`~audit.explain.features.featurize` for the others.
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
        scores = engine.score([engine.encode_pair(prompt, option) for option in others])
        failed = next((score.error for score in scores if score.error), None)
        if failed:
            msg = f"an option could not be scored: {failed}"
            raise ScorerError(msg)
        against = max(zip(others, scores, strict=True), key=lambda pair: pair[1].total)[0]
    features = featurize(
        engine,
        prompt,
        target,
        max_features=max_features,
        max_tokens=max_tokens,
        unit=unit,
        spans=spans,
        within=within,
    )
    return MaskedPrompt(engine, features, prompt, target, against=against, alternatives=others)


def attribute(
    prompt: MaskedPrompt,
    method: Method,
    *,
    seed: int,
    pairs: int = PAIRS,
    sample: Sample | None = None,
    reason: str = "asked for",
) -> Attribution:
    """Attribute with one method and measure how faithful the result is.

    Args:
        prompt: From :func:`prepare`.
        method: From :data:`audit.explain.methods.METHODS`.
        seed: Of the method's sampling and of the random orders.
        pairs: Pairs of random orders that it is compared with.
        sample: The sample that is explained, or None for a prompt given by hand.
        reason: Why it is explained.

    Raises:
        UsageError: A white-box method was asked for a contrast.
        WhiteBoxUnavailable: The method needs weights that are not local.
        ScorerError: The checkpoint gave no finite answer.
    """
    if prompt.against is not None and not method.contrasts:
        msg = f"method {method.name} explains one target: use occlusion for a contrast"
        raise UsageError(msg)
    started, before = time.perf_counter(), prompt.evaluations
    found = method.attribute(prompt, seed)
    if not np.isfinite(found.values).all():
        msg = f"method {method.name} gave values that are not finite"
        raise ScorerError(msg)
    evaluations = prompt.evaluations - before if found.evaluations is None else found.evaluations
    baseline = prompt.empty if found.baseline_value is None else found.baseline_value
    difference = prompt.full - baseline if method.additive else None
    faithfulness = measure(prompt, found.values, seed=seed, pairs=pairs, difference=difference)
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
        reason=reason,
        level=prompt.features.level,
        features=list(prompt.features.pieces),
        values=found.values.tolist(),
        intervals=None if found.intervals is None else found.intervals.tolist(),
        output_tokens=output_tokens(prompt),
        matrix=None if found.matrix is None else found.matrix.tolist(),
        heads=None if found.heads is None else np.round(found.heads, 5).tolist(),
        value=prompt.full,
        baseline_value=baseline,
        unit=method.unit,
        target_log_prob=prompt.target_log_prob(present=True),
        baseline_log_prob=prompt.target_log_prob(present=False),
        faithfulness=faithfulness.measures,
        verdict=faithfulness.verdict,
        evaluations=evaluations,
        seconds=time.perf_counter() - started,
        note=_note(prompt, found, faithfulness),
    )


def is_possible(engine: Engine, method: Method) -> str | None:
    """Why a method cannot be used on a checkpoint at all; None where it can."""
    try:
        if method.white_box:
            _ = engine.model
        engine.check_scoring()
    except (WhiteBoxUnavailable, ServerUnable) as error:
        return str(error)
    return None


def output_tokens(prompt: MaskedPrompt) -> list[OutputToken]:
    """The tokens of target and alternatives, with what the checkpoint gives each."""
    texts = [
        text
        for continuation, ids in zip([prompt.target, *prompt.alternatives], prompt.continuations, strict=True)
        for text in token_texts(prompt.engine, prompt.prompt, continuation, ids)
    ]
    given, masked = prompt.token_log_probs(present=True), prompt.token_log_probs(present=False)
    return [
        OutputToken(text=text, continuation=int(owner), log_prob=float(now), baseline_log_prob=float(then))
        for text, owner, now, then in zip(texts, prompt.owner, given, masked, strict=True)
    ]


def token_texts(engine: Engine, prompt: str, continuation: str, ids: Sequence[int]) -> list[str]:
    """The characters of each token of a continuation; decoded alone where the tokenizer gives no offsets."""
    try:
        spans = offsets(engine, prompt + continuation, (*engine.encode_pair(prompt, continuation).context_ids, *ids))
    except UsageError:
        return [str(engine.tokenizer.decode([token])) for token in ids]
    return [(prompt + continuation)[start:end] for start, end in spans[-len(ids) :]]


def _note(prompt: MaskedPrompt, found: MethodValues, faithfulness: Faithfulness) -> str:
    """The verdict's reason, and what a reader must know."""
    features = prompt.features
    parts = [f"{faithfulness.verdict}: {faithfulness.reason}", f"features: {features.level}"]
    if prompt.against is not None:
        parts.append(f"values explain log P(target) − log P({prompt.against!r})")
    if features.dropped:
        parts.append(f"the first {features.dropped} tokens do not fit the context and were not seen")
    if found.note:
        parts.append(found.note)
    return "; ".join(parts)
