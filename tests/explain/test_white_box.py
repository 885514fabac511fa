"""Attention rollout and integrated gradients against formulas written out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.core.errors import ScorerError, WhiteBoxUnavailable
from audit.explain.attribute import prepare
from audit.explain.methods import (
    attention,
    attention_flow,
    attention_rollout,
    gradient_x_attention,
    gradient_x_input,
    gradients,
    integrated_gradients,
    integrated_gradients_mean,
    layer_gradient_x_activation,
)

if TYPE_CHECKING:
    from audit.engine import Engine


TEXT = "Question: which of these is the capital of France? 狗在睡觉。 Answer:"
TARGET = " Paris is"
ATTENTION = [attention, attention_flow, attention_rollout]
GRADIENT = [
    gradient_x_attention,
    gradient_x_input,
    integrated_gradients,
    integrated_gradients_mean,
    layer_gradient_x_activation,
]
WHITE_BOX = [*ATTENTION, *GRADIENT]


def naive_rollout(engine: Engine, prompt: Any) -> np.ndarray:
    """Abnar and Zuidema's equation 1 as products of full matrices in float64."""
    request = prompt.features.request
    ids = [*request.context_ids, *request.target_ids[:-1]]
    engine.model.set_attn_implementation("eager")
    with torch.no_grad():
        layers = engine.model(torch.tensor([ids]), output_attentions=True).attentions
    product = np.eye(len(ids))
    for layer in layers:
        weights = layer[0].double().numpy().mean(axis=0)
        product = (0.5 * weights + 0.5 * np.eye(len(ids))) @ product
    np.testing.assert_allclose(product.sum(axis=1), 1, atol=1e-6)
    mass = product[len(request.context_ids) - 1 :].mean(axis=0)
    shares = np.array([mass[list(owned)].sum() for owned in prompt.features.positions])
    return shares / shares.sum()


def test_rollout_equals_the_formula(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, TARGET, max_features=48)
    tiny.model.set_attn_implementation("sdpa")
    found = attention_rollout.attribute(prompt, seed=0)
    assert tiny.model.config._attn_implementation == "sdpa"
    assert sum(found.values) == pytest.approx(1)
    assert found.evaluations == 1
    try:
        expected = naive_rollout(tiny, prompt)
    finally:
        tiny.model.set_attn_implementation("sdpa")
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


def test_the_attention_is_switched_back_after_an_error(tiny: Engine) -> None:
    before = tiny.model.config._attn_implementation

    def break_down() -> None:
        with attention.eager_attention(tiny.model):
            assert tiny.model.config._attn_implementation == "eager"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_down()
    assert tiny.model.config._attn_implementation == before


def test_a_prompt_whose_attentions_do_not_fit_is_refused(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "ATTENTION_BYTES", 1000)
    with pytest.raises(ScorerError, match="explain a shorter prompt"):
        attention_rollout.attribute(prepare(tiny, TEXT, TARGET, max_features=9), seed=0)


