"""One forward pass for all output tokens gives the gradients of one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.explain.attribute import prepare
from audit.explain.methods.attention.attention import attending
from audit.explain.methods.gradients import gradient_x_attention, gradient_x_input
from audit.explain.methods.gradients.sequences import MATRIX_PASSES, Sequence, sequences

if TYPE_CHECKING:
    from audit.engine import Engine

TEXT, TARGET = "Question: which of these is the capital of France? Answer:", " Paris is the capital"


def one_by_one(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
    """Gradient × input of one weighted sum, with a forward pass of its own."""
    embeddings = sequence.embed(sequence.ids).requires_grad_()
    value = sequence.log_probs(embeddings)[0].mul(weights).sum()
    (gradient,) = torch.autograd.grad(value, embeddings)
    return (gradient * embeddings.detach())[0].sum(dim=-1)


def attention_one_by_one(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
    embeddings = sequence.embed(sequence.ids).requires_grad_()
    output = attending(sequence.model, embeddings.shape[1], inputs_embeds=embeddings)
    value = sequence.chosen(output.logits)[0].mul(weights).sum()
    gradients = torch.autograd.grad(value, output.attentions)
    return sum((a * g)[0].detach().double().sum(dim=(0, 1)) for a, g in zip(output.attentions, gradients, strict=True))  # type: ignore[return-value]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "alone"), [(gradient_x_input, one_by_one), (gradient_x_attention, attention_one_by_one)]
)
def test_the_rows_are_those_of_a_pass_for_each(tiny: Engine, module: Any, alone: Any) -> None:
    """To the last bit where attention is not of shared weights."""
    (sequence,) = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    count = len(sequence.target)
    assert count > 3
    draw = torch.Generator().manual_seed(0)
    for weights in (torch.eye(count), torch.ones(1, count)):
        found = module.pull(sequence, weights)
        expected = torch.stack([alone(sequence, row) for row in weights])
        assert torch.allclose(found, expected, atol=0 if module is gradient_x_attention else 1e-4, rtol=0)
    weights = torch.randn(3, count, generator=draw)
    expected = torch.stack([alone(sequence, row) for row in weights])
    assert torch.allclose(module.pull(sequence, weights), expected, atol=1e-4)


@pytest.mark.parametrize(("module", "checks", "again"), [(gradient_x_input, 0, 0), (gradient_x_attention, 3, 1)])
@pytest.mark.parametrize("matrix", [True, False])
def test_each_sequence_goes_forward_once(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch, module: Any, checks: int, again: int, matrix: bool
) -> None:
    """And of attention one more per sequence, which compares embeddings with ids, and one that looks for attention."""
    prompt = prepare(tiny, TEXT, TARGET, against=" the lazy dog", max_features=12)
    monkeypatch.setattr("audit.explain.methods.gradients.sequences.MATRIX_PASSES", MATRIX_PASSES if matrix else 0)
    forward, calls = tiny.model.forward, []
    monkeypatch.setattr(tiny.model, "forward", lambda *args, **kwargs: calls.append(1) or forward(*args, **kwargs))
    backward, rows = torch.autograd.grad, []
    monkeypatch.setattr(
        torch.autograd, "grad", lambda *args, **kwargs: rows.append(args[2:]) or backward(*args, **kwargs)
    )
    found = module.attribute(prompt, seed=0)
    assert len(calls) == 2 + checks
    calls.clear()
    module.attribute(prompt, seed=0)
    assert len(calls) == 2 + again  # the prompt was compared before
    assert (found.matrix is not None) == matrix
    sizes = [len(ids) for ids in prompt.continuations]
    batches = [len(given[0]) if matrix else given[0].numel() for given in rows if given]
    assert batches == 2 * sizes  # one batch of backward passes for each, besides those through the head alone


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of each batch of backward passes, 1 for a pass of one row."""
    grad, seen = torch.autograd.grad, []

    def counted(outputs: Any, inputs: Any, rows: torch.Tensor | None = None, **given: Any) -> Any:
        if rows is not None:  # else through the head alone
            seen.append(len(rows) if given.get("is_grads_batched") else 1)
        return grad(outputs, inputs, rows, **given)

    monkeypatch.setattr(torch.autograd, "grad", counted)
    return seen


