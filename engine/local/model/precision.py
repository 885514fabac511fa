"""A 16-bit model computing in 32 bits: differences then have another cause than rounding."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HALVES = (torch.bfloat16, torch.float16)


@contextmanager
def in_float32(model: Any) -> Iterator[bool]:  # noqa: ANN401 - transformers' models have no common typed base
    """Weights of 16 bits as float32 for a while; a layer's only while it runs, so that one layer more fits into memory.

    Yields:
        Whether everything is computed in float32 or better: not with packed weights, nor with weights on no device.
    """
    tensors = [*model.parameters(), *model.buffers()]
    floats = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    wide = {torch.float32, torch.float64}
    if getattr(model, "hf_quantizer", None) or floats - wide - {*HALVES} or any(t.is_meta for t in tensors):
        yield False
        return
    if not floats & {*HALVES}:
        yield True
        return
    layers = _layers(model)
    inside = {id(tensor) for layer in layers for tensor in _tensors(layer)}
    kept = _widen(tensor for tensor in tensors if id(tensor) not in inside)
    handles = [handle for layer in layers for handle in _widened_while_running(layer)]
    try:
        yield True
    finally:
        for handle in handles:
            handle.remove()
        _restore(kept)


def _layers(model: nn.Module) -> list[nn.Module]:
    """The modules of the outermost lists that share no weight with another: a model's layers."""
    found: list[nn.Module] = []
    waiting: list[nn.Module] = [model]
    while waiting:
        module = waiting.pop()
        parts = list(module.children())
        if isinstance(module, nn.ModuleList):
            found += parts
        else:
            waiting += parts
    owners: dict[int, int] = {}
    for layer in found:
        for tensor in {id(tensor) for tensor in _tensors(layer)}:
            owners[tensor] = owners.get(tensor, 0) + 1
    return [layer for layer in found if all(owners[id(tensor)] == 1 for tensor in _tensors(layer))]


def _tensors(module: nn.Module) -> Iterator[torch.Tensor]:
    """Weights and buffers of a module."""
    yield from module.parameters()
    yield from module.buffers()


def _widened_while_running(layer: nn.Module) -> list[Any]:
    """Hooks that widen a layer's weights before it runs and restore them afterwards."""
    kept: list[tuple[torch.Tensor, torch.Tensor]] = []

    def before(*_: object) -> None:
        kept.extend(_widen(_tensors(layer)))

    def after(*_: object) -> None:
        _restore(kept)
        kept.clear()

    return [layer.register_forward_pre_hook(before), layer.register_forward_hook(after, always_call=True)]


def _widen(tensors: Iterable[torch.Tensor]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Put float32 copies into 16-bit tensors; returns them with their previous contents."""
    with torch.inference_mode(mode=False), torch.no_grad():
        kept = [(tensor, tensor.data) for tensor in tensors if tensor.dtype in HALVES]
        for tensor, data in kept:
            tensor.data = data.float()
    return kept


def _restore(kept: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Put back what tensors held."""
    with torch.inference_mode(mode=False), torch.no_grad():
        for tensor, data in kept:
            tensor.data = data
