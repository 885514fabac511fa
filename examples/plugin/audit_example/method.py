"""Leave one in: what each feature of a prompt does to the target on its own, all others absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.explain.methods.registry import Method

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt, MethodValues


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Log P(target | one feature) − log P(target | no feature), in nats.

    Args:
        prompt: Scores the target with any subset of the features present.
        seed: Not used; the method draws nothing.
    """
    outputs = prompt.outputs(design(len(prompt.features), seed))
    return prompt.split((outputs[:-1] - outputs[-1]).T)


def design(count: int, _seed: int, _evaluations: int | None = None) -> NDArray[np.bool_]:
    """Each feature alone, then none. Known beforehand, so that several methods are scored in one batch."""
    return np.concatenate([np.eye(count, dtype=np.bool_), np.zeros((1, count), dtype=np.bool_)])


METHOD = Method(
    name="leave_one_in",
    description="change of log-probability when one feature alone is present",
    cost="n + 1",
    attribute=attribute,
    design=design,
)