def test_batches_of_backward_passes_fit_into_memory(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch, batches: list[int]
) -> None:
    (sequence,) = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    weights = torch.eye(len(sequence.target))
    whole = gradient_x_input.pull(sequence, weights)
    assert batches == [len(weights)]
    width = tiny.model.get_input_embeddings().weight.shape[1]
    tokens = sequence.ids.shape[1]
    numbers = 32 * tokens * width + tokens * width
    for room, expected in ((3 * 4 * numbers, [3, 3, 1]), (1, [1] * 7)):
        batches.clear()
        monkeypatch.setattr("audit.explain.methods.gradients.sequences.BATCHED_BYTES", room)
        assert torch.allclose(gradient_x_input.pull(sequence, weights), whole, atol=1e-4)
        assert batches == expected


def test_what_cannot_be_batched_is_taken_row_by_row(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    (sequence,) = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    weights = torch.eye(len(sequence.target))
    whole = gradient_x_input.pull(sequence, weights)
    grad, alone = torch.autograd.grad, []

    def refusing(*given: Any, is_grads_batched: bool = False, **named: Any) -> Any:
        if is_grads_batched:
            raise RuntimeError("Batching rule not implemented")
        alone.extend(given[2:])
        return grad(*given, **named)

    monkeypatch.setattr(torch.autograd, "grad", refusing)
    assert torch.allclose(gradient_x_input.pull(sequence, weights), whole, atol=1e-4)
    assert len(alone) == len(weights)


def test_logits_of_the_prompt_are_computed_only_where_they_must_be(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sequence,) = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    count, tokens = len(sequence.target), sequence.ids.shape[1]
    head, places = tiny.model.get_output_embeddings(), []
    hook = head.register_forward_hook(lambda _head, given, _out: places.append(given[0].shape[1]))
    kept = sequence.log_probs_of_ids()
    forward = tiny.model.forward
    monkeypatch.setattr(tiny.model, "forward", lambda **given: forward(**given))  # noqa: PLW0108 - a signature without the argument
    assert torch.allclose(sequence.log_probs_of_ids(), kept, atol=1e-6)
    hook.remove()
    assert places == [count, tokens]


def test_weights_keep_no_gradient(tiny: Engine) -> None:
    gradient_x_input.attribute(prepare(tiny, TEXT, TARGET, max_features=12), seed=0)
    assert all(not weight.requires_grad and weight.grad is None for weight in tiny.model.parameters())


def test_options_of_one_token_are_one_sequence(tiny: Engine) -> None:
    """The letters behind a question: one forward pass, and the values of each letter explained alone."""
    options = [" a", " t", " of"]
    prompt = prepare(tiny, TEXT, " a", options=options, max_features=12)
    assert [len(ids) for ids in prompt.continuations] == [1, 1, 1]
    [sequence] = sequences(prompt)
    assert sequence.outputs == (0, 1, 2)
    assert sequence.wide == 1
    found = gradient_x_input.attribute(prompt, seed=0).matrix
    assert found is not None
    for index, option in enumerate([prompt.target, *prompt.alternatives]):
        alone = gradient_x_input.attribute(prepare(tiny, TEXT, option, max_features=12), seed=0)
        np.testing.assert_allclose(found[index], alone.values, atol=1e-4)


def test_tokens_that_options_share_are_explained_for_each(tiny: Engine) -> None:
    """Options that differ in their last token are one sequence; the others come between them in the matrix."""
    prompt = prepare(tiny, TEXT, " the a", options=[" the a", " and", " the b"], max_features=12)
    each = sequences(prompt)
    assert [sequence.outputs for sequence in each] in ([(0, 1, 2, 3), (4, 5)], [(0, 1, 4, 5), (2, 3)])
    assert sorted(output for sequence in each for output in sequence.outputs) == list(range(len(prompt.owner)))
    known = prompt.token_log_probs(present=True)
    for sequence in each:
        found = sequence.log_probs(sequence.embed(sequence.ids))[0]
        assert np.allclose(found.numpy(), known[list(sequence.outputs)], atol=1e-4)
    matrix = gradient_x_input.attribute(prompt, seed=0).matrix
    assert matrix is not None
    for index, option in enumerate([prompt.target, *prompt.alternatives]):
        alone = gradient_x_input.attribute(prepare(tiny, TEXT, option, max_features=12), seed=0).matrix
        np.testing.assert_allclose(matrix[prompt.owner == index], alone, atol=1e-4)
