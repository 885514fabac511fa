"""Attention that shares its weights among backward passes against torch's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention, softmax

from audit.explain.attribute import prepare
from audit.explain.methods.gradients import attention_rows, gradient_x_input
from audit.explain.methods.gradients.attention_rows import SharedWeights
from audit.explain.methods.gradients.sequences import sequences

if TYPE_CHECKING:
    from audit.engine import Engine

POSITIONS = 37


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks, of which the last one is not full."""
    monkeypatch.setattr(attention_rows, "BLOCK", 16)


def drawn(heads: int = 6, groups: int = 2, batch: int = 1, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    """Query, key and value; values of another width than keys."""
    torch.manual_seed(heads * groups + batch)
    shapes = [(heads, 8), (groups, 8), (groups, 5)]
    return [torch.randn(batch, count, POSITIONS, width, dtype=dtype, requires_grad=True) for count, width in shapes]


def by_formula(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, factor: float) -> torch.Tensor:
    """Causal attention as it is defined."""
    shared = query.shape[1] // key.shape[1]
    keys, values = key.repeat_interleave(shared, dim=1), value.repeat_interleave(shared, dim=1)
    scores = query @ keys.mT * factor
    later = torch.ones(POSITIONS, POSITIONS, dtype=torch.bool).triu(1)
    return softmax(scores.masked_fill(later, -torch.inf), dim=-1) @ values


def attended(each: list[torch.Tensor], **given: Any) -> torch.Tensor:
    with SharedWeights():
        return scaled_dot_product_attention(*each, **{"is_causal": True, "enable_gqa": True, **given})


def is_shared(output: torch.Tensor) -> bool:
    return type(output.grad_fn).__name__ == "_AttentionBackward"


@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize(("heads", "groups", "batch"), [(6, 2, 1), (4, 4, 1), (6, 1, 2)])
def test_slopes_are_those_of_the_formula(heads: int, groups: int, batch: int, scale: float | None) -> None:
    each = drawn(heads, groups, batch)
    output = attended(each, scale=scale)
    assert is_shared(output)
    expected = by_formula(*each, 8**-0.5 if scale is None else scale)
    torch.testing.assert_close(output, expected)
    rows = torch.randn(3, *output.shape, dtype=output.dtype)
    rows[:, :, :, :18] = 0  # nothing in the first block
    rows[1] = 0
    alone = [torch.autograd.grad(output, each, row, retain_graph=True) for row in rows]
    together = torch.autograd.grad(output, each, rows, retain_graph=True, is_grads_batched=True)
    wanted = [torch.autograd.grad(expected, each, row, retain_graph=True) for row in rows]
    for number, one in enumerate(wanted):
        torch.testing.assert_close(alone[number], one)
        torch.testing.assert_close(tuple(part[number] for part in together), one)


def test_the_forward_pass_is_torch_s() -> None:
    each = drawn(dtype=torch.float32)
    assert torch.equal(attended(each), scaled_dot_product_attention(*each, is_causal=True, enable_gqa=True))


def test_what_it_does_not_know_is_torch_s() -> None:
    each = drawn(6, 6)
    query, key, value = each
    mask = torch.zeros(POSITIONS, POSITIONS, dtype=query.dtype)
    assert is_shared(attended(each, enable_gqa=False))
    assert not is_shared(attended(each, is_causal=False))
    assert not is_shared(attended(each, is_causal=False, attn_mask=mask))
    assert not is_shared(attended(each, dropout_p=0.5))
    assert not is_shared(attended([one.detach() for one in each]))
    assert not is_shared(attended([one.bfloat16() for one in each]))
    assert not is_shared(attended([query, key[:, :, :5], value[:, :, :5]]))
    assert not is_shared(attended([query[0], key[0], value[0]]))
    with torch.no_grad():
        assert not is_shared(attended(each))
    with pytest.raises(RuntimeError, match="match"):
        attended(drawn(6, 2), enable_gqa=False)
    assert not is_shared(scaled_dot_product_attention(query, key, value, is_causal=True))


@pytest.mark.slow
def test_gradients_of_a_checkpoint_take_it(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each layer, whatever the number of output tokens."""
    [sequence] = sequences(prepare(tiny, "The capital of France is", " Paris, of course", max_features=12))
    model: Any = tiny.model
    made, calls = attention_rows.slopes, []
    monkeypatch.setattr(attention_rows, "slopes", lambda *given: calls.append(len(given[0])) or made(*given))
    count = len(sequence.target)
    found = gradient_x_input.pull(sequence, torch.eye(count))
    assert calls == [count] * model.config.num_hidden_layers
    monkeypatch.setattr(attention_rows, "_shared", lambda *_given, **_named: None)
    torch.testing.assert_close(found, gradient_x_input.pull(sequence, torch.eye(count)), atol=1e-4, rtol=1e-4)
    assert len(calls) == model.config.num_hidden_layers
