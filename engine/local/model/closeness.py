"""Whether two ways to compute the same logits agree: rounding or a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERANCE = 1e-4
"""Difference of a position's log-probabilities up to which two ways to compute them in float32 are the same.

Root of the mean square, in standard deviations of the logits. A position that is off by one gives 0.5, a mask that is
not honoured 1.
"""
HEAD_TOLERANCE = 1e-5
"""The same if only the head is computed in another way."""
STEP_TOLERANCE = 0.02
"""How far ``generate`` may be from the forward pass: transformers itself computes cached steps of some architectures in
another way (Mamba 2 in Nemotron-H and Zamba 2: 0.0006). Positions that are off gave 0.2 and more."""
NOISE_FACTOR = 3.0
"""In less than float32: how far away the median position may be; a padded batch from a lone sequence counts 1."""
LARGEST_NOISE = 0.25
"""Maximum that counts as rounding at the median position."""
LOW_PRECISION_HEAD_TOLERANCE = 0.02
ROUNDINGS = 4.0
"""How far a logit may be from the same one rounded, in distances of neighbouring numbers at the largest logit.

Rounding to the nearest is half of one; kernels that round partial sums, too, are a little further away.
"""


class Closeness:
    """What counts as rounding in one precision.

    Args:
        dtype: That the model computes in.
        exact: Whether it computes in float32 or better.

    Attributes:
        noise: How far a padded batch is from a lone sequence, once that is known: what rounding alone does.
    """

    def __init__(self, dtype: torch.dtype, *, exact: bool) -> None:
        self.exact = exact
        self.noise = 0.0
        self._rounding = 2 * torch.finfo(dtype).eps

    def is_small(self, apart: Sequence[torch.Tensor], tolerance: float = TOLERANCE) -> bool:
        """Whether differences are rounding: in float32 at every position, else at the median one of each sequence."""
        if self.exact:
            return largest(apart) <= tolerance
        most = min(LARGEST_NOISE, NOISE_FACTOR * max(self.noise, self._rounding))
        return typical(apart) <= max(tolerance, most)

    def is_same_head(self, apart: Sequence[torch.Tensor]) -> bool:
        """Whether the head applied by itself gives the model's logits."""
        return largest(apart) <= (HEAD_TOLERANCE if self.exact else LOW_PRECISION_HEAD_TOLERANCE)

    def is_rounding(self, logits: torch.Tensor, rounded: torch.Tensor) -> bool:
        """Whether logits differ from others by no more than these were rounded, each by itself."""
        return bool(((logits - rounded).abs() <= ROUNDINGS / 2 * self._rounding * rounded.abs().amax()).all())

    @property
    def of_steps(self) -> float:
        """The tolerance for ``generate``."""
        return STEP_TOLERANCE if self.exact else LARGEST_NOISE


def largest(apart: Sequence[torch.Tensor]) -> float:
    """The difference at the worst position."""
    return max(float(part.max()) for part in apart)


def typical(apart: Sequence[torch.Tensor]) -> float:
    """The difference at the median position of the worst sequence: one that met another expert does not count."""
    return max(float(part.median()) for part in apart)


def differences(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Root mean square of the difference of log-probabilities per position, in standard deviations of the logits."""
    apart = logits.log_softmax(dim=1) - truth.log_softmax(dim=1)
    return apart.square().mean(dim=1).sqrt() / truth.std().clamp_min(torch.finfo(torch.float32).tiny)
