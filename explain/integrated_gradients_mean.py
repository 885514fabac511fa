"""Integrated gradients along the input embeddings, by Captum, from the mean embedding.

Sundararajan et al. 2017 (arXiv:1703.01365), equation 1. The baseline gives every feature's tokens the mean of
the vocabulary's embeddings: a point among them that is no word. Sturmfels et al. 2020, "Visualizing the Impact
of Feature Attribution Baselines", compare such choices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.explain.integrated_gradients import integrate

if TYPE_CHECKING:
    import torch

    from audit.explain.gradients import Sequence
    from audit.explain.masking import MaskedPrompt, MethodValues


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Integrated gradient of the value along each feature's embeddings, nats.

    The values sum to v(prompt) − v(baseline) up to the error of the integral.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; the integral draws nothing.

    Raises:
        UsageError: The package captum is not installed.
        WhiteBoxUnavailable: The checkpoint is not local.
        ScorerError: A gradient is not finite.
    """
    del seed
    return integrate(prompt, baseline, "integrated_gradients_mean")


def baseline(sequence: Sequence) -> torch.Tensor:
    """Embeddings with those of every feature replaced by the vocabulary's mean, shape (1, tokens, width)."""
    embeddings = sequence.embed(sequence.ids).clone()
    vocabulary = sequence.model.get_input_embeddings().weight.detach()
    tokens = sequence.ids.new_tensor([range(len(vocabulary))])
    # Looked up, not read off the weights: some models scale what they look up.
    embeddings[0, list(sequence.owned)] = sequence.embed(tokens)[0].float().mean(dim=0).to(embeddings.dtype)
    return embeddings
