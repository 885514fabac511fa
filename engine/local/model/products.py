"""Matrix products of float32 weights by oneDNN instead of MKL, on processors where that is faster."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from audit.engine.local.hardware import instructions

if TYPE_CHECKING:
    from collections.abc import Iterator

FEWEST_WEIGHTS = 2**18
"""Smaller matrices stay with MKL, whose calls cost less: those of test checkpoints, projections of few key heads."""


def onednn_is_faster() -> bool:
    """Whether this is an AMD processor with AVX-512, where it was measured; see ``benchmarks/README.md``."""
    there = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    if platform.machine() not in {"x86_64", "AMD64"} or not there:
        return False
    name, extensions = instructions()
    return "AMD" in name and "avx512_f" in extensions


def by_onednn(model: nn.Module) -> bool:
    """Let oneDNN compute the products of a model on a CPU with its large float32 matrices; returns whether it does.

    Only plain linear layers with weights that are not trained: neither quantised ones nor hooked or adapted ones.
    The products of two rows and more are then the same with any number of rows and threads.
    """
    if not onednn_is_faster():
        return False
    found = list(_large_layers(model))
    for layer in found:
        layer.__class__ = OneDnnLinear
    return bool(found)


def linear(states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """``torch.nn.functional.linear`` by oneDNN, differentiable by its states alone.

    Args:
        states: Float32, shape (…, inputs).
        weight: Float32 on the same CPU, shape (outputs, inputs).
        bias: Float32, shape (outputs,).
    """
    if not states.numel():
        return nn.functional.linear(states, weight, bias)
    if torch.is_grad_enabled() and states.requires_grad:
        product: torch.Tensor = _Product.apply(states, weight, bias)  # type: ignore[no-untyped-call]
        return product
    return _product(states, weight, bias)


class OneDnnLinear(nn.Linear):
    """A linear layer of float32 weights on a CPU that oneDNN computes."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """As ``nn.Linear`` computes it, up to rounding."""
        if input.dtype != torch.float32 or self.weight.dtype != torch.float32 or self.weight.requires_grad:
            return super().forward(input)
        return linear(input, self.weight, self.bias)


class _Product(torch.autograd.Function):
    """The product; its gradient by the states is MKL's, which takes many backward passes as rows of one product."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:  # noqa: ANN401 - torch's
        ctx.weight = weight
        return _product(states, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # noqa: ANN401 - torch's
        (gradient,) = gradients
        flat = gradient.reshape(-1, gradient.shape[-1]).mm(ctx.weight)  # so: otherwise a product for each of the passes
        return flat.view(*gradient.shape[:-1], -1), None, None


def _product(states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")  # noqa: SLF001
    return product


def _large_layers(model: nn.Module) -> Iterator[nn.Linear]:
    """Its plain linear layers with large float32 weights on a CPU."""
    for layer in model.modules():
        if type(layer) is not nn.Linear or layer.weight.requires_grad or "forward" in vars(layer):
            continue
        weight = layer.weight
        if weight.dtype == torch.float32 and weight.device.type == "cpu" and weight.numel() >= FEWEST_WEIGHTS:
            yield layer
