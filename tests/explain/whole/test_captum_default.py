"""Captum's way with language models, beside ours: its default gives the log-probabilities of another prompt.

Captum 0.9.0 feeds the target token by token with the cache of the tokens before
(``LLMAttribution.attribute(forward_in_tokens=True)``) and leaves it to transformers to cut the input to what is not
in the cache yet. Current transformers do not cut it any more, so that the whole prompt is read again behind itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.explain.attribute import prepare

if TYPE_CHECKING:
    from audit.engine import Engine

TEXT = "Question: which of these is the capital of France? Answer:"
TARGET = " Paris is the"


@pytest.fixture
def captum_log_probs(tiny: Engine) -> Any:
    """Log-probability of each target token with nothing masked, as Captum computes it."""
    import torch
    from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput

    request = prepare(tiny, TEXT, TARGET, max_features=48).features.request
    given = TextTokenInput(TEXT, tiny.tokenizer)
    assert given.to_model_input()[0].tolist() == list(request.context_ids)

    def log_probs(*, forward_in_tokens: bool) -> np.ndarray:
        wrapped = LLMAttribution(FeatureAblation(tiny.model), tiny.tokenizer)
        seen: list[torch.Tensor] = []
        forward = "_forward_func_by_tokens" if forward_in_tokens else "_forward_func_by_seq"
        plain = getattr(wrapped, forward)

        def listening(*arguments: Any, **options: Any) -> torch.Tensor:
            seen.append(plain(*arguments, **options))
            return seen[-1]

        setattr(wrapped, forward, listening)
        options = {} if forward_in_tokens else {"forward_in_tokens": False}  # True is Captum's default
        wrapped.attribute(given, target=torch.tensor(request.target_ids), **options)
        return seen[0][0, 1:].numpy()  # the first call masks nothing; its first number is the sum

    return log_probs


def test_captum_in_one_pass_agrees_with_ours(tiny: Engine, captum_log_probs: Any) -> None:
    ours = prepare(tiny, TEXT, TARGET, max_features=48).token_log_probs(present=True)
    np.testing.assert_allclose(captum_log_probs(forward_in_tokens=False), ours, atol=1e-4)


@pytest.mark.slow
def test_captums_default_is_wrong_from_the_second_target_token_on(tiny: Engine, captum_log_probs: Any) -> None:
    ours = prepare(tiny, TEXT, TARGET, max_features=48).token_log_probs(present=True)
    theirs = captum_log_probs(forward_in_tokens=True)
    assert len(ours) > 2
    assert theirs[0] == pytest.approx(ours[0], abs=1e-4)
    assert np.abs(theirs[1:] - ours[1:]).min() > 0.01
