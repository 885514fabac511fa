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
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

if TYPE_CHECKING:
    from audit.engine.requests import GenerateRequest


def uniforms(request: GenerateRequest, copy: int, count: int) -> torch.Tensor:
    """The random numbers of one completion of a request, float64 in [0, 1), one per token."""
    seed = int.from_bytes(hashlib.sha256(f"{request.seed}/{request.first + copy}".encode()).digest()[:7])
    return torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def distribution(request: GenerateRequest) -> tuple[float, ...]:
    """What :func:`warp` looks at: requests in which it is equal may be warped together."""
    return (request.temperature, request.top_k, request.top_p, request.min_p, request.typical_p)


def warp(logits: torch.Tensor, request: GenerateRequest) -> torch.Tensor:
    """Logits divided by the temperature, those that are left out by top-k, top-p, … at minus infinity.

    The order is that of transformers' ``generate``.
    """
    nothing: Any = None  # the warpers look at logits alone
    scores: Any = TemperatureLogitsWarper(request.temperature)(nothing, logits)
    if request.top_k > 0:
        scores = TopKLogitsWarper(request.top_k)(nothing, scores)
    if request.top_p < 1:
        scores = TopPLogitsWarper(request.top_p)(nothing, scores)
    if request.min_p > 0:
        scores = MinPLogitsWarper(request.min_p)(nothing, scores)
    if request.typical_p < 1:
        scores = TypicalLogitsWarper(request.typical_p)(nothing, scores)
    return torch.as_tensor(scores)


def draw(scores: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """The token that each row's number falls on, by the cumulative distribution of its scores."""
    cumulative = torch.softmax(scores.double(), dim=-1).cumsum(dim=-1)
    wanted = numbers.to(scores.device)[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, wanted, right=True).clamp(max=scores.shape[-1] - 1)[:, 0]


def broken(logits: torch.Tensor) -> torch.Tensor:
    """Rows without a usable distribution: a NaN, an infinity, or nothing possible."""
    return (torch.isnan(logits) | torch.isposinf(logits)).any(dim=-1) | torch.isneginf(logits).all(dim=-1)
