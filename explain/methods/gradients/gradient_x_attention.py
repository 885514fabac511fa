"""Gradient × attention: the first-order effect of the attention that a feature is given.

Serrano and Smith 2019, "Is Attention Interpretable?" (arXiv:1906.03731), section 4, for one layer; here the
products of all heads and layers are summed, signed (Chefer et al. 2021, arXiv:2103.15679, equation 5, keep
what is positive).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from audit.core.errors import WhiteBoxUnavailable
from audit.explain.methods.attention.attention import attending, coverage, of_target
from audit.explain.methods.gradients.sequences import explain, gradients

if TYPE_CHECKING:
    from collections.abc import Sequence as Many

    from audit.explain.methods.gradients.sequences import Sequence
    from audit.explain.prompt.game import MaskedPrompt, MethodValues


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Change of the value, to first order, with all attention paid to each feature, nats.

    It is the derivative of the value by a factor on the attention weights that any position, the feature's
    own included, gives the feature's tokens, in every head of every layer, the other weights kept.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; nothing is drawn.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local, or its architecture gives no attentions.
        ScorerError: The prompt is too long, or a gradient is not finite.
    """
    del seed
    covered = coverage(prompt.engine.model, len(of_target(prompt)))
    return explain(prompt, pull, note=covered.limit, settings=covered.settings)


def pull(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
    """Gradient × attention summed over heads, layers and the positions that attend, shape (rows, tokens)."""
    with torch.enable_grad():
        embeddings = sequence.embed(sequence.ids).requires_grad_()
        output = attending(sequence.model, embeddings.shape[1], **sequence.inputs(embeddings))
        log_probs = sequence.chosen(output.logits)[0]
        found = [
            _product(sequence, output.attentions, one)
            for one in gradients(sequence, log_probs, weights, output.attentions)
        ]
    return torch.stack(found)


def _product(sequence: Sequence, attentions: Many[torch.Tensor], slopes: Many[torch.Tensor | None]) -> torch.Tensor:
    """Attention times its gradient, summed over heads, layers and the positions that attend, shape (tokens,).

    Raises:
        WhiteBoxUnavailable: The architecture gives attentions that its logits do not come from.
    """
    total = torch.zeros(attentions[0].shape[-1], dtype=torch.float64, device=attentions[0].device)
    for attention, gradient in zip(attentions, slopes, strict=True):
        if gradient is None:
            msg = f"{type(sequence.model).__name__} gives attention weights without gradients: use gradient_x_input"
            raise WhiteBoxUnavailable(msg)
        total += (attention * gradient)[0].detach().double().sum(dim=(0, 1)).to(total.device)
    return total
