"""Attention rollout: how attention mixes tokens over the layers.

Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers" (arXiv:2005.00928), equation 1 with
the residual connection of section 3: A = 0.5 W + 0.5 I per layer, W the mean over heads.
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

    from audit.explain.masking import MaskedPrompt

ATTENTION_BYTES = 2**31
"""Attention weights of one pass at most; a longer prompt would need more memory than a small machine has."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Share of the rolled-out attention that each feature gets; the shares sum to 1.

    Taken from the positions that predict the target's tokens, averaged; what falls on the target itself
    and on tokens of no feature is left out.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; rollout draws nothing.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local, or its architecture gives no attentions.
        ScorerError: The prompt is too long, or the attentions are not finite.
    """
    del seed
    request = prompt.features.request
    ids = request.context_ids + request.target_ids[:-1]
    first = len(request.context_ids) - 1
    with torch.inference_mode():
        rows = rollout(attentions(prompt.engine.model, ids), first)
    mass = rows.mean(dim=0)
    shares = [float(mass[list(owned)].sum()) for owned in prompt.features.positions]
    total = sum(shares)
    if not 0 < total < float("inf"):
        msg = "attention rollout is not finite: the weights or the dtype are at fault"
        raise ScorerError(msg)
    return MethodValues(np.array(shares) / total, evaluations=1)


def rollout(layers: Sequence[torch.Tensor], first: int) -> torch.Tensor:
    """Rows ``first`` and later of the rolled-out attention, shape (rows, tokens), float32.

    Args:
        layers: Attention weights per layer, first layer first, shape (heads, tokens, tokens) each.
        first: First wanted row.
    """
    tokens = layers[0].shape[-1]
    rows = torch.eye(tokens, device=layers[0].device)[first:]
    # From the last layer down, so that only the wanted rows are carried, not a matrix of all.
    for weights in reversed(layers):
        rows = 0.5 * rows + 0.5 * rows @ weights.float().mean(dim=0)
    return rows


def attentions(model: Any, ids: Sequence[int]) -> list[torch.Tensor]:  # noqa: ANN401 - any transformers model
    """Attention weights of one pass, per layer, shape (query heads, tokens, tokens).

    Raises:
        WhiteBoxUnavailable: The architecture gives none.
        ScorerError: They would not fit ``ATTENTION_BYTES``.
    """
    config = model.config.get_text_config()
    needed = config.num_hidden_layers * config.num_attention_heads * len(ids) ** 2 * model.dtype.itemsize
    if needed > ATTENTION_BYTES:
        msg = f"the attentions of {len(ids)} tokens need {needed / 2**30:.1f} GiB: explain a shorter prompt"
        raise ScorerError(msg)
    with eager_attention(model):
        output = model(
            input_ids=torch.tensor([ids], dtype=torch.long, device=model.device),
            output_attentions=True,
            use_cache=False,
        )
    found = [weights[0] for weights in output.attentions or () if weights is not None]
    if not found or any(weights.shape[-2:] != (len(ids), len(ids)) for weights in found):
        msg = f"{type(model).__name__} gives no full attention weights: use occlusion"
        raise WhiteBoxUnavailable(msg)
    return found


@contextmanager
def eager_attention(model: Any) -> Iterator[None]:  # noqa: ANN401 - any transformers model
    """Switch to the attention that returns its weights (SDPA and Flash return none), and back."""
    before = model.config._attn_implementation  # noqa: SLF001 - transformers has no public getter
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
