"""Logits of transformers' ``generate`` with every token chosen for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import GenerationConfig, LogitsProcessorList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def forced_logits(
    model: Any,  # noqa: ANN401 - transformers' models have no common typed base
    device: torch.device,
    pad_id: int,
    texts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> torch.Tensor:
    """Logits at each step of ``generate``, text after text: one step more than there are tokens to force.

    Args:
        model: A causal language model in evaluation mode.
        device: Device of its first layer.
        pad_id: Fills shorter prompts on the left.
        texts: Prompt and following tokens for each text, the same number for all.
    """
    width = max(len(prompt) for prompt, _ in texts)
    ids = np.stack([np.pad(prompt, (width - len(prompt), 0), constant_values=pad_id) for prompt, _ in texts])
    mask = np.stack([np.arange(width) >= width - len(prompt) for prompt, _ in texts]).astype(np.int64)
    forced = np.stack([tokens for _, tokens in texts])

    def force(seen: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        step = min(seen.shape[1] - width, forced.shape[1] - 1)
        chosen = torch.from_numpy(forced[:, step]).to(scores.device)
        return torch.full_like(scores, -torch.inf).scatter(1, chosen[:, None], 0.0)

    own, model.generation_config = model.generation_config, GenerationConfig(pad_token_id=pad_id)
    try:
        answer = model.generate(
            input_ids=torch.from_numpy(ids).to(device),
            attention_mask=torch.from_numpy(mask).to(device),
            logits_processor=LogitsProcessorList([force]),
            max_new_tokens=forced.shape[1] + 1,
            output_logits=True,
            return_dict_in_generate=True,
        )
    finally:
        model.generation_config = own
    return torch.stack(answer.logits, dim=1).flatten(0, 1).float()
