"""Gradients that meet the output head once: a forward pass is cut in front of it.

The log-probability of an output token depends on the state in front of the head at its own position alone. All slopes
by those states therefore take one backward pass through the head, and what goes through the layers, once per output
token, does not take the logits of the whole vocabulary along.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from audit.explain.methods.gradients.sequences import gradients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.explain.methods.gradients.sequences import Sequence

EQUAL = 1e-5
"""Largest difference of a slope taken alone from that taken with the others, as a share of the largest one."""


@contextmanager
def given_to_head(model: Any) -> Iterator[list[torch.Tensor]]:  # noqa: ANN401 - any transformers model
    """What the output head is given while the context lasts; nothing where a model has none.

    Args:
        model: A causal language model.
    """
    given: list[torch.Tensor] = []
    head = getattr(model, "get_output_embeddings", lambda: None)()
    if not isinstance(head, torch.nn.Module):
        yield given
        return
    handle = head.register_forward_pre_hook(lambda _head, states: given.extend(states))
    try:
        yield given
    finally:
        handle.remove()


def slopes_at_head(sequence: Sequence, log_probs: torch.Tensor, given: list[torch.Tensor]) -> torch.Tensor | None:
    """Slope of each log-probability by the state at its own position, shape (targets, width).

    Args:
        sequence: Prompt and continuation.
        log_probs: Shape (targets,), of one forward pass.
        given: What its head was given.

    Returns:
        None where the pass cannot be cut: the head was not called once, with one state per position, or a
        log-probability depends on other states too.
    """
    if len(given) != 1 or not given[0].requires_grad or given[0].dim() != 3 or given[0].shape[0] != 1:
        return None
    [states] = given
    at = places(sequence, states)
    alone = _slope(log_probs[-1], states)
    if alone is None:
        return None
    if sequence.wide < len(at):  # several at one position
        each = [_slope(one, states) for one in log_probs[:-1]] + [alone]
        if any(not _is_own(one, int(place)) for one, place in zip(each, at, strict=True)):
            return None
        return torch.stack([one[0, place] for one, place in zip(each, at, strict=True)])  # type: ignore[index] # checked
    together = _slope(log_probs.sum(), states)
    place = int(at[-1])
    if together is None or not _is_own(alone, place):
        return None
    bound = EQUAL * float(alone.abs().max())
    return together[0, at] if float((together[0, place] - alone[0, place]).abs().max()) <= bound else None


def places(sequence: Sequence, states: torch.Tensor) -> torch.Tensor:
    """Column of each target's position among the states, shape (targets,)."""
    return states.shape[1] - 1 - sequence.back


def _slope(value: torch.Tensor, states: torch.Tensor) -> torch.Tensor | None:
    """Slope of one number by all states, shape (1, positions, width)."""
    (found,) = torch.autograd.grad(value, [states], retain_graph=True, allow_unused=True)
    return found


def _is_own(slope: torch.Tensor | None, place: int) -> bool:
    """Whether only one position's state matters."""
    return slope is not None and int(slope.count_nonzero()) == int(slope[0, place].count_nonzero())


def pull_back(
    sequence: Sequence, embeddings: torch.Tensor, states: torch.Tensor, slopes: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Gradient × input of each position, shape (rows, tokens), from the slopes at the head.

    Args:
        sequence: Prompt and continuation.
        embeddings: That the pass began with, shape (1, tokens, width).
        states: That its head was given.
        slopes: Shape (targets, width).
        weights: Shape (rows, targets).
    """
    at = places(sequence, states)
    rows = states.new_zeros(len(weights), *states.shape)
    for row, given in zip(rows, weights.to(slopes), strict=True):
        row[0].index_add_(0, at, given[:, None] * slopes)
    found = gradients(sequence, states, rows, [embeddings])
    return torch.stack([(gradient * embeddings.detach())[0].sum(dim=-1) for (gradient,) in found])