def test_a_checkpoint_that_computes_another_function_while_it_gives_its_attention_is_refused(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sharper(model: Any, tokens: int, **inputs: Any) -> Any:
        output = plain(model, tokens, **inputs)
        output.logits = 2 * output.logits
        return output

    plain = attention.attending
    monkeypatch.setattr(attention, "attending", sharper)
    for module in ATTENTION:
        with pytest.raises(WhiteBoxUnavailable, match="LlamaForCausalLM computes another function while it gives att"):
            module.attribute(prepare(tiny, TEXT, TARGET, max_features=9), seed=0)


@pytest.mark.parametrize("module", WHITE_BOX)
def test_white_box_methods_say_so_when_the_checkpoint_is_not_local(linear: Any, module: Any) -> None:
    with pytest.raises(WhiteBoxUnavailable, match="not local"):
        module.attribute(prepare(linear, TEXT, TARGET, max_features=9), seed=0)


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


def test_integrated_gradients_are_nearly_complete(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, TARGET, max_features=48)
    found = integrated_gradients.attribute(prompt, seed=0)
    difference = prompt.full - found.baseline_value
    assert sum(found.values) == pytest.approx(difference, rel=0.1)


def test_the_neutral_token_is_not_the_padding_token_whose_embedding_is_zero(tiny: Engine) -> None:
    embeddings = tiny.model.get_input_embeddings().weight.detach()
    assert float(embeddings[tiny.tokenizer.pad_token_id].norm()) == 0
    assert float(embeddings[gradients.neutral_token(tiny)].norm()) > 0


def norms_in_float64(model: Any) -> None:
    """Llama's own norm computes in float32 whatever the model's type is."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child).__name__ == "LlamaRMSNorm":
                norm = torch.nn.RMSNorm(len(child.weight), eps=child.variance_epsilon, dtype=torch.float64)
                norm.weight = child.weight
                setattr(module, name, norm)


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gpt_neox"])
def test_gradient_x_input_equals_finite_differences(build: Any, architecture: str) -> None:
    """The derivative of log P by a factor on a feature's embeddings, by central differences in float64."""
    engine = build(architecture, "float64")
    norms_in_float64(engine.model)
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    found = gradient_x_input.attribute(prompt, seed=0)
    [sequence] = gradients.sequences(prompt)
    whole = sequence.embed(sequence.ids)

    def scaled(owned: tuple[int, ...], step: float) -> np.ndarray:
        changed = whole.clone()
        changed[0, list(owned)] *= 1 + step
        with torch.no_grad():
            return sequence.log_probs(changed)[0].numpy()

    expected = [(scaled(p, 1e-5) - scaled(p, -1e-5)) / 2e-5 for p in prompt.features.positions]
    np.testing.assert_allclose(found.matrix, np.array(expected).T, atol=1e-7)
    np.testing.assert_allclose(found.values, np.sum(expected, axis=1), atol=1e-7)


def test_gradient_x_activation_equals_finite_differences(build: Any) -> None:
    """The same with a factor on the states behind the first of two blocks."""
    engine = build("gpt2", "float64")
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    found = layer_gradient_x_activation.attribute(prompt, seed=0)
    [sequence] = gradients.sequences(prompt)

    def scaled(owned: tuple[int, ...], step: float) -> float:
        def hook(module: Any, inputs: Any, output: Any) -> Any:
            changed = (output[0] if isinstance(output, tuple) else output).clone()
            changed[0, list(owned)] *= 1 + step
            return (changed, *output[1:]) if isinstance(output, tuple) else changed

        handle = engine.model.transformer.h[0].register_forward_hook(hook)
        with torch.no_grad():
            value = float(sequence.log_probs(sequence.embed(sequence.ids)).sum())
        handle.remove()
        return value

    expected = [(scaled(p, 1e-5) - scaled(p, -1e-5)) / 2e-5 for p in prompt.features.positions]
    np.testing.assert_allclose(found.values, expected, atol=1e-7)
    assert found.note == "states behind block 1 of 2"


def test_gradient_x_attention_equals_finite_differences(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivative of log P by a factor on the attention that a feature is given, in float64."""
    from transformers.models.gpt2 import modeling_gpt2

    engine = build("gpt2", "float64")
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    found = gradient_x_attention.attribute(prompt, seed=0)
    [sequence] = gradients.sequences(prompt)
    factors = torch.ones(sequence.ids.shape[1], dtype=torch.float64)
    plain = modeling_gpt2.eager_attention_forward

    def changed(module: Any, query: Any, key: Any, value: Any, *rest: Any, **options: Any) -> Any:
        _, weights = plain(module, query, key, value, *rest, **options)
        return ((weights * factors) @ value).transpose(1, 2).contiguous(), weights

    monkeypatch.setattr(modeling_gpt2, "eager_attention_forward", changed)

    def scaled(owned: tuple[int, ...], step: float) -> float:
        factors.fill_(1)[list(owned)] += step
        with torch.no_grad(), attention.eager_attention(engine.model):
            return float(sequence.log_probs(sequence.embed(sequence.ids)).sum())

    expected = [(scaled(p, 1e-5) - scaled(p, -1e-5)) / 2e-5 for p in prompt.features.positions]
    np.testing.assert_allclose(found.values, expected, atol=1e-7)
    assert np.abs(expected).max() > 0.001


@pytest.mark.parametrize("module", [integrated_gradients, integrated_gradients_mean])
def test_integrated_gradients_are_complete_in_a_contrast(tiny: Engine, module: Any) -> None:
    prompt = prepare(tiny, TEXT, TARGET, against=" dog", max_features=12)
    exact = module.attribute(prompt, seed=0)
    alone = [prepare(tiny, TEXT, text, max_features=12).full for text in (TARGET, " dog")]
    assert sum(exact.values) + exact.baseline_value == pytest.approx(alone[0] - alone[1], rel=0.05)


@pytest.mark.parametrize("module", GRADIENT)
def test_gradients_of_a_contrast_are_the_difference(tiny: Engine, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrated_gradients, "STEPS", (20,))  # else each takes as many points as it needs
    contrast = module.attribute(prepare(tiny, TEXT, TARGET, against=" dog", max_features=12), seed=0)
    apart = [module.attribute(prepare(tiny, TEXT, text, max_features=12), seed=0) for text in (TARGET, " dog")]
    np.testing.assert_allclose(contrast.values, apart[0].values - apart[1].values, atol=1e-4)


@pytest.mark.parametrize("module", GRADIENT)
def test_the_matrix_sums_to_what_one_pass_gives(tiny: Engine, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = prepare(tiny, TEXT, " the", against=" dog", max_features=12)
    split = module.attribute(prompt, seed=0)
    monkeypatch.setattr(gradients, "MATRIX_PASSES", 0)
    whole = module.attribute(prompt, seed=0)
    assert whole.matrix is None
    assert whole.evaluations <= (split.evaluations or 0)
    np.testing.assert_allclose(whole.values, split.values, atol=1e-5)


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


def test_the_mean_embedding_is_that_of_what_the_model_looks_up(tiny: Engine) -> None:
    [sequence] = gradients.sequences(prepare(tiny, "one two", " x", max_features=9))
    mean = tiny.model.get_input_embeddings().weight.mean(dim=0)
    rows = integrated_gradients_mean.mean_embedding(sequence, tiny)[0]
    for position in range(rows.shape[0]):
        wanted = mean if position in sequence.owned else sequence.embed(sequence.ids)[0, position]
        torch.testing.assert_close(rows[position], wanted)


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma2", "qwen3", "gpt_neox"])
def test_heads_hold_what_transformers_gives(build: Any, architecture: str) -> None:
    engine = build(architecture)
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    request = prompt.features.request
    engine.model.set_attn_implementation("eager")
    with torch.no_grad():
        ids = torch.tensor([[*request.context_ids, *request.target_ids[:-1]]])
        layers = torch.cat(engine.model(ids, output_attentions=True).attentions).double().numpy()
    predicting = layers[:, :, len(request.context_ids) - 1 :].mean(axis=2)
    expected = np.stack([predicting[..., list(owned)].sum(axis=-1) for owned in prompt.features.positions], axis=-1)
    for module in ATTENTION:
        found = module.attribute(prompt, seed=0)
        assert found.heads.shape == (2, 4, len(prompt.features))
        np.testing.assert_allclose(found.heads, expected, atol=1e-6)
        assert sum(found.values) == pytest.approx(1)
    mean = expected.mean(axis=(0, 1))
    np.testing.assert_allclose(attention.attribute(prompt, seed=0).values, mean / mean.sum(), atol=1e-6)


def test_flow_equals_that_of_networkx() -> None:
    """Abnar and Zuidema's own code takes networkx; here on random attentions, token by token and by pairs."""
    import networkx as nx

    draw = np.random.default_rng(0)
    tokens, layers = 6, np.tril(draw.random((3, 6, 6)))
    layers /= layers.sum(axis=2, keepdims=True)
    graph = nx.DiGraph()
    for index, layer in enumerate(0.5 * layers + 0.5 * np.eye(tokens)):
        for reader, read in zip(*np.nonzero(layer), strict=True):
            graph.add_edge((index, int(read)), (index + 1, int(reader)), capacity=float(layer[reader, read]))
    for sources, first in (([0], 5), ([3], 5), ([5], 5), ([1, 4], 5), ([0, 2], 4)):
        for token in sources:
            graph.add_edge("start", (0, token))  # without a capacity: as much as there is
        for token in range(first, tokens):
            graph.add_edge((3, token), "end")
        expected = nx.maximum_flow_value(graph, "start", "end")
        graph.remove_nodes_from(["start", "end"])
        assert attention_flow.flow(layers, sources, first) == pytest.approx(expected, abs=1e-4)


def test_flow_through_too_many_pipes_is_refused(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention_flow, "PIPES", 1000)
    with pytest.raises(ScorerError, match="takes too long: use attention_rollout"):
        attention_flow.attribute(prepare(tiny, TEXT, TARGET, max_features=9), seed=0)
