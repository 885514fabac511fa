"""Gradient × activation at the middle layer, by Captum: where the information lies half-way through.

Captum's ``LayerGradientXActivation``: the inner product of each position's state with its gradient, after the
block in the middle of the stack. Kindermans et al. 2016 (arXiv:1611.07270) for the product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from audit.core.errors import WhiteBoxUnavailable
from audit.engine.layers import decoder_layers
from audit.explain.extra import load
from audit.explain.gradients import explain, row_by_row

if TYPE_CHECKING:
    from torch import nn

    from audit.explain.gradients import Sequence
    from audit.explain.masking import MaskedPrompt, MethodValues


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Inner product of the states at each feature's positions with their gradients, nats.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; nothing is drawn.

    Raises:
        UsageError: The package captum is not installed.
        WhiteBoxUnavailable: The checkpoint is not local, or its blocks cannot be found.
        ScorerError: A gradient is not finite.
    """
    del seed
    captum = load("captum.attr", "layer_gradient_x_activation")
    stack = blocks(prompt.engine.model)
    middle = (len(stack) - 1) // 2

    def pull(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
        def value(rows: torch.Tensor) -> torch.Tensor:
            return sequence.log_probs(rows).mul(weights[0]).sum(dim=1)

        explainer = captum.LayerGradientXActivation(value, stack[middle])
        with torch.enable_grad():
            found = explainer.attribute(sequence.embed(sequence.ids).requires_grad_())
        states: torch.Tensor = found[0] if isinstance(found, tuple) else found
        return states[0].sum(dim=-1)[None]

    return explain(prompt, row_by_row(pull), note=f"states behind block {middle + 1} of {len(stack)}")


def blocks(model: Any) -> nn.ModuleList:  # noqa: ANN401 - any transformers model
    """The stack of decoder blocks.

    Raises:
        WhiteBoxUnavailable: There is none.
    """
    found = decoder_layers(model)
    if found is None:
        msg = f"{type(model).__name__} has no list of its blocks: use gradient_x_input"
        raise WhiteBoxUnavailable(msg)
    return found
