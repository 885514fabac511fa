"""Integrated gradients on the embedding layer, by Captum, from a token baseline.

Sundararajan et al. 2017 (arXiv:1703.01365), equation 1. The baseline replaces every feature's tokens by
one neutral token, a space. A zero embedding is no baseline here: models with RMSNorm make it as large as any other
input, and the values then miss completeness by the size of the effect itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from audit.core.errors import ScorerError
from audit.explain.extra import load
from audit.explain.masking import MethodValues

if TYPE_CHECKING:
    from audit.engine import Engine
    from audit.explain.masking import MaskedPrompt

STEPS = 20
"""Points of the Gauss-Legendre rule."""
ROWS = 4
"""Interpolated prompts per forward and backward pass; bounds memory."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Integrated gradient of log P(target) along each feature's embeddings, nats.

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
    captum = load("captum.attr", "integrated_gradients")
    model: Any = prompt.engine.model
    request = prompt.features.request
    ids = torch.tensor([request.context_ids + request.target_ids[:-1]], device=model.device)
    baseline = ids.clone()
    owned = [position for positions in prompt.features.positions for position in positions]
    baseline[0, owned] = neutral_token(prompt.engine)
    target = torch.tensor(request.target_ids, device=model.device)

    def log_prob(rows: torch.Tensor) -> torch.Tensor:
        logits = model(input_ids=rows, use_cache=False).logits[:, -len(target) :].float()
        found: torch.Tensor = logits.log_softmax(dim=-1).gather(2, target.expand(len(rows), -1)[..., None])
        return found.sum(dim=(1, 2))

    explainer = captum.LayerIntegratedGradients(log_prob, model.get_input_embeddings())
    with torch.enable_grad():
        gradients = explainer.attribute(ids, baselines=baseline, n_steps=STEPS, internal_batch_size=ROWS)
    by_token = gradients[0].float().sum(dim=-1)
    if not bool(by_token.isfinite().all()):
        msg = "a gradient is NaN or infinite: the weights or the dtype are at fault"
        raise ScorerError(msg)
    with torch.inference_mode():
        at_baseline = float(log_prob(baseline)[0])
    values = np.array([float(by_token[list(positions)].sum()) for positions in prompt.features.positions])
    return MethodValues(values, baseline_value=at_baseline, evaluations=STEPS + 1)


def neutral_token(engine: Engine) -> int:
    """The token that stands for nothing: a single space where it is one token, else the prefix token.

    Not the padding token: its embedding is often zero or was never trained.
    """
    space = engine.encode(" ", add_special_tokens=False)
    return space[-1] if space else engine.prefix_token_id
