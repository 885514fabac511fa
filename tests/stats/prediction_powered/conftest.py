"""Outputs, a scorer of them and people's labels."""

from __future__ import annotations

import numpy as np

from audit.stats.prediction_powered.tuned import LabelledSample


def drawn(seed: int, labels: int, others: int, kind: str) -> LabelledSample:
    """Outputs of which 40 % are positive; the scorer errs in one of five, is continuous and shifted, or is noise."""
    generator = np.random.default_rng(seed)
    count = labels + others
    truth = (generator.random(count) < 0.4).astype(float)
    if kind == "yes_or_no":
        judged = np.where(generator.random(count) < 0.8, truth, 1 - truth)
    elif kind == "continuous":
        judged = 1 / (1 + np.exp(-(2 * truth - 0.3 + generator.normal(size=count))))
    else:
        judged = generator.random(count)
    return LabelledSample(truth[:labels], judged[:labels], judged[labels:])
