"""The transformer of MiniLM (BERT's), its forward pass alone, and low-rank adapters merged into its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD_WIDTH = 32
"""Numbers of a head of its attention."""
EPSILON = 1e-12
"""Of its layer norms."""
BERT = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attended": "attention.output.dense",
    "attended_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "down_norm": "output.LayerNorm",
}
"""A part of :class:`TransformerLayer` to its name in BERT's files."""
ADAPTED = ("query", "key", "value", "attended", "up", "down")
"""Parts that adapters may change."""


class TransformerLayer(nn.Module):
    """Attention and a feed-forward part, each followed by a sum and a layer norm."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.attended = nn.Linear(width, width)
        self.attended_norm = nn.LayerNorm(width, eps=EPSILON)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.down_norm = nn.LayerNorm(width, eps=EPSILON)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """States of the next layer.

        Args:
            states: Texts x tokens x width.
            mask: Texts x 1 x 1 x tokens; true where there is a token, false where there is padding.
        """
        query, key, value = (
            part(states).unflatten(-1, (-1, HEAD_WIDTH)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        states = self.attended_norm(states + self.attended(mixed.transpose(1, 2).flatten(2)))
        normed: torch.Tensor = self.down_norm(states + self.down(functional.gelu(self.up(states))))
        return normed


class Transformer(nn.Module):
    """From rows of token numbers to a state for each token, layer by layer.

    Args:
        weights: BERT's, by their names in its files; what a sentence encoder does not need (the pooler) is left.
    """

    def __init__(self, weights: Mapping[str, torch.Tensor]) -> None:
        super().__init__()
        named = _named(weights)
        tables = [named[f"{name}.weight"] for name in ("words", "positions", "kinds")]
        self.words, self.positions, self.kinds = (nn.Embedding(*table.shape) for table in tables)
        inner, width = named["layers.0.up.weight"].shape
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.layers = nn.ModuleList(TransformerLayer(width, inner) for _ in range(_layers(weights)))
        self.load_state_dict(named)
        self.requires_grad_(requires_grad=False).eval()

    def embedded(self, ids: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """States before the first layer, texts x tokens x width."""
        places = torch.arange(ids.shape[1])
        states: torch.Tensor = self.norm(self.words(ids) + self.kinds(kinds) + self.positions(places))
        return states

    def forward(self, ids: torch.Tensor, kinds: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """States after each layer, each texts x tokens x width.

        Args:
            ids: Token numbers, texts x tokens.
            kinds: 0 for tokens of a text, 1 for those of the second one of a pair.
            mask: 1 where there is a token, 0 where there is padding.
        """
        states = self.embedded(ids, kinds)
        seen = mask.bool()[:, None, None]
        after = []
        for layer in self.layers:
            states = layer(states, seen)
            after.append(states)
        return after


def mean_pooled(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of the states of the tokens of each text, texts x width; padding does not count."""
    counted = mask[..., None].to(states.dtype)
    return (states * counted).sum(1) / counted.sum(1)


@torch.no_grad()
def adapt(network: Transformer, adapters: Mapping[str, torch.Tensor]) -> None:
    """Add low-rank changes to the weights (Hu et al. 2021, arXiv:2106.09685, with the scale inside ``b``).

    Args:
        network: Changed in place.
        adapters: ``LAYER.PART.a`` (rank x inputs) and ``LAYER.PART.b`` (outputs x rank), e.g. ``3.query.a``; the weight
            becomes ``weight + b @ a``.

    Raises:
        ValueError: A name is none of these, or one half is missing.
    """
    targets = {name.rpartition(".")[0] for name in adapters}
    known = {f"{number}.{part}" for number in range(len(network.layers)) for part in ADAPTED}
    if not targets <= known or {f"{target}.{half}" for target in targets for half in "ab"} != set(adapters):
        message = f"adapters must be LAYER.PART.a and .b of {', '.join(ADAPTED)}: {', '.join(sorted(adapters))}"
        raise ValueError(message)
    for target in sorted(targets):
        weight = network.layers.get_parameter(f"{target}.weight")
        weight.add_(adapters[f"{target}.b"].float() @ adapters[f"{target}.a"].float())


def _named(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """BERT's weights by the names of :class:`Transformer`."""
    named = {
        "words.weight": weights["embeddings.word_embeddings.weight"],
        "positions.weight": weights["embeddings.position_embeddings.weight"],
        "kinds.weight": weights["embeddings.token_type_embeddings.weight"],
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    for number in range(_layers(weights)):
        for part, name in BERT.items():
            for kind in ("weight", "bias"):
                named[f"layers.{number}.{part}.{kind}"] = weights[f"encoder.layer.{number}.{name}.{kind}"]
    return named


def _layers(weights: Mapping[str, torch.Tensor]) -> int:
    """Number of layers."""
    return len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})
