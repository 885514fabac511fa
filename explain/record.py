"""The stored record of an attribution: what a method gave, written down with how far to believe it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import UsageError
from audit.core.records import Attribution, OutputToken, digest_of
from audit.explain.prompt.tokens import offsets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import CounterfactualSearch, Sample
    from audit.explain.attempt import Failed
    from audit.explain.faithfulness.measures import Faithfulness
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import MaskedPrompt, MethodValues


def record(
    prompt: MaskedPrompt,
    method: Method,
    found: MethodValues,
    faithfulness: Faithfulness,
    *,
    sample: Sample | None,
    reason: str,
    evaluations: int,
    seconds: float,
) -> Attribution:
    """Write an attribution down.

    Args:
        prompt: The game.
        method: That gave the values.
        found: The values.
        faithfulness: What was measured of them.
        sample: The sample that is explained, or None for a prompt given by hand.
        reason: Why it is explained.
        evaluations: Rows that the values needed.
        seconds: What the method took, its part of shared work included.
    """
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
        features=list(prompt.features.records),
        values=found.values.tolist(),
        intervals=None if found.intervals is None else found.intervals.tolist(),
        output_tokens=output_tokens(prompt),
        matrix=None if found.matrix is None else found.matrix.tolist(),
        heads=None if found.heads is None else np.round(found.heads, 5).tolist(),
        value=prompt.full if found.value is None else found.value,
        baseline_value=prompt.empty if found.baseline_value is None else found.baseline_value,
        unit=method.unit,
        target_log_prob=prompt.target_log_prob(present=True),
        baseline_log_prob=prompt.target_log_prob(present=False),
        faithfulness=faithfulness.measures,
        verdict=faithfulness.verdict,
        evaluations=evaluations,
        seconds=seconds,
        settings=found.settings,
        note=_note(prompt, found, faithfulness),
    )


def with_counterfactual(
    made: Sequence[Attribution | Failed], search: CounterfactualSearch
) -> list[Attribution | Failed]:
    """The same with the search of their prompt in the first record, where card, app and terminal show it once.

    The search is about the prompt, whichever methods explain it; records are files of one method each.

    Args:
        made: Of one prompt, in the order of the methods.
        search: What would change the answer.
    """
    first = next((index for index, one in enumerate(made) if isinstance(one, Attribution)), None)
    return [
        one.model_copy(update={"counterfactual": search}) if index == first and isinstance(one, Attribution) else one
        for index, one in enumerate(made)
    ]


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
    """The characters of each token of a continuation; decoded alone where the tokenizer gives no offsets.

    Args:
        prompt: Its prompt and tokenizer.
        continuation: The text.
        ids: Its token ids behind the prompt.
    """
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
    parts.extend(filter(None, (prompt.remark, found.note)))
    return "; ".join(parts)
