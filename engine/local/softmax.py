"""Statistics of a softmax, tile by tile: its normaliser, its largest logit, the moments of log p.

Tiles are merged as in the online softmax (Milakov and Gimelshein 2018), variances as by Chan, Golub and LeVeque (1979).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from audit.engine.local.model.transfer import on_device

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.engine.local.model.head import Tile


LEAST = torch.finfo(torch.float32).min
"""Replaces the largest logit where all so far are minus infinity."""


class Softmax:
    """Float32 softmax of some positions and the log-probabilities of some words in them.

    Args:
        places: Position of each target, ascending, shape (targets,).
        targets: Token ids of the targets.
        moments: Per position, whether mean and standard deviation of log p are wanted.
        device: Device of the logits.
    """

    def __init__(
        self,
        places: NDArray[np.int64],
        targets: NDArray[np.int64],
        moments: NDArray[np.bool_],
        device: torch.device,
    ) -> None:
        count = len(moments)
        self._bounds = np.searchsorted(places, np.arange(count + 1)).tolist()
        self._wants_moments = bool(moments.any())
        self._places, self._targets, self._moments = on_device(device, places, targets, moments)
        self._picked = torch.full((len(targets),), torch.nan, device=device)
        self._largest = torch.full((count,), -torch.inf, device=device)
        self._first = torch.zeros(count, dtype=torch.long, device=device)
        self._total = torch.zeros(count, device=device)
        self._centre = torch.zeros(count, device=device)
        self._spread = torch.zeros(count, device=device)

    @torch.inference_mode()
    def add(self, tile: Tile) -> None:
        """Process the next tile; its logits are overwritten."""
        logits = tile.logits
        self._pick(tile)
        mine = slice(tile.position, tile.position + len(logits))
        before, largest = self._largest[mine], logits.amax(dim=-1)
        larger = largest > before  # the first of equal logits is the argmax
        if logits.device.type == "cpu":
            self._first[mine][larger] = tile.word + logits[larger].argmax(dim=-1)
        else:  # rows chosen by a mask would make the host wait for the device
            self._first[mine] = torch.where(larger, tile.word + logits.argmax(dim=-1), self._first[mine])
        largest = torch.maximum(before, largest).clamp_(min=LEAST)
        shifted = logits.sub_(largest[:, None])
        if self._wants_moments:
            weights = shifted.exp()
            total = weights.sum(dim=-1)
            shifted.masked_fill_(weights == 0, 0.0)
            centre = torch.where(total > 0, (weights * shifted).sum(dim=-1) / total, 0.0)
            spread = (weights * (shifted - centre[:, None]) ** 2).sum(dim=-1)
        else:
            total = shifted.exp_().sum(dim=-1)
            centre = spread = torch.zeros_like(total)
        self._merge(mine, largest, total, centre, spread)

    def results(self) -> torch.Tensor:
        """Per target log p, 1 where it is the argmax, mean and standard deviation of log p under p: shape (4, targets).

        The last two are NaN where they are not wanted. Source of the moments: Min-K %++ (Zhang et al. 2024, eq. 3).
        """
        log_total = self._total.log()
        wanted = self._moments > 0
        mean = torch.where(wanted, self._centre - log_total, torch.nan)
        deviation = torch.where(wanted, (self._spread / self._total).sqrt(), torch.nan)
        at = self._places
        log_p = (self._picked - self._largest[at]) - log_total[at]
        greedy = self._first[at] == self._targets
        return torch.stack([log_p, greedy.float(), mean[at], deviation[at]])

    def _pick(self, tile: Tile) -> None:
        """Keep the logits of the targets that lie in a tile."""
        mine = slice(self._bounds[tile.position], self._bounds[tile.position + len(tile.logits)])
        words = self._targets[mine] - tile.word
        inside = (words >= 0) & (words < tile.logits.shape[1])
        found = tile.logits[self._places[mine] - tile.position, words.clamp(0, tile.logits.shape[1] - 1)]
        self._picked[mine] = torch.where(inside, found, self._picked[mine])

    def _merge(
        self, mine: slice, largest: torch.Tensor, total: torch.Tensor, centre: torch.Tensor, spread: torch.Tensor
    ) -> None:
        """Add sums over the words of a tile, all relative to ``largest``, to those of the tiles before it."""
        move = self._largest[mine] - largest
        before = self._total[mine] * move.exp()
        if self._wants_moments:
            whole = before + total
            earlier = self._centre[mine] + move
            apart = centre - earlier
            both = before > 0  # else the words before it have no weight, however far away they are
            self._centre[mine] = torch.where(both, earlier + apart * total / whole, centre)
            merged = self._spread[mine] * move.exp() + spread + apart**2 * before * total / whole
            self._spread[mine] = torch.where(both, merged, spread)
        self._total[mine] = before + total
        self._largest[mine] = largest
