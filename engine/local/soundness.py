"""Whether a checkpoint computes finite numbers, and where it stops doing so."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import torch

from audit.core.errors import RAISED_BY_OTHERS, CheckpointBroken, CheckpointError
from audit.engine.local.model.layers import decoder_layers
from audit.engine.local.token_sampling import broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PROBES = ("The quick brown fox jumps over the lazy dog.", "12 + 345 = 357; wie geht es Ihnen?")
"""Texts of different tokens. A checkpoint is broken if it fails on both, not if one token was never trained."""
EMBEDDINGS, BEHIND = 0, -1
"""Places before the first layer and after the last; layers are counted from 1."""


def not_finite(what: str, dtype: torch.dtype) -> str:
    """Why an answer cannot be used.

    Args:
        what: What is NaN or infinite, in the plural.
        dtype: That the checkpoint runs in.
    """
    reason = "the weights are broken"
    if dtype == torch.float16:
        reason = "values overflow float16 (use --dtype bfloat16 or float32), or the weights are broken"
    return f"{what} are NaN or infinite: {reason}"


def check_sound(model: Any, encode: Callable[[str], list[int]]) -> None:  # noqa: ANN401 - any transformers model
    """Run two short texts and check that the results are finite.

    Weights that only some inputs reach (an expert, the embedding of a rare token) may be broken all the same.

    Args:
        model: A causal language model in evaluation mode.
        encode: Text to token ids.

    Raises:
        CheckpointBroken: It computes NaN or infinity on both; the message says from where on.
        CheckpointError: It does because its hidden states are too large for float16.
    """
    try:
        texts = [torch.tensor([encode(text)], device=model.device) for text in PROBES]
        sound = not all(_fails(model, ids) for ids in texts)
    except RAISED_BY_OTHERS:  # a model that cannot read plain text says so at its first request
        return
    if sound:
        return
    place, fault = None, None
    with suppress(Exception):  # it is broken, wherever that begins
        place = _source(model, texts[0])
        fault = _faulty_weight(model, place)
    raise _error(place, fault, model.dtype)


@torch.inference_mode()
def _fails(model: Any, ids: torch.Tensor) -> bool:  # noqa: ANN401 - see above
    """Whether a position of a text has no usable distribution over the next token."""
    return bool(broken(model(input_ids=ids, use_cache=False).logits[0]).any())


@torch.inference_mode()
def _source(model: Any, ids: torch.Tensor) -> int | None:  # noqa: ANN401 - see above
    """Number of the first layer whose hidden states are not finite, or a place outside; None if unknown."""
    layers = decoder_layers(model)
    if layers is None:
        return None
    bad: set[int] = set()

    def look(number: int, values: object) -> None:
        states = values[0] if isinstance(values, tuple | list) else values
        if isinstance(states, torch.Tensor) and not bool(torch.isfinite(states).all()):
            bad.add(number)

    with ExitStack() as hooks:
        first = layers[0].register_forward_pre_hook(
            lambda _, given, named: look(EMBEDDINGS, given or named.get("hidden_states")), with_kwargs=True
        )
        hooks.callback(first.remove)
        for number, layer in enumerate(layers, start=1):
            hook = layer.register_forward_hook(lambda _, __, output, number=number: look(number, output))
            hooks.callback(hook.remove)
        model(input_ids=ids, use_cache=False)
    return min(bad, default=BEHIND)


def _faulty_weight(model: Any, place: int | None) -> tuple[str, bool] | None:  # noqa: ANN401 - see above
    """The first non-finite weight there, in words, and whether it is NaN; None if all are finite."""
    layers = decoder_layers(model)
    if layers is not None and place is not None and place > 0:
        inside = {id(tensor) for tensor in layers[place - 1].parameters()}
        looked = [(name, tensor) for name, tensor in model.named_parameters() if id(tensor) in inside]
    else:
        inside = {id(tensor) for tensor in layers.parameters()} if layers is not None else set()
        looked = [(name, tensor) for name, tensor in model.named_parameters() if id(tensor) not in inside]
    return _first_faulty(looked)


def _first_faulty(weights: Iterable[tuple[str, torch.Tensor]]) -> tuple[str, bool] | None:
    """See :func:`_faulty_weight`."""
    for name, tensor in weights:
        if tensor.is_meta or not tensor.is_floating_point():  # elsewhere for now, or packed
            continue
        count = tensor.numel() - int(torch.isfinite(tensor).sum())
        if count:
            words = f"{count:,} of {tensor.numel():,} values of {name} are not finite"
            return words, bool(torch.isnan(tensor).any())
    return None


def _error(place: int | None, fault: tuple[str, bool] | None, dtype: torch.dtype) -> CheckpointError:
    """What is wrong, and what to do."""
    where = {None: "", EMBEDDINGS: " from its embeddings on", BEHIND: " after its last layer"}.get(
        place, f" from layer {place} on"
    )
    words, nan = fault or ("its weights are finite", False)
    if dtype == torch.float16 and not nan:
        msg = f"the checkpoint overflows float16{where}: use --dtype bfloat16 or float32"
        return CheckpointError(msg)
    msg = f"the checkpoint computes NaN{where}: it is broken ({words})"
    return CheckpointBroken(msg)
