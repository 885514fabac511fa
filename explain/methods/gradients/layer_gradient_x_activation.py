"""Gradient × activation at the middle layer: where the information lies half-way through.

As Captum's ``LayerGradientXActivation``: the inner product of each position's state with its gradient, after the
block in the middle of the stack. Kindermans et al. 2016 (arXiv:1611.07270) for the product. Captum itself takes one
forward pass for each output token, and breaks on blocks that hand on something else than tensors.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from audit.core.errors import WhiteBoxUnavailable
from audit.explain.methods.gradients.sequences import explain, gradients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.explain.methods.gradients.sequences import Sequence
    from audit.explain.prompt.game import MaskedPrompt, MethodValues


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Inner product of the states at each feature's positions with their gradients, nats.

    Args:
        prompt: The game; its features and its engine's weights are used.
        seed: Not used; nothing is drawn.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local, computes another function from embeddings than from ids, or
            has no block of which each position has a state.
        ScorerError: A gradient is not finite.
    """
    del seed
    blocks, depth = middle_blocks(prompt.engine.model)

    def pull(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad(), listening(blocks) as heard:
            log_probs = sequence.log_probs(sequence.embed(sequence.ids).requires_grad_())[0]
        states = _states(sequence, heard)
        found = [_product(sequence, states, slope) for (slope,) in gradients(sequence, log_probs, weights, [states])]
        return torch.stack(found)

    return explain(prompt, pull, note=f"states behind block {(depth + 1) // 2} of {depth}")


def middle_blocks(model: Any) -> tuple[list[nn.Module], int]:  # noqa: ANN401 - any transformers model
    """The block in the middle of each list with as many modules as the checkpoint has layers, and their number.

    A checkpoint that also sees has such a list of its vision layers, which text does not pass through.

    Raises:
        WhiteBoxUnavailable: There is none.
    """
    depth = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    lists = [part for part in model.modules() if isinstance(part, nn.ModuleList) and len(part) == depth]
    if depth is None or not lists:
        msg = f"{type(model).__name__} has no list of its blocks: use gradient_x_input"
        raise WhiteBoxUnavailable(msg)
    return [blocks[(depth - 1) // 2] for blocks in lists], depth


@contextmanager
def listening(blocks: list[nn.Module]) -> Iterator[list[list[Any]]]:
    """What each block gives while the context lasts, in the order of the blocks."""
    heard: list[list[Any]] = [[] for _ in blocks]
    handles = [
        block.register_forward_hook(lambda _block, _inputs, output, given=given: given.append(output))
        for block, given in zip(blocks, heard, strict=True)
    ]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()


def _states(sequence: Sequence, heard: list[list[Any]]) -> torch.Tensor:
    """The states that the first block that ran handed on, shape (1, tokens, …).

    Raises:
        WhiteBoxUnavailable: It has no state for each position, or ran more than once.
    """
    outputs = next((given for given in heard if given), [])
    states = outputs[0][0] if outputs and isinstance(outputs[0], tuple | list) else next(iter(outputs), None)
    if len(outputs) != 1 or not isinstance(states, torch.Tensor) or states.shape[:2] != sequence.ids.shape:
        raise _unsuited(sequence)
    return states


def _product(sequence: Sequence, states: torch.Tensor, slope: torch.Tensor | None) -> torch.Tensor:
    """States times their gradient, summed over all dimensions but the positions, shape (tokens,).

    Raises:
        WhiteBoxUnavailable: The log-probabilities do not come from these states.
    """
    if slope is None:
        raise _unsuited(sequence)
    return (slope * states.detach())[0].flatten(start_dim=1).sum(dim=-1).to(sequence.ids.device)


def _unsuited(sequence: Sequence) -> WhiteBoxUnavailable:
    """That the block in the middle does not do what this method asks."""
    name = type(sequence.model).__name__
    return WhiteBoxUnavailable(f"{name} has no single state per token behind its middle block: use gradient_x_input")
