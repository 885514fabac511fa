"""One vector per text: the mean of its tokens' hidden states behind the checkpoint's middle layer.

The middle, since states of intermediate layers separate texts better than those of the last one, which serve the next
token (Skean et al. 2025, "Layer by Layer: Uncovering Hidden Representations in Language Models", arXiv:2502.02013). The
mean leaves out the first position, which holds the beginning of sequence: its state is many times larger than all
others, whatever the text is (Sun et al. 2024, "Massive Activations in Large Language Models", arXiv:2402.17762).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from audit.core.errors import WhiteBoxUnavailable
from audit.engine.local.memory import halve_when_full
from audit.engine.local.model.layers import decoder_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from audit.core.progress import Progress
    from audit.engine.local.model.forward import Forward


class _Reached(Exception):  # noqa: N818 - no error: what lies behind the middle layer is not needed
    """The middle layer has run."""

    def __init__(self, states: torch.Tensor) -> None:
        super().__init__()
        self.states = states


def embed(
    forward: Forward, sequences: Sequence[Sequence[int]], batch_tokens: int, progress: Progress
) -> NDArray[np.float32]:
    """Mean hidden states, shape (sequences, dimension); NaN where memory is too small for a sequence.

    Args:
        forward: Runs the model; says whether sequences may lie in one batch.
        sequences: Token ids; the first one of each is not in its mean, so that there are two at least.
        batch_tokens: Positions of a batch.
        progress: Hears of computed tokens.

    Raises:
        WhiteBoxUnavailable: The architecture has no list of layers with a state per token.
    """
    found: dict[int, NDArray[np.float32]] = {}

    def compute(places: Sequence[int]) -> list[NDArray[np.float32] | None]:
        return list(_means(forward, [sequences[place] for place in places]))

    order = sorted(range(len(sequences)), key=lambda place: len(sequences[place]))
    for places in _batches(forward, order, [len(one) for one in sequences], batch_tokens):
        means = halve_when_full(places, compute, lambda _: None, forward.forget, progress.say)
        found.update((place, mean) for place, mean in zip(places, means, strict=True) if mean is not None)
        progress.advance(0, sum(len(sequences[place]) for place in places))
    dimension = len(next(iter(found.values()))) if found else 0
    missing = np.full(dimension, np.nan, dtype=np.float32)
    return np.array([found.get(place, missing) for place in range(len(sequences))], dtype=np.float32)


def _batches(forward: Forward, order: Sequence[int], lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Neighbours by length, at most so many positions together; alone, where company would change a sequence."""
    batch: list[int] = []
    for place in order:
        alone = forward.alone is not None and lengths[place] > forward.alone
        if batch and (alone or (len(batch) + 1) * lengths[place] > batch_tokens):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


@torch.inference_mode()
def _means(forward: Forward, sequences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Means of one batch, filled on the right: what fills a row follows everything that counts."""
    width = max(map(len, sequences))
    ids = np.full((len(sequences), width), forward.pad_id, dtype=np.int64)
    counts = np.zeros((len(sequences), width), dtype=np.float32)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        counts[row, 1 : len(sequence)] = 1 / (len(sequence) - 1)
    states = _middle_states(forward, torch.from_numpy(ids).to(forward.device))
    weights = torch.from_numpy(counts).to(states.device)
    means: NDArray[np.float32] = torch.einsum("rt,rtd->rd", weights, states.float()).cpu().numpy()
    return means


def _middle_states(forward: Forward, ids: torch.Tensor) -> torch.Tensor:
    """States behind the middle layer, shape (rows, tokens, dimension); later layers do not run.

    Raises:
        WhiteBoxUnavailable: There is no such layer, or it has no state for each token.
    """
    layers = decoder_layers(forward.model)
    if layers is not None:
        with _stopping_behind(layers[(len(layers) - 1) // 2]):
            try:
                forward.model(input_ids=ids, use_cache=False)
            except _Reached as reached:
                if reached.states.shape[:2] == ids.shape and reached.states.ndim == 3:
                    return reached.states
    msg = f"{type(forward.model).__name__} has no list of layers with a hidden state per token"
    raise WhiteBoxUnavailable(msg)


@contextmanager
def _stopping_behind(layer: torch.nn.Module) -> Iterator[None]:
    """The forward pass ends behind a layer."""

    def stop(_layer: torch.nn.Module, _inputs: Any, output: Any) -> None:  # noqa: ANN401 - as torch has it
        states = output[0] if isinstance(output, tuple | list) else output
        if isinstance(states, torch.Tensor):
            raise _Reached(states)

    handle = layer.register_forward_hook(stop)
    try:
        yield
    finally:
        handle.remove()
