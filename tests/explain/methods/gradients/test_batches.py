"""Many backward passes as one batch give what each gives alone, within memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.explain.attribute import prepare
from audit.explain.methods.gradients import batches, gradient_x_input
from audit.explain.methods.gradients.batches import gradients
from audit.explain.methods.gradients.sequences import sequences

if TYPE_CHECKING:
    from audit.engine import Engine

TEXT, TARGET = "Question: which of these is the capital of France? Answer:", " Paris is the capital"


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of each batch of backward passes, 1 for a pass of one row."""
    grad, vmap, seen = torch.autograd.grad, torch.vmap, []

    def alone(outputs: Any, inputs: Any, row: torch.Tensor | None = None, **given: Any) -> Any:
        if row is not None:  # else through the head alone
            seen.append(1)
        return grad(outputs, inputs, row, **given)

    def together(pull: Any) -> Any:
        def batched(rows: torch.Tensor) -> Any:
            found = vmap(pull)(rows)
            seen[-1] = len(rows)
            return found

        return batched

    monkeypatch.setattr(torch.autograd, "grad", alone)
    monkeypatch.setattr(torch, "vmap", together)
    return seen


def test_batches_of_backward_passes_fit_into_memory(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch, taken: list[int]
) -> None:
    (sequence,) = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    weights = torch.eye(len(sequence.target))
    whole = gradient_x_input.pull(sequence, weights)
    assert taken == [len(weights)]
    width = tiny.model.get_input_embeddings().weight.shape[1]
    tokens = sequence.ids.shape[1]
    numbers = 32 * tokens * width + tokens * width
    for room, expected in ((3 * 4 * numbers, [3, 3, 1]), (1, [1] * 7)):
        taken.clear()
        monkeypatch.setattr(batches, "BATCHED_BYTES", room)
        assert torch.allclose(gradient_x_input.pull(sequence, weights), whole, atol=1e-4)
        assert taken == expected


def test_what_cannot_be_batched_is_taken_row_by_row(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch, taken: list[int]
) -> None:
    (sequence,) = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    weights = torch.eye(len(sequence.target))
    whole = gradient_x_input.pull(sequence, weights)

    def refusing(_pull: Any) -> Any:
        raise RuntimeError("Batching rule not implemented")

    taken.clear()
    monkeypatch.setattr(torch, "vmap", refusing)
    assert torch.allclose(gradient_x_input.pull(sequence, weights), whole, atol=1e-4)
    assert taken == [1] * len(weights)


def test_what_the_graph_does_not_hold_has_no_gradient(tiny: Engine) -> None:
    (sequence,) = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    held, other = torch.randn(4, requires_grad=True), torch.randn(2, requires_grad=True)
    outputs = held**2
    rows = torch.eye(4)
    found = list(gradients(sequence, outputs, rows, [other, held]))
    assert [one for one, _ in found] == [None] * 4
    assert torch.equal(torch.stack([one for _, one in found]), rows * 2 * held.detach())


def test_what_has_no_rule_is_taken_one_by_one_without_a_warning(tiny: Engine) -> None:
    """Torch's own backward pass of attention has none."""
    (sequence,) = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    each = [torch.randn(1, 2, 5, 8, requires_grad=True) for _ in range(3)]
    outputs = torch.nn.functional.scaled_dot_product_attention(*each, is_causal=True)
    rows = torch.randn(3, *outputs.shape)
    found = list(gradients(sequence, outputs, rows, each))
    for row, one in zip(rows, found, strict=True):
        for slope, alone in zip(one, torch.autograd.grad(outputs, each, row, retain_graph=True), strict=True):
            assert torch.equal(slope, alone)
