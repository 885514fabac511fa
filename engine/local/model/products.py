"""Matrix products of float32 weights by oneDNN instead of MKL, on processors where that is faster."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from audit.engine.local.hardware import instructions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

FEWEST_WEIGHTS = 2**16
"""Smaller matrices stay with MKL, whose calls cost less: those of test checkpoints."""
STEPS_BEFORE_PACKING = 16
"""Products of few rows with each matrix before all are packed: packing costs about what as many of them gain."""

FEWEST_ZEROS = 0.15
"""Share of a product's rows that must be zeros for the others to be copied together."""

FEWEST_ROWS = 8
"""Rows of a product at least: products of few rows are rounded otherwise than those of many."""


def onednn_is_faster() -> bool:
    """Whether this is an AMD processor with AVX-512, where it was measured; see ``benchmarks/docs/products.md``."""
    there = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    if platform.machine() not in {"x86_64", "AMD64"} or not there:
        return False
    name, extensions = instructions()
    return "AMD" in name and "avx512_f" in extensions


def by_onednn(model: nn.Module) -> bool:
    """Let oneDNN compute the products of a model on a CPU with its large float32 matrices; returns whether it does.

    Only plain linear layers with weights that are not trained, the base of an adapter's layer among them: neither
    quantised ones nor those whose ``forward`` was replaced.
    The products of two rows and more are then the same with any number of rows and threads.
    """
    if not onednn_is_faster():
        return False
    found = list(_large_layers(model))
    for layer in found:
        layer.__class__ = OneDnnLinear
    return bool(found)


def linear(
    states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, packed: torch.Tensor | None = None
) -> torch.Tensor:
    """``torch.nn.functional.linear``, by oneDNN where that computes the same: plain float32 tensors on a CPU.

    Torch computes what it alone can: gradients by weights, forward-mode derivatives, transforms of functions, compiled
    code, autocast, other number types and devices; it also refuses shapes that do not fit.

    Args:
        states: Shape (…, inputs).
        weight: Shape (outputs, inputs).
        bias: Shape (outputs,).
        packed: The same weights in oneDNN's order, if they are there; the product is the same to the last bit.
    """
    if not _is_onednn_s(states, weight, bias):
        return nn.functional.linear(states, weight, bias)
    if torch.is_grad_enabled() and states.requires_grad:
        product: torch.Tensor = _Product.apply(states, weight, bias)  # type: ignore[no-untyped-call]
        return product
    single = states.numel() == states.shape[-1]  # oneDNN computes one row otherwise, and rounds it otherwise
    return _product(states, weight if packed is None or single else packed, bias)


