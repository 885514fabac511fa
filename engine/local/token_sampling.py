"""The next token of each row: greedy, or drawn with the row's own random numbers.

Sampling is batch-independent: each completion draws its own uniform numbers from its own seed and picks by
inverting the cumulative distribution, so the same seed gives the same text whatever else is in the batch.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TypicalLogitsWarper,
)

if TYPE_CHECKING:
    from audit.engine.requests import GenerateRequest

LARGEST = (256, 4096)
"""How many of the largest logits are examined first, and next if those do not hold the mass of top-p."""
BLOCK = 256
"""Neighbouring words of which a CPU finds the largest logit before it looks for its place."""


def likeliest(logits: torch.Tensor) -> torch.Tensor:
    """The place of the largest logit of each row, the first of equal ones: torch's ``argmax``.

    On a CPU torch finds the largest value of a row about ten times as fast as its place. So the largest of each block
    of words is found first, and its place in the first block that holds the largest of all.

    Args:
        logits: Shape (rows, vocabulary).
    """
    words = logits.shape[1]
    if logits.device.type != "cpu" or words <= BLOCK:
        return logits.argmax(dim=-1)
    blocks = words // BLOCK
    in_blocks = blocks * BLOCK
    largest = logits[:, :in_blocks].view(len(logits), blocks, BLOCK).amax(dim=-1)
    if in_blocks < words:
        largest = torch.cat([largest, logits[:, in_blocks:].amax(dim=-1, keepdim=True)], dim=1)
    ids = largest.argmax(dim=-1, keepdim=True) * BLOCK + torch.arange(BLOCK)
    ids.clamp_(max=words - 1)  # the last block may be shorter: its last word is looked at several times
    return ids.gather(1, logits.gather(1, ids).argmax(dim=-1, keepdim=True))[:, 0]


def uniforms(request: GenerateRequest, copy: int, count: int) -> torch.Tensor:
    """The random numbers of one completion of a request, float64 in [0, 1), one per token."""
    seed = int.from_bytes(hashlib.sha256(f"{request.seed}/{request.first + copy}".encode()).digest()[:7])
    return torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def distribution(request: GenerateRequest) -> tuple[float, ...]:
    """What :func:`sample` looks at: rows of requests in which it is equal may be drawn together."""
    return (request.temperature, request.top_k, request.top_p, request.min_p, request.typical_p)


def sample(logits: torch.Tensor, request: GenerateRequest, numbers: torch.Tensor) -> torch.Tensor:
    """The token drawn by each row's number, from the request's distribution.

    Temperature, top-k, min-p and typical sampling are transformers', in the order of its ``generate``. So is top-p
    (Holtzman et al. 2020, arXiv:1904.09751), but for equal scores of which it keeps a part: transformers leaves the
    choice to its sort, here the last ones of the vocabulary are kept.

    Sorting a vocabulary takes most of a decoding step on a CPU. Where top-p ends among the largest scores, which is
    nearly always so, only those are sorted.

    Args:
        logits: Shape (rows, vocabulary), float32.
        request: Its temperature, top-k, top-p, min-p and typical-p.
        numbers: One per row, in [0, 1).
    """
    nothing: Any = None  # the warpers look at logits alone
    scores: Any = TemperatureLogitsWarper(float(request.temperature))(nothing, logits)
    if request.top_k > 0:
        scores = TopKLogitsWarper(request.top_k)(nothing, scores)
    numbers = numbers.to(scores.device)
    if request.min_p > 0 or request.typical_p < 1:
        return draw(_warped(scores, request), numbers)
    if request.top_p >= 1:
        return draw(scores, numbers)
    chosen = torch.zeros(len(scores), dtype=torch.long, device=scores.device)
    left = torch.arange(len(scores), device=scores.device)
    for size in LARGEST:
        if len(left) and size < scores.shape[1]:
            tokens, found = _among_largest(_rows(scores, left), request.top_p, _rows(numbers, left), size)
            chosen[left[found]] = tokens[found]
            left = left[~found]
    if len(left):
        chosen[left] = draw(_nucleus(_rows(scores, left), request.top_p), _rows(numbers, left))
    return chosen


def _rows(values: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Values at ascending places, which are not copied where those are all."""
    return values if len(places) == len(values) else values[places]


def _warped(scores: Any, request: GenerateRequest) -> torch.Tensor:  # noqa: ANN401 - transformers' own tensor types
    """Scores with minus infinity for what top-p, min-p and typical sampling exclude."""
    nothing: Any = None  # the warpers look at scores alone
    if request.top_p < 1:
        scores = _nucleus(scores, request.top_p)
    if request.min_p > 0:
        scores = MinPLogitsWarper(request.min_p)(nothing, scores)
    if request.typical_p < 1:
        scores = TypicalLogitsWarper(request.typical_p)(nothing, scores)
    return torch.as_tensor(scores)


def _among_largest(
    scores: torch.Tensor, top_p: float, numbers: torch.Tensor, size: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens drawn from the ``size`` largest scores of each row, and whether what top-p keeps ends among them."""
    values, ids = scores.topk(size)
    last, count = _end(scores, values, top_p)
    found = (last > values[:, -1:])[:, 0]  # else equal scores may be cut off
    in_order = ids.argsort(dim=-1)
    place = draw(_kept(values.gather(1, in_order), last, count), numbers)
    return ids.gather(1, in_order.gather(1, place[:, None]))[:, 0], found


def _nucleus(scores: torch.Tensor, top_p: float) -> torch.Tensor:
    """Scores with minus infinity for what top-p excludes, from a sort of the whole vocabulary."""
    return _kept(scores, *_end(scores, scores.sort(dim=-1, descending=True).values, top_p))


def _end(scores: torch.Tensor, largest_first: torch.Tensor, top_p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The smallest score that top-p keeps, and how many it keeps, shape (rows, 1) each.

    Args:
        scores: All of them.
        largest_first: As many of them as are sorted.
        top_p: The mass that those before the last one kept do not reach.
    """
    largest = largest_first[:, :1]
    mass = (scores - largest).exp_().sum(dim=-1, keepdim=True).double()
    shares = (largest_first.double() - largest).exp() / mass
    count = (shares.cumsum(dim=-1) - shares < top_p).sum(dim=-1, keepdim=True)
    return largest_first.gather(1, count - 1), count


def _kept(values: torch.Tensor, last: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """Values, in the order of the vocabulary, with minus infinity for what is not kept."""
    larger, equal = values > last, values == last
    wanted = count - larger.sum(dim=-1, keepdim=True)
    keeps = larger | (equal & (equal.flip(-1).cumsum(dim=-1).flip(-1) <= wanted))
    return values.masked_fill(~keeps, -torch.inf)


def draw(scores: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """The token drawn by each row's number, from the cumulative distribution of its scores."""
    cumulative = torch.softmax(scores.double(), dim=-1).cumsum(dim=-1)
    wanted = numbers.to(scores.device)[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, wanted, right=True).clamp(max=scores.shape[-1] - 1)[:, 0]


def broken(logits: torch.Tensor) -> torch.Tensor:
    """Rows without a usable distribution: a NaN, an infinity, or nothing possible.

    The largest logit says all three: it is NaN where one is, infinity where one is, and minus infinity where all are.
    """
    return ~logits.amax(dim=-1).isfinite()
