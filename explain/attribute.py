"""One attribution: a prompt, a target, a method, and how far to believe the result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import ScorerError, ServerUnable, UsageError, WhiteBoxUnavailable
from audit.core.records import Attribution, digest_of
from audit.explain.faithfulness import PAIRS, Faithfulness, measure
from audit.explain.features import featurize
from audit.explain.masking import MaskedPrompt

if TYPE_CHECKING:
    from audit.core.records import Sample
    from audit.engine import Engine
    from audit.explain.masking import MethodValues
    from audit.explain.methods import Method


def prepare(
    engine: Engine,
    prompt: str,
    target: str,
    *,
    against: str | None = None,
    max_features: int,
    max_tokens: int | None = None,
) -> MaskedPrompt:
    """Cut a prompt into features, ready for any method; methods that share it share their scores.

    Args:
        engine: The checkpoint.
        prompt: The exact text that the checkpoint sees.
        target: The continuation to explain.
        against: Explain log P(target) − log P(against) instead.
        max_features: Features at most.
        max_tokens: Bound of features x tokens; None sets none.

    Raises:
        UsageError: Prompt, target or contrast is empty, or the contrast equals the target.
    """
    if against is not None and (not against.strip() or against == target):
        msg = f"cannot explain {target!r} against {against!r}: give two different continuations"
        raise UsageError(msg)
    features = featurize(engine, prompt, target, max_features=max_features, max_tokens=max_tokens)
    return MaskedPrompt(engine, features, prompt, target, against)


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
    if prompt.against is not None and method.white_box:
        msg = f"method {method.name} explains one target: use occlusion for a contrast"
        raise UsageError(msg)
    started, before = time.perf_counter(), prompt.evaluations
    found = method.attribute(prompt, seed)
    if not np.isfinite(found.values).all():
        msg = f"method {method.name} gave values that are not finite"
        raise ScorerError(msg)
    evaluations = prompt.evaluations - before if found.evaluations is None else found.evaluations
    difference = _difference(prompt, found) if method.additive else None
    faithfulness = measure(prompt, found.values, seed=seed, pairs=pairs, difference=difference)
    baseline = found.baseline_log_prob
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
        reason=reason,
        features=list(prompt.features.pieces),
        values=found.values,
        unit=method.unit,
        target_log_prob=prompt.target_log_prob(present=True),
        baseline_log_prob=prompt.target_log_prob(present=False) if baseline is None else baseline,
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


def _difference(prompt: MaskedPrompt, found: MethodValues) -> float:
    """What the values of an additive method should sum to, nats."""
    return prompt.full - (prompt.empty if found.baseline_log_prob is None else found.baseline_log_prob)


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
