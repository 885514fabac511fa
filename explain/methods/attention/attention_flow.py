"""Attention flow: how much can flow from a feature to the target where attention weights are the pipes' widths.

Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers" (arXiv:2005.00928), section 3: the maximum
flow through the graph of all positions in all layers, each pipe as wide as 0.5 W + 0.5 I, W the mean over heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

from audit.core.errors import ScorerError
from audit.explain.methods.attention.attention import layer_count, of_all_layers, of_heads, shares
from audit.explain.prompt.game import MethodValues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt

PIPES = 10_000_000
"""Pipes times features at most: one maximum flow per feature."""
UNIT = 1_000_000
"""SciPy's flow is of whole numbers: attention of 1 is a pipe of this width."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Share of the flow that each feature could give the target alone; the shares sum to 1.

    The flow runs from the feature's tokens to the positions that predict the target's tokens, all of them
    together.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; nothing is drawn.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local, or mixes positions by more than attention.
        ScorerError: The prompt is too long, or the attentions are not finite.
    """
    del seed
    request, count = prompt.features.request, len(prompt.features)
    tokens = len(request.context_ids) + len(request.target_ids) - 1
    pipes = layer_count(prompt.engine.model) * tokens**2 // 2
    if pipes * count > PIPES:
        msg = f"attention flow of {count} features over {pipes} pipes takes too long: use attention_rollout"
        raise ScorerError(msg)
    layers = of_all_layers(prompt, "attention_flow")
    heads = of_heads(prompt, layers)
    mixed = np.array([weights.float().mean(dim=0).cpu().numpy() for weights in layers], dtype=np.float64)
    flows = [flow(mixed, owned, len(request.context_ids) - 1) for owned in prompt.features.positions]
    return MethodValues(shares(np.array(flows), "attention flow"), heads=heads, evaluations=1)


def flow(layers: NDArray[np.float64], sources: Sequence[int], first: int) -> float:
    """Maximum flow from input tokens to the last layer's positions ``first`` and later.

    Args:
        layers: Attention per layer, mean over heads, first layer first, shape (layers, tokens, tokens).
        sources: Positions of the tokens that it starts from.
        first: First position that it may reach.
    """
    depth, tokens = len(layers), layers.shape[1]
    start, end = (depth + 1) * tokens, (depth + 1) * tokens + 1
    mixed = 0.5 * layers + 0.5 * np.eye(tokens)
    layer, reader, read = np.nonzero(mixed)
    wide = np.full(max(len(sources), tokens - first), min(UNIT * tokens, np.iinfo(np.int32).max))
    reached = np.arange(first, tokens) + depth * tokens
    tails = np.concatenate([layer * tokens + read, np.full(len(sources), start), reached])
    heads = np.concatenate([(layer + 1) * tokens + reader, np.array(sources), np.full(len(reached), end)])
    widths = np.concatenate(
        [np.rint(mixed[layer, reader, read] * UNIT), wide[: len(sources)], wide[: len(reached)]]
    ).astype(np.int32)
    graph = coo_array((widths, (tails, heads)), shape=(end + 1, end + 1)).tocsr()
    return float(maximum_flow(graph, start, end).flow_value) / UNIT
