"""Raw attention: where the positions that predict the target look.

Bahdanau et al. 2015 read such weights as alignment; Jain and Wallace 2019, "Attention is not Explanation"
(arXiv:1902.10186), show why they explain little. Here the mean over all heads of all layers.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from audit.core.errors import ScorerError, WhiteBoxUnavailable
from audit.explain.masking import MethodValues

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from audit.explain.masking import MaskedPrompt

ATTENTION_BYTES = 2**31
"""Attention weights of one pass at most; a longer prompt would need more memory than a small machine has."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Share of the attention that each feature gets; the shares sum to 1.

    What falls on the target itself and on tokens of no feature is left out.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; nothing is drawn.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local, or its architecture gives no attentions.
        ScorerError: The prompt is too long, or the attentions are not finite.
    """
    del seed
    heads = of_heads(prompt, of_target(prompt))
    return MethodValues(shares(heads.mean(axis=(0, 1)), "attention"), heads=heads, evaluations=1)


def of_target(prompt: MaskedPrompt) -> list[torch.Tensor]:
    """Attention weights of prompt and target, per layer, shape (query heads, tokens, tokens)."""
    request = prompt.features.request
    with torch.inference_mode():
        return attentions(prompt.engine.model, request.context_ids + request.target_ids[:-1])


def of_heads(prompt: MaskedPrompt, layers: Sequence[torch.Tensor]) -> NDArray[np.float64]:
    """Share of each head's attention that each feature gets, shape (layers, heads, features).

    Mean over the positions that predict the target's tokens; a head's shares sum to at most 1.
    """
    first = len(prompt.features.request.context_ids) - 1
    rows = torch.stack([weights[:, first:].float().mean(dim=1) for weights in layers]).double().cpu().numpy()
    return np.stack([rows[..., list(owned)].sum(axis=-1) for owned in prompt.features.positions], axis=-1)


def shares(mass: NDArray[np.float64], method: str) -> NDArray[np.float64]:
    """Values that sum to 1.

    Raises:
        ScorerError: They are not finite, or all 0.
    """
    total = mass.sum()
    if not 0 < total < float("inf"):
        msg = f"{method} is not finite: the weights or the dtype are at fault"
        raise ScorerError(msg)
    return np.asarray(mass / total)


def attentions(model: Any, ids: Sequence[int]) -> list[torch.Tensor]:  # noqa: ANN401 - any transformers model
    """Attention weights of one pass, per layer, shape (query heads, tokens, tokens).

    Raises:
        WhiteBoxUnavailable: The architecture gives none.
        ScorerError: They would not fit ``ATTENTION_BYTES``.
    """
    inputs = torch.tensor([ids], dtype=torch.long, device=model.device)
    return [weights[0] for weights in attending(model, len(ids), input_ids=inputs).attentions]


def attending(model: Any, tokens: int, **inputs: Any) -> Any:  # noqa: ANN401 - any transformers model and its output
    """One pass whose output holds logits and full attention weights.

    Args:
        model: The checkpoint's weights.
        tokens: Tokens of the pass.
        inputs: ``input_ids`` or ``inputs_embeds``.

    Raises:
        WhiteBoxUnavailable: The architecture gives no weights.
        ScorerError: They would not fit ``ATTENTION_BYTES``.
    """
    config = model.config.get_text_config()
    needed = config.num_hidden_layers * config.num_attention_heads * tokens**2 * model.dtype.itemsize
    if needed > ATTENTION_BYTES:
        msg = f"the attentions of {tokens} tokens need {needed / 2**30:.1f} GiB: explain a shorter prompt"
        raise ScorerError(msg)
    with eager_attention(model):
        output = model(**inputs, output_attentions=True, use_cache=False)
    found = tuple(weights for weights in output.attentions or () if weights is not None)
    if not found or any(weights.shape[-2:] != (tokens, tokens) for weights in found):
        msg = f"{type(model).__name__} gives no full attention weights: use occlusion"
        raise WhiteBoxUnavailable(msg)
    output.attentions = found
    return output


@contextmanager
def eager_attention(model: Any) -> Iterator[None]:  # noqa: ANN401 - any transformers model
    """Switch to the attention that returns its weights (SDPA and Flash return none), and back."""
    before = model.config._attn_implementation  # noqa: SLF001 - transformers has no public getter
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
