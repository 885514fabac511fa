"""A sparse linear surrogate of what the checkpoint does when features are left out at random.

ContextCite (Cohen-Wang et al. 2024, arXiv:2409.00729), section 3: uniformly drawn ablations, the log-odds of
the whole target, a linear model fitted by Lasso.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler

from audit.core.formatting import percent
from audit.explain.prompt.game import MethodValues

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt

PENALTY = 0.01
"""Lasso's penalty, of standardised masks and the log-odds per target token: ContextCite's default."""
SAMPLES_PER_FEATURE = 4
"""Masks drawn per feature."""
FEWEST_SAMPLES = 64
"""Masks drawn at least: what ContextCite draws."""
SURE = 1e-7
"""Smallest distance of a probability from 1; float32 knows no smaller one."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Weight of each feature in the sparse linear model, nats; most are 0 where few features matter.

    What is fitted is log P / (1 − P) of the whole target; with a contrast log P(target) − log P(against),
    which is the log-odds between the two.

    Args:
        prompt: The game.
        seed: Of the masks.
    """
    masks = design(len(prompt.features), seed, prompt.effort.evaluations)
    values = prompt(masks)
    wanted = values if prompt.against is not None else log_odds(values)
    length = len(prompt.continuations[0])
    scaler = StandardScaler()
    inputs = scaler.fit_transform(masks.astype(np.float64))
    model = Lasso(alpha=PENALTY, random_state=seed % 2**32).fit(inputs, wanted / length)
    weights = np.asarray(model.coef_, dtype=np.float64) / scaler.scale_ * length
    used = int(np.count_nonzero(weights))
    share = max(0.0, float(model.score(inputs, wanted / length)))
    note = (
        f"the sparse linear model uses {used} of {len(weights)} features and explains {percent(share)} of the variance"
    )
    if prompt.against is not None:
        return MethodValues(weights, note=note)
    value, baseline = log_odds(np.array([prompt.full, prompt.empty]))
    return MethodValues(
        weights, value=float(value), baseline_value=float(baseline), note=f"values are of log-odds; {note}"
    )


def design(count: int, seed: int, evaluations: int | None = None) -> NDArray[np.bool_]:
    """All masks that are asked for, shape (masks, features): each feature is present with probability ½.

    Args:
        count: Features.
        seed: Of the masks.
        evaluations: Masks to draw; None: the method's own number.
    """
    samples = evaluations or max(FEWEST_SAMPLES, SAMPLES_PER_FEATURE * count)
    return np.random.default_rng(seed).random((samples, count)) < 0.5


def log_odds(log_probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds, log P / (1 − P), from log P, nats; P is taken to be ``SURE`` below 1 at most."""
    capped = np.minimum(log_probs, np.log1p(-SURE))
    found: NDArray[np.float64] = capped - np.log(-np.expm1(capped))
    return found
