"""Whether a checkpoint computes distributions over the next token, and where it stops doing so."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import torch

from audit.core.errors import RAISED_BY_OTHERS, CheckpointBroken, CheckpointError
from audit.engine.local.model.layers import decoder_layers
from audit.engine.local.token_sampling import broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PROBES = ("The quick brown fox jumps over the lazy dog.", "12 + 345 = 357; wie geht es Ihnen?")
"""Texts of different tokens. A checkpoint is broken if it fails on both, not if one token was never trained."""
REMEDY = "copy the checkpoint again, or save it without the fault"
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


def check_sound(model: Any, encode: Callable[[str], list[int]], name: str) -> None:  # noqa: ANN401 - any model
    """Run two short texts and check that the logits are finite and tell tokens apart.

    Weights that only some inputs reach (an expert, the embedding of a rare token) may be broken all the same.

    Args:
        model: A causal language model in evaluation mode.
        encode: Text to token ids.
        name: The checkpoint as the user named it; messages begin with it.

    Raises:
        CheckpointBroken: It computes NaN or infinity on both, and the message says from where on; or the same logit for
            every token.
        CheckpointError: It does because its hidden states are too large for float16.
    """
    try:
        texts = [torch.tensor([encode(text)], device=model.device) for text in PROBES]
    except RAISED_BY_OTHERS:  # a model that cannot read plain text says so at its first request
        return
    if _are_sound(model, texts):
        return
    try:
        logits = [_logits(model, ids) for ids in texts]
    except RAISED_BY_OTHERS:  # as above
        return
    if all(_is_flat(rows) for rows in logits):
        raise CheckpointBroken(_flat_words(model, name))
    if not all(bool(broken(rows).any()) for rows in logits):
        return
    place, fault = None, None
    with suppress(Exception):  # it is broken, wherever that begins
        place = _source(model, texts[0])
        fault = _faulty_weight(model, place)
    raise _error(name, place, fault, model.dtype)


@torch.inference_mode()
def _are_sound(model: Any, texts: Sequence[torch.Tensor]) -> bool:  # noqa: ANN401 - see above
    """Whether the texts, as far as the shortest goes, have finite logits that are not flat, in one pass.

    One pass reads the weights once. Whatever else comes of it is looked at text by text.
    """
    shortest = min(ids.shape[1] for ids in texts)
    try:
        rows = model(input_ids=torch.cat([ids[:, :shortest] for ids in texts]), use_cache=False).logits
        return not any(_is_flat(one) or bool(broken(one).any()) for one in rows)
    except RAISED_BY_OTHERS:
        return False


@torch.inference_mode()
def _logits(model: Any, ids: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - see above
    """Logits of every position of a text: positions x vocabulary."""
    logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits[0]
    return logits


def _is_flat(rows: torch.Tensor) -> bool:
    """Whether every position gives every token the same probability; NaN is equal to nothing."""
    return rows.shape[-1] > 1 and bool((rows.amax(dim=-1) == rows.amin(dim=-1)).all())


def _flat_words(model: Any, name: str) -> str:  # noqa: ANN401 - see above
    """What is wrong with a checkpoint whose logits are all equal, and what to do."""
    tensors = [tensor for tensor in model.parameters() if not tensor.is_meta and tensor.is_floating_point()]
    empty = sum(not bool(tensor.any()) for tensor in tensors)
    zeros = f"{empty:,} of {len(tensors):,} weight tensors are all zeros"
    return f"{name}: the checkpoint gives every token the same probability: it is broken ({zeros}): {REMEDY}"


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


def _error(name: str, place: int | None, fault: tuple[str, bool] | None, dtype: torch.dtype) -> CheckpointError:
    """What is wrong, and what to do."""
    where = {None: "", EMBEDDINGS: " from its embeddings on", BEHIND: " after its last layer"}.get(
        place, f" from layer {place} on"
    )
    words, nan = fault or ("its weights are finite", False)
    if dtype == torch.float16 and not nan:
        msg = f"{name}: the checkpoint overflows float16{where}: use --dtype bfloat16 or float32"
        return CheckpointError(msg)
    msg = f"{name}: the checkpoint computes NaN{where}: it is broken ({words}): {REMEDY}"
    return CheckpointBroken(msg)
