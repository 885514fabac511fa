"""Integrated gradients along the input embeddings, by Captum, from the mean embedding.

Sundararajan et al. 2017 (arXiv:1703.01365), equation 1. The baseline gives every feature's tokens the mean of
the vocabulary's embeddings: a point among them that is no word. Sturmfels et al. 2020, "Visualizing the Impact
of Feature Attribution Baselines", compare such choices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.explain.methods.gradients.integrated_gradients import IntegratedGradients

if TYPE_CHECKING:
    import torch

    from audit.engine import Engine
    from audit.explain.methods.gradients.sequences import Sequence

CHUNK = 8192
"""Embeddings that are looked up at a time."""


def mean_embedding(sequence: Sequence, _engine: Engine) -> torch.Tensor:
    """Embeddings with those of every feature replaced by the vocabulary's mean, shape (1, tokens, width)."""
    embeddings = sequence.embed(sequence.ids).clone()
    mean = _mean(sequence, len(sequence.model.get_input_embeddings().weight))
    embeddings[0, list(sequence.owned)] = mean.to(embeddings.dtype)
    return embeddings


attribute = IntegratedGradients("integrated_gradients_mean", mean_embedding)


def _mean(sequence: Sequence, vocabulary: int) -> torch.Tensor:
    """Mean of the embeddings of all tokens, shape (width,), float32, ``CHUNK`` tokens at a time.

    They are looked up, not read off the weights: some models scale what they look up.
    """
    parts = [range(start, min(start + CHUNK, vocabulary)) for start in range(0, vocabulary, CHUNK)]
    sums = [sequence.embed(sequence.ids.new_tensor([part]))[0].float().sum(dim=0) for part in parts]
    return sum(sums[1:], start=sums[0]) / vocabulary
