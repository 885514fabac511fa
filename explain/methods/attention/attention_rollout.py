"""Attention rollout: how attention mixes tokens over the layers.

Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers" (arXiv:2005.00928), equation 1 with
the residual connection of section 3: A = 0.5 W + 0.5 I per layer, W the mean over heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from audit.explain.methods.attention.attention import of_all_layers, of_heads, shares
from audit.explain.prompt.game import MethodValues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.explain.prompt.game import MaskedPrompt


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Share of the rolled-out attention that each feature gets; the shares sum to 1.

    Taken from the positions that predict the target's tokens, averaged; what falls on the target itself
    and on tokens of no feature is left out.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; rollout draws nothing.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local, or mixes positions by more than attention.
        ScorerError: The prompt is too long, or the attentions are not finite.
    """
    del seed
    layers = of_all_layers(prompt, "attention_rollout")
    mass = rollout(layers, len(prompt.features.request.context_ids) - 1).mean(dim=0)
    by_feature = np.array([float(mass[list(owned)].sum()) for owned in prompt.features.positions])
    return MethodValues(shares(by_feature, "attention rollout"), heads=of_heads(prompt, layers), evaluations=1)


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
