"""Occlusion: leave one feature out and see what it did to the target.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 3.3, on token
positions instead of pixels; called leave-one-out by Li et al. 2016, "Understanding Neural Networks
through Representation Erasure" (arXiv:1612.08220), equation 1, here in log-probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt, MethodValues


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Change of log P(target) that each feature's presence makes, nats: v(all) − v(all but it).

    Args:
        prompt: The game.
        seed: Not used; occlusion draws nothing.
    """
    masks = design(len(prompt.features), seed)
    outputs = prompt.outputs(masks)
    return prompt.split((outputs[-1] - outputs[:-1]).T)


def design(count: int, seed: int) -> NDArray[np.bool_]:
    """All masks that are asked for: each feature absent once, then none.

    Args:
        count: Features.
        seed: Not used; occlusion draws nothing.
    """
    del seed
    masks = np.ones((count + 1, count), dtype=np.bool_)
    masks[np.arange(count), np.arange(count)] = False
    return masks
