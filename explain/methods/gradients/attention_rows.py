"""Causal attention of which many backward passes are one: they share the attention weights.

Torch's own kernel takes one backward pass at a time and computes the weights again in each. Here the weights of a block
of positions are computed once for all passes, whose gradients are rows of the same products. Blocks in which no pass
has a gradient, most of a last layer's, take nothing.

The formulas are those of FlashAttention's backward pass (Dao et al. 2022, arXiv:2205.14135, algorithm 4); a block here
is some positions by all keys that they see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

from audit.engine.local.model.products import pulled_back

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 64
"""Positions whose attention weights are computed together."""


class SharedWeights(TorchFunctionMode):
    """While it lasts, causal attention that is differentiated on a CPU shares its weights among backward passes.

    The forward pass is torch's own, to the last bit.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - any function of torch
        """Whatever torch computes, and attention where its weights can be shared."""
        del types
        given = kwargs or {}
        if func is scaled_dot_product_attention:
            found = _shared(*args, **given)
            if found is not None:
                return found
        return func(*args, **given)


def _shared(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor | None:
    """Attention whose backward passes share its weights; None where it is torch's alone."""
    if not is_causal or attn_mask is not None or dropout_p or not torch.is_grad_enabled():
        return None
    each = (query, key, value)
    if not any(one.requires_grad for one in each) or not all(_fits(one, query) for one in each):
        return None
    groups = key.shape[1]
    if value.shape[1] != groups or query.shape[1] % groups or not (enable_gqa or query.shape[1] == groups):
        return None
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    found: torch.Tensor = _Attention.apply(*each, factor)  # type: ignore[no-untyped-call]
    return found


def _fits(tensor: torch.Tensor, query: torch.Tensor) -> bool:
    """Whether a query, key or value has what the products below need: as many positions, a plain number type."""
    return (
        tensor.dim() == 4
        and tensor.device.type == "cpu"
        and tensor.dtype in {torch.float32, torch.float64}
        and tensor.dtype == query.dtype
        and (tensor.shape[0], tensor.shape[2]) == (query.shape[0], query.shape[2])
    )


class _Attention(torch.autograd.Function):
    """Torch's causal attention, with the backward pass below."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        factor: float,
    ) -> torch.Tensor:
        gqa = query.shape[1] != key.shape[1]
        output = scaled_dot_product_attention(query, key, value, is_causal=True, scale=factor, enable_gqa=gqa)
        ctx.factor = factor
        ctx.save_for_backward(query, key, value, output)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401 - torch's
        query, key, value, output = ctx.saved_tensors
        return (*pulled_back(lambda rows: slopes(rows, query, key, value, output, ctx.factor), gradient), None)


def slopes(
    gradient: torch.Tensor,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    output: torch.Tensor,
    factor: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients by query, key and value, each with a dimension of rows in front.

    Args:
        gradient: By the output, shape (rows, batch, heads, positions, width of values).
        query: Shape (batch, heads, positions, width).
        key: Shape (batch, key heads, positions, width); each is that of as many neighbouring heads.
        value: Shape (batch, key heads, positions, width of values).
        output: Of the attention, shape (batch, heads, positions, width of values).
        factor: Of the inner products.
    """
    rows, positions, wide = len(gradient), query.shape[2], value.shape[3]
    keys, values = key.flatten(0, 1), value.flatten(0, 1)
    groups, width = len(keys), key.shape[3]
    asking = (query * factor).reshape(groups, -1, positions, width)  # groups, heads of each, positions, width
    heads = asking.shape[1]
    given = gradient.reshape(rows, groups, heads, positions, wide).transpose(0, 1)
    own = (given * output.reshape(groups, 1, heads, positions, wide)).sum(dim=-1, keepdim=True)
    by_query = gradient.new_zeros(groups, rows, heads, positions, width)
    by_key = gradient.new_zeros(groups, rows, positions, width)
    by_value = gradient.new_zeros(groups, positions, rows, wide)
    for start in range(0, positions, BLOCK):
        end = min(start + BLOCK, positions)
        size = end - start
        above = given[:, :, :, start:end].reshape(groups, rows, heads * size, wide)
        if not bool(above.any()):
            continue
        asked = asking[:, :, start:end].reshape(groups, heads * size, width)
        scores = torch.bmm(asked, keys[:, :end].mT)
        later = torch.ones(size, size, dtype=torch.bool).triu(1)
        scores.view(groups, heads, size, end)[..., start:].masked_fill_(later, -torch.inf)
        weights = torch.softmax(scores, dim=-1)
        columns = above.transpose(1, 2).reshape(groups, heads * size, rows * wide)
        by_value[:, :end] += torch.bmm(weights.mT, columns).view(groups, end, rows, wide)
        turned = torch.bmm(above.reshape(groups, -1, wide), values[:, :end].mT).view(groups, rows, heads * size, end)
        turned -= own[:, :, :, start:end].reshape(groups, rows, -1, 1)
        turned *= weights[:, None]
        found = torch.bmm(turned.view(groups, -1, end), keys[:, :end])
        by_query[:, :, :, start:end] = found.view(groups, rows, heads, size, width)
        for row in range(rows):
            by_key[:, row, :end] += torch.bmm(turned[:, row].mT, asked)
    by_query *= factor
    return (
        by_query.transpose(0, 1).reshape(rows, *query.shape),
        by_key.transpose(0, 1).reshape(rows, *key.shape),
        by_value.permute(2, 0, 1, 3).reshape(rows, *value.shape),
    )
