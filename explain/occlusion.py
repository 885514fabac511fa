"""Occlusion: leave one feature out and see what it did to the target.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 3.3, on token
positions instead of pixels; called leave-one-out by Li et al. 2016, "Understanding Neural Networks
through Representation Erasure" (arXiv:1612.08220), equation 1, here in log-probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.explain.masking import MethodValues

if TYPE_CHECKING:
    from audit.explain.masking import MaskedPrompt


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Change of log P(target) that each feature's presence makes, nats: v(all) − v(all but it).

    Args:
        prompt: The game.
        seed: Not used; occlusion draws nothing.
    """
    del seed
    count = len(prompt.features)
    masks = np.ones((count + 1, count), dtype=np.bool_)
    masks[np.arange(count), np.arange(count)] = False
    values = prompt(masks)
    return MethodValues((values[-1] - values[:-1]).tolist())
