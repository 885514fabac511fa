"""Gradient × attention: the first-order effect of the attention that a feature is given.

Serrano and Smith 2019, "Is Attention Interpretable?" (arXiv:1906.03731), section 4, for one layer; here the
products of all heads and layers are summed, signed (Chefer et al. 2021, arXiv:2103.15679, equation 5, keep
what is positive).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from audit.core.errors import WhiteBoxUnavailable
from audit.explain.attention import attending
from audit.explain.gradients import explain

if TYPE_CHECKING:
    from audit.explain.gradients import Sequence
    from audit.explain.masking import MaskedPrompt, MethodValues


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
    return explain(prompt, pull)


def pull(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
    """Gradient × attention summed over heads, layers and the positions that attend, shape (tokens,)."""
    with torch.enable_grad():
        embeddings = sequence.embed(sequence.ids).requires_grad_()
        output = attending(sequence.model, embeddings.shape[1], inputs_embeds=embeddings)
        value = sequence.chosen(output.logits)[0].mul(weights).sum()
        gradients = torch.autograd.grad(value, output.attentions, allow_unused=True)
    if any(gradient is None for gradient in gradients):
        msg = f"{type(sequence.model).__name__} gives attention weights without gradients: use gradient_x_input"
        raise WhiteBoxUnavailable(msg)
    products = [(a * g)[0].detach() for a, g in zip(output.attentions, gradients, strict=True)]
    return torch.stack([product.double().sum(dim=(0, 1)) for product in products]).sum(dim=0)
