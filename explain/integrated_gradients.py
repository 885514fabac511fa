"""Integrated gradients along the input embeddings, by Captum, from a token baseline.

Sundararajan et al. 2017 (arXiv:1703.01365), equation 1. The baseline replaces every feature's tokens by
one neutral token, a space. A zero embedding is no baseline here: models with RMSNorm make it as large as any other
input, and the values then miss completeness by the size of the effect itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from audit.explain.extra import load
from audit.explain.gradients import explain, game_value, neutral_token, row_by_row, sequences

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.explain.gradients import Sequence
    from audit.explain.masking import MaskedPrompt, MethodValues

STEPS = 20
"""Points of the Gauss-Legendre rule."""
ROWS = 4
"""Interpolated prompts per forward and backward pass; bounds memory."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Integrated gradient of the value along each feature's embeddings, nats.

    The values sum to v(prompt) − v(baseline) up to the error of the integral.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; the integral draws nothing.

    Raises:
        UsageError: The package captum is not installed.
        WhiteBoxUnavailable: The checkpoint is not local.
        ScorerError: A gradient is not finite.
    """
    del seed
    token = neutral_token(prompt.engine)

    def baseline(sequence: Sequence) -> torch.Tensor:
        ids = sequence.ids.clone()
        ids[0, list(sequence.owned)] = token
        return sequence.embed(ids)

    return integrate(prompt, baseline, "integrated_gradients")


def integrate(prompt: MaskedPrompt, baseline: Callable[[Sequence], torch.Tensor], method: str) -> MethodValues:
    """Integrated gradients from any baseline.

    Args:
        prompt: The game.
        baseline: Gives the embeddings where the path starts, shape (1, tokens, width).
        method: Its name, for errors.
    """
    captum = load("captum.attr", method)
    steps = prompt.effort.steps or STEPS

    def pull(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
        explainer = captum.IntegratedGradients(lambda rows: sequence.log_probs(rows).mul(weights[0]).sum(dim=1))
        with torch.enable_grad():
            found: torch.Tensor = explainer.attribute(
                sequence.embed(sequence.ids), baselines=baseline(sequence), n_steps=steps, internal_batch_size=ROWS
            )
        return found[0].sum(dim=-1)[None]

    with torch.inference_mode():
        start = [one.log_probs(baseline(one))[0] for one in sequences(prompt)]
    return explain(prompt, row_by_row(pull), steps, baseline_value=game_value(prompt, start), settings={"steps": steps})