class OneDnnLinear(nn.Linear):
    """A linear layer that oneDNN computes where :func:`linear` lets it."""

    packed: torch.Tensor | None = None
    """Its weights in oneDNN's order, while :class:`PackedWeights` holds them."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """As ``nn.Linear`` computes it, up to rounding."""
        return linear(input, self.weight, self.bias, self.packed)


class PackedWeights:
    """Copies of a model's large matrices in oneDNN's own order, for as long as a call generates texts.

    Without one, each product begins by bringing the weights into that order, which takes a sixth of a product of 64
    rows and a third of one of 16. They are made once the steps so far would have paid for them, and dropped at the end
    of the call: whoever changes weights between calls finds no old ones here.

    Args:
        model: A causal language model in evaluation mode.
        room: Bytes that they may take, asked when they are about to be made.
    """

    def __init__(self, model: nn.Module, room: Callable[[], float]) -> None:
        self._room = room
        layers = [layer for layer in model.modules() if isinstance(layer, OneDnnLinear)]
        self._layers = [layer for layer in layers if _is_onednn_s(layer.weight[:1], layer.weight, layer.bias)]
        self._steps = 0

    def count_step(self) -> None:
        """A step is about to be computed; the first of many packs the weights, if memory is there for all of them."""
        self._steps += 1
        if self._steps == STEPS_BEFORE_PACKING and self._layers and self.size <= self._room():
            self._pack()

    @property
    def size(self) -> int:
        """Bytes that they take."""
        return sum(layer.weight.numel() * layer.weight.element_size() for layer in self._layers)

    def __enter__(self) -> Self:
        """They are not made yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop them."""
        self.drop()

    def drop(self) -> bool:
        """Drop them and make no others; whether there were any."""
        there = any(layer.packed is not None for layer in self._layers)
        self._steps = STEPS_BEFORE_PACKING
        for layer in self._layers:
            layer.packed = None
        return there

    @torch.inference_mode()
    def _pack(self) -> None:
        for layer in self._layers:
            layer.packed = torch.ops.mkldnn._reorder_linear_weight(layer.weight)  # noqa: SLF001 - no other way


class _Product(torch.autograd.Function):
    """The product, and its gradient by the states."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:  # noqa: ANN401 - torch's
        ctx.save_for_backward(weight)  # so torch notices if somebody changes it before the backward pass
        return _product(states, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # noqa: ANN401 - torch's
        (gradient,), (weight,) = gradients, ctx.saved_tensors
        if torch.is_grad_enabled() or _transforms():  # of a gradient of gradients, in a transform
            flat = gradient.reshape(-1, gradient.shape[-1]).mm(weight)
            return flat.view(*gradient.shape[:-1], -1), None, None
        [found] = pulled_back(lambda rows: (_times(rows, weight.T),), gradient)
        return found, None, None


def pulled_back(
    pull: Callable[[torch.Tensor], tuple[torch.Tensor, ...]], gradient: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """What a backward pass gives of a gradient, or of the many that torch takes at once (``is_grads_batched``).

    Torch shows a backward pass one of them and computes it for all, which it can where it has a rule for each step.

    Args:
        pull: The backward pass: takes gradients with a dimension of rows in front, and gives such.
        gradient: As torch hands it over.
    """
    if not torch._C._functorch.is_legacy_batchedtensor(gradient):  # noqa: SLF001 - no other way
        return tuple(one[0] for one in pull(gradient[None]))
    level = torch._C._vmapmode_increment_nesting() - 1  # noqa: SLF001 - the only one that says it
    torch._C._vmapmode_decrement_nesting()  # noqa: SLF001 - see above
    rows = torch._remove_batch_dim(gradient, level, 1, 0)  # noqa: SLF001 - no other way
    return tuple(torch._add_batch_dim(one, 0, level) for one in pull(rows))  # noqa: SLF001 - no other way


def _times(gradients: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The same as :func:`_rows_times`, of any shape."""
    return _rows_times(gradients.reshape(-1, gradients.shape[-1]), weight).view(*gradients.shape[:-1], -1)


def _rows_times(rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """:func:`_product` of rows; those of zeros, such as behind the token whose gradient is taken, cost nothing.

    Args:
        rows: Shape (rows, inputs).
        weight: Shape (outputs, inputs).
    """
    zero = rows[:, 0] == 0
    if int(zero.count_nonzero()) < len(rows) * FEWEST_ZEROS:
        return _product(rows, weight, None)
    zero[zero.clone()] = ~rows[zero].any(dim=1)
    zero[:FEWEST_ROWS] = False
    [others] = (~zero).nonzero(as_tuple=True)
    return rows.new_zeros(len(rows), len(weight)).index_copy_(0, others, _product(rows[others], weight, None))


def _is_onednn_s(states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> bool:
    """Whether oneDNN's product is torch's: it knows no derivatives, so that those of others would be lost."""
    if torch.compiler.is_compiling() or torch.is_autocast_enabled("cpu") or _transforms():
        return False
    constants = [weight] if bias is None else [weight, bias]
    return (
        all(_is_plain(tensor) for tensor in (states, *constants))
        and not any(tensor.requires_grad for tensor in constants)
        and bool(states.numel())
        and bool(states.dim())
        and states.shape[-1] == weight.shape[1]
    )


def _transforms() -> bool:
    """Whether torch computes a forward-mode derivative or a transform of a function, as of ``torch.func``."""
    level: int = torch.autograd.forward_ad._current_level  # noqa: SLF001 - no other way
    return level >= 0 or torch._C._functorch.peek_interpreter_stack() is not None  # noqa: SLF001 - no other way


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether it is dense float32 of no class of its own, on a CPU."""
    return (
        type(tensor) in {torch.Tensor, nn.Parameter}
        and tensor.dtype == torch.float32
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
    )


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
