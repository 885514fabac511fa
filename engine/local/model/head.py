"""The output head in tiles: logits of some positions over a part of the vocabulary at a time.

The logits of all positions over all of the vocabulary are the largest thing there is. A tile of them stays in the
processor's cache from the matrix product to the last sum, and is never written to memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import linear

from audit.engine.local.model import products
from audit.engine.local.model.precision import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Product = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]

TILE = {"cpu": (1024, 2048), "cuda": (4096, 65536)}
"""Positions and words of a tile."""


@dataclass(frozen=True)
class Tile:
    """Logits of neighbouring positions over neighbouring words."""

    position: int
    """Place of the first of its positions among those that were asked for."""
    word: int
    """Its first token id."""
    logits: torch.Tensor
    """Float32, shape (positions, words); its receiver may write into it."""


def tiles_of(head: nn.Module, hidden: torch.Tensor, device: torch.device, *, wide: bool = False) -> Iterator[Tile]:
    """Logits of hidden states of shape (positions, dimension): positions in order, and for each the words in order.

    They are brought to ``device``: a model spread over several cards has its head on the last.

    Args:
        head: Output head.
        hidden: Hidden states.
        device: Of the logits.
        wide: Whether a head of 16 bits that is a plain matrix gives logits that are not rounded to 16 bits.
    """
    positions, words = TILE[hidden.device.type]
    dense = _is_dense(head, hidden.device)
    product: Product = linear
    if wide and hidden.dtype in HALVES:
        product = _in_float32
    elif isinstance(head, products.OneDnnLinear):
        product = products.linear
    for start in range(0, len(hidden), positions):
        part = hidden[start : start + positions]
        if dense and isinstance(head, nn.Linear):
            for first in range(0, head.out_features, words):
                bias = None if head.bias is None else head.bias[first : first + words]
                yield Tile(start, first, product(part, head.weight[first : first + words], bias).float().to(device))
        else:
            yield Tile(start, 0, head(part).float().to(device))


def _in_float32(part: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Float32 logits of states and weights of 16 bits.

    A GPU adds up in float32 anyway and rounds at the end: it is asked not to. A CPU gets a float32 copy of the weights
    of these few words.
    """
    if part.device.type == "cpu":
        return linear(part.float(), weight.float(), None if bias is None else bias.float())
    logits = torch.mm(part, weight.T, out_dtype=torch.float32)
    return logits if bias is None else logits.add_(bias)


def tiles_at(logits: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, device: torch.device) -> Iterator[Tile]:
    """Tiles of logits that are there already, shape (rows, columns, vocabulary): the target places in order."""
    positions, _ = TILE[logits.device.type]
    for start in range(0, len(rows), positions):
        part = logits[rows[start : start + positions], columns[start : start + positions]]
        yield Tile(start, 0, part.float().to(device))


def whole(tiles: Iterable[Tile]) -> torch.Tensor:
    """All tiles as one, shape (positions, vocabulary)."""
    rows: list[list[torch.Tensor]] = []
    for tile in tiles:
        if tile.word == 0:
            rows.append([])
        rows[-1].append(tile.logits)
    return torch.cat([torch.cat(parts, dim=1) for parts in rows])


def _is_dense(head: nn.Module, device: torch.device) -> bool:
    """Whether a head is a plain matrix on this device: not quantised, adapted or hooked, by a device map neither."""
    hooked = "forward" in vars(head) or head._forward_hooks or head._forward_pre_hooks  # noqa: SLF001 - no other way
    return type(head) in {nn.Linear, products.OneDnnLinear} and not hooked and head.weight.device == device
