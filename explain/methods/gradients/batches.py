"""Backward passes of one forward pass, many as one batch.

A pass of a short prompt alone reads all weights for few tokens.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch

from audit.core.errors import RAISED_BY_OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Many

    from audit.explain.methods.gradients.sequences import Sequence

BATCHED_BYTES = 2**28
"""Of the gradients of one batch of backward passes: bounds memory."""
WIDTHS_PER_TOKEN = 32
"""Numbers that are alive per token in a backward pass through one layer, in embedding widths."""


def gradients(
    sequence: Sequence, outputs: torch.Tensor, weights: torch.Tensor, inputs: Many[torch.Tensor]
) -> Iterator[Any]:
    """Gradients of weighted sums of a forward pass's outputs, on its graph.

    Many backward passes go through the layers as one batch: a pass of a short prompt alone reads all weights for few
    tokens. An architecture of which some part cannot be batched gets one pass per row.

    Args:
        sequence: Prompt and continuation.
        outputs: Of one forward pass: the log-probabilities, shape (targets,), or what they are computed from.
        weights: Shape (rows, …), each row of the outputs' shape.
        inputs: What is differentiated by; one that the graph does not hold has None for its gradient.

    Yields:
        For each row one gradient per input, of the input's shape.
    """
    given = weights.to(outputs)
    together = 1 if len(given) == 1 else _rows_together(sequence, outputs, inputs)
    for rows in torch.split(given, together):
        found = _batched(outputs, rows, inputs) if together > 1 else None
        if found is None:
            together = 1
            for row in rows:
                yield torch.autograd.grad(outputs, inputs, row, retain_graph=True, allow_unused=True)
        else:
            for number in range(len(rows)):
                yield tuple(None if one is None else one[number] for one in found)


def _rows_together(sequence: Sequence, outputs: torch.Tensor, inputs: Many[torch.Tensor]) -> int:
    """Rows of which the gradients fit into ``BATCHED_BYTES``; at least one."""
    rows, width = sequence.model.get_input_embeddings().weight.shape
    tokens = sequence.ids.shape[1]
    logits = sequence.kept().get("logits_to_keep", tokens) if outputs.dim() == 1 else 0  # states are before the head
    numbers = 3 * logits * rows + WIDTHS_PER_TOKEN * tokens * width + sum(one.numel() for one in inputs)
    return max(1, int(BATCHED_BYTES // (numbers * outputs.element_size())))


def _batched(
    outputs: torch.Tensor, rows: torch.Tensor, inputs: Many[torch.Tensor]
) -> tuple[torch.Tensor | None, ...] | None:
    """Gradients of all rows, each with a dimension of rows in front; None where they cannot be taken together."""
    held: list[bool] = []

    def pull(row: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = torch.autograd.grad(outputs, inputs, row, retain_graph=True, allow_unused=True)
        held[:] = [one is not None for one in found]
        return tuple(one for one in found if one is not None)

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*performance drop")  # a part without a rule is one by one
            found = iter(torch.vmap(pull)(rows))
    except RAISED_BY_OTHERS:  # memory included: row by row needs less, and says what is at fault
        return None
    return tuple(next(found) if there else None for there in held)
