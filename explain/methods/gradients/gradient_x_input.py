"""Gradient × input: the first-order effect of each token's embedding.

Shrikumar et al. 2016, "Not Just a Black Box" (arXiv:1605.01713), section 2; for text Denil et al. 2014
(arXiv:1412.6815), the gradient times the embedding, summed over its dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from audit.explain.methods.gradients.attention_rows import SharedWeights
from audit.explain.methods.gradients.sequences import explain, gradients
from audit.explain.methods.gradients.states import given_to_head, pull_back, slopes_at_head

if TYPE_CHECKING:
    from audit.explain.methods.gradients.sequences import Sequence
    from audit.explain.prompt.game import MaskedPrompt, MethodValues


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Inner product of each feature's embeddings with the gradient of the value, nats.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; nothing is drawn.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local.
        ScorerError: A gradient is not finite.
    """
    del seed
    return explain(prompt, pull, compares=True)


def pull(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
    """Gradient × input of each position, shape (rows, tokens)."""
    with torch.enable_grad():
        embeddings = sequence.embed(sequence.ids).requires_grad_()
        with given_to_head(sequence.model) as given, SharedWeights():
            log_probs = sequence.compared(embeddings)
        slopes = slopes_at_head(sequence, log_probs, given) if len(weights) > 1 else None
        if slopes is not None:
            return pull_back(sequence, embeddings, given[0], slopes, weights)
        found = [
            (gradient * embeddings.detach())[0].sum(dim=-1)
            for (gradient,) in gradients(sequence, log_probs, weights, [embeddings])
        ]
    return torch.stack(found)
