"""Integrated gradients against integrals written out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.explain.attribute import prepare
from audit.explain.methods.gradients import gradient_x_input, integrated_gradients, integrated_gradients_mean
from audit.explain.methods.gradients import sequences as gradients
from tests.explain.test_white_box import TARGET, TEXT

if TYPE_CHECKING:
    from audit.engine import Engine


@pytest.mark.slow
def test_integrated_gradients_equal_a_hand_written_integral(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, TARGET, max_features=48)
    found = integrated_gradients.attribute(prompt, seed=0)
    request = prompt.features.request
    ids = torch.tensor([*request.context_ids, *request.target_ids[:-1]])
    baseline = ids.clone()
    baseline[: len(request.context_ids)] = tiny.encode(" ")[0]
    embed = tiny.model.get_input_embeddings()
    start, end = embed(baseline).detach(), embed(ids).detach()
    total = torch.zeros(len(ids))
    points = int(found.note.removesuffix(" points of the integral"))
    assert points in integrated_gradients.STEPS[1:]
    for node, weight in zip(*np.polynomial.legendre.leggauss(points), strict=True):
        at = (start + (node + 1) / 2 * (end - start)).requires_grad_()
        logits = tiny.model(inputs_embeds=at[None]).logits[0, -len(request.target_ids) :]
        value = logits.log_softmax(-1)[range(len(request.target_ids)), list(request.target_ids)].sum()
        (gradient,) = torch.autograd.grad(value, at)
        total += weight / 2 * ((end - start) * gradient).sum(-1)
    expected = [float(total[list(owned)].sum()) for owned in prompt.features.positions]
    np.testing.assert_allclose(found.values, expected, atol=1e-4)
    assert (found.doubt, found.stability >= integrated_gradients.RANKS) == (None, True)


@pytest.mark.slow
def test_integrated_gradients_are_nearly_complete(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, TARGET, max_features=48)
    found = integrated_gradients.attribute(prompt, seed=0)
    difference = prompt.full - found.baseline_value
    assert sum(found.values) == pytest.approx(difference, rel=0.1)


def test_the_neutral_token_is_not_the_padding_token_whose_embedding_is_zero(tiny: Engine) -> None:
    embeddings = tiny.model.get_input_embeddings().weight.detach()
    assert float(embeddings[tiny.tokenizer.pad_token_id].norm()) == 0
    assert float(embeddings[gradients.neutral_token(tiny)].norm()) > 0


class LinearModel(torch.nn.Module):
    """Log P(token 7) is linear in the embeddings of what stands before it; below 0 while those are small."""

    device = torch.device("cpu")
    dtype = torch.float64

    def __init__(self, entries: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(0)
        self.embedding = torch.nn.Embedding(entries, 4).double()
        self.embedding.weight.data = torch.rand(entries, 4, generator=draw, dtype=torch.float64)
        self.factors = torch.randn(200, 4, generator=draw, dtype=torch.float64)

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.embedding

    def forward(
        self, inputs_embeds: torch.Tensor | None = None, input_ids: torch.Tensor | None = None, use_cache: bool = False
    ) -> Any:
        assert use_cache is False
        inputs_embeds = self.embedding(input_ids) if inputs_embeds is None else inputs_embeds
        rows, tokens, _ = inputs_embeds.shape
        value = (inputs_embeds * self.factors[:tokens]).sum(dim=(1, 2)) - 100
        rest = torch.log1p(-value.exp()) - np.log(len(self.embedding.weight) - 1)
        logits = rest[:, None, None].expand(rows, tokens, len(self.embedding.weight)).clone()
        logits[:, -1, 7] = value
        return type("Output", (), {"logits": logits})()


class RoughModel(LinearModel):
    """The same behind a sine of many periods: no few points can follow its slope along a path."""

    def forward(self, **given: Any) -> Any:
        output = super().forward(**given)
        output.logits = torch.sin(output.logits * 4000)
        return output


@pytest.mark.slow
@pytest.mark.parametrize("module", [integrated_gradients, integrated_gradients_mean])
@pytest.mark.parametrize("rough", [False, True])
def test_values_that_change_with_the_number_of_points_are_doubted(linear: Any, module: Any, rough: bool) -> None:
    model = (RoughModel if rough else LinearModel)(len(linear.tokenizer))
    type(linear).model = property(lambda self: model)
    try:
        prompt = prepare(linear, TEXT, "x", max_features=12)
        prompt.continuations = [(7,)]
        prompt.owner, prompt.weights = np.zeros(1, dtype=int), np.ones(1)
        found = module.attribute(prompt, seed=0)
    finally:
        del type(linear).model
    if rough:
        assert "unstable: from 21 to 42 points" in found.doubt
        assert found.evaluations == 20 + 21 + 42
    else:
        assert (found.doubt, found.evaluations) == (None, 20 + 21)
        assert found.stability == pytest.approx(1)


@pytest.mark.parametrize("module", [integrated_gradients, integrated_gradients_mean])
def test_integrated_gradients_of_a_linear_model_are_weight_times_distance(linear: Any, module: Any) -> None:
    """φ = w (x − b); gradient × input is the same from a baseline of zero."""
    model = LinearModel(len(linear.tokenizer))
    type(linear).model = property(lambda self: model)
    try:
        prompt = prepare(linear, TEXT, "x", max_features=12)
        prompt.continuations = [(7,)]
        prompt.owner, prompt.weights = np.zeros(1, dtype=int), np.ones(1)
        found, plain = module.attribute(prompt, seed=0), gradient_x_input.attribute(prompt, seed=0)
    finally:
        del type(linear).model
    entries = model.embedding.weight.detach()
    start = entries[linear.encode(" ")[0]] if module is integrated_gradients else entries.mean(dim=0)
    ids = prompt.features.request.context_ids
    for baseline, values in ((start, found.values), (torch.zeros(4), plain.values)):
        expected = [
            sum(float(model.factors[p] @ (entries[ids[p]] - baseline)) for p in owned)
            for owned in prompt.features.positions
        ]
        np.testing.assert_allclose(values, expected, atol=1e-6)
