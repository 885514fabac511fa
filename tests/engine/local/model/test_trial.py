"""The trial: what it refuses, what it does not share, and that it leaves the model as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoTokenizer

from audit.core.errors import CheckpointError
from audit.engine import load
from audit.engine.local.model import forward as forward_module
from audit.engine.local.model import trial as trial_module
from audit.engine.local.model.precision import in_float32
from audit.engine.local.model.trial import tried_forward
from audit.engine.local.plan.architecture import longest_in_company, narrowed, values_of, windows_of
from audit.engine.local.plan.cost import Cost, shape_of
from tests.engine.every_type import check_scores, check_texts, plain_log_probs, requests
from tests.engine.tiny_types import WINDOW, configuration, random_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

CPU = torch.device("cpu")
MIXTURES = ("ernie4_5_moe", "qwen3_moe", "mixtral")


@pytest.fixture
def loaded(tiny_model: Path, tmp_path: Path) -> Callable[..., TransformersEngine]:
    """Save a tiny model and load it as users do."""

    def loaded(kind: str, dtype: Any = "float32", **overrides: Any) -> TransformersEngine:
        random_model(configuration(kind, **overrides)).save_pretrained(tmp_path)
        AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
        engine: Any = load(str(tmp_path), device="cpu", dtype=dtype)
        return engine

    return loaded


@pytest.mark.parametrize("kind", ["gemma4_text", "gemma4", "gemma4_unified_text", "gemma3"])
def test_sizes_that_differ_by_layer_are_no_crash(kind: str, loaded: Any) -> None:
    engine = loaded(kind)
    assert engine._forward.shares
    check_scores(engine, requests())
    assert check_texts(engine)


def test_sizes_are_the_largest_of_any_layer() -> None:
    config = configuration("gemma4_text")  # heads of 8 where the window slides, of 512 where it does not
    assert values_of(config, "head_dim") == [8, 512]
    assert shape_of(random_model(config)).head == 512


def test_a_window_that_differs_by_layer_is_not_shared(loaded: Any) -> None:
    # Such a Mistral loads, and transformers refuses to run it: one line, and no crash of ours.
    layers = {"0": {"sliding_window": 8}, "1": {"sliding_window": None}}
    assert windows_of(configuration("mistral", per_layer_config=layers)) == {}
    with pytest.raises(CheckpointError, match="a forward pass of 58 tokens failed"):
        loaded("mistral", per_layer_config=layers)


@pytest.mark.parametrize(
    ("kind", "overrides"),
    [
        ("xlnet", {}),
        ("xlm", {}),
        ("cpmant", {}),
        ("gemma4_text", {"use_bidirectional_attention": "all"}),
        ("gemma3_text", {"use_bidirectional_attention": True}),
    ],
)
def test_what_sees_what_follows_is_refused(kind: str, overrides: dict[str, Any], loaded: Any) -> None:
    with pytest.raises(CheckpointError, match=r"each position sees what follows.*cannot be audited") as caught:
        loaded(kind, **overrides)
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match="each position sees what follows"):
        tried_forward(random_model(configuration(kind, **overrides)).bfloat16(), CPU, 2)


def test_a_model_that_computes_nothing_is_refused_in_one_line(loaded: Any) -> None:
    model = loaded("llama").model
    model.forward = broken
    with pytest.raises(CheckpointError, match=r"LlamaForCausalLM: a forward pass .*no kernel image") as caught:
        tried_forward(model, CPU, 2)
    assert "\n" not in str(caught.value)


def broken(**_: Any) -> Any:
    """A forward pass on a device that the build does not know."""
    msg = "CUDA error: no kernel image is available\nCompile with TORCH_USE_CUDA_DSA"
    raise RuntimeError(msg)


def test_a_window_that_the_masks_ignore_is_not_believed(loaded: Any) -> None:
    engine = loaded("moshi")
    assert max(len(r.context_ids) + len(r.target_ids) for r in requests()) > WINDOW + 16
    assert "packed rows" in engine._forward.why_not
    check_scores(engine, requests())


@pytest.mark.parametrize("kind", ["mistral", "gemma2", "gemma3_text", "cohere2", "gpt_oss", "modernbert-decoder"])
def test_windows_are_seen_by_a_short_trial(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks without the window: unlike the model's own, which only sequences longer than it can show."""
    model = random_model(configuration(kind))
    assert tried_forward(model, CPU, 2).shares
    monkeypatch.setattr(forward_module, "windows_of", without_windows)
    assert tried_forward(model, CPU, 2).why_not == "packed rows gave other log-probabilities in a trial"


def without_windows(config: Any) -> dict[str, int | None]:
    """The layer types of a configuration, as if none had a window."""
    return dict.fromkeys(windows_of(config))


def test_narrow_windows_are_put_back() -> None:
    config = configuration("mistral")
    with narrowed(config, 16):
        assert (config.sliding_window, windows_of(config)) == (16, {"full_attention": 16})
    assert config.sliding_window == WINDOW
    with pytest.raises(KeyError), narrowed(config, 16):
        raise KeyError
    assert config.sliding_window == WINDOW


@pytest.mark.parametrize("kind", ["plbart", "roformer", "gpt_neo", "bloom"])
def test_sixteen_bits_share_nothing_that_float32_does_not(kind: str) -> None:
    forward = tried_forward(random_model(configuration(kind)).bfloat16(), CPU, 2)
    assert not forward.shares
    assert not forward.decodes


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", MIXTURES)
def test_experts_are_no_lottery_in_sixteen_bits(kind: str, seed: int) -> None:
    forward = tried_forward(random_model(configuration(kind), seed=seed).bfloat16(), CPU, 2)
    assert (forward.shares, forward.decodes, forward.why_not) == (True, True, "")


@pytest.mark.parametrize(("kind", "shares"), [("llama", True), ("qwen3_moe", True), ("bloom", False), ("bart", False)])
def test_packed_weights_are_compared_with_their_own_rounding(kind: str, shares: bool) -> None:
    model = random_model(configuration(kind)).bfloat16()
    model.hf_quantizer = object()  # its weights cannot be widened
    with in_float32(model) as exact:
        assert not exact
    assert tried_forward(model, CPU, 2).shares is shares


def test_float32_is_for_a_while_and_leaves_the_weights_alone() -> None:
    model = random_model(configuration("gemma4_text")).bfloat16()
    before = {name: (tensor.data_ptr(), tensor.clone()) for name, tensor in model.state_dict().items()}
    seen = []
    handle = model.model.layers[1].mlp.register_forward_hook(lambda module, *_: seen.append(module.up_proj.weight))
    ids = torch.arange(3, 40)[None]
    with in_float32(model) as exact, torch.inference_mode():
        assert exact
        assert {p.dtype for p in model.model.layers[1].parameters()} == {torch.bfloat16}  # until it runs
        handle.remove()
        model.model.layers[1].mlp.register_forward_hook(lambda module, *_: seen.append(module.up_proj.weight.dtype))
        wide = model(input_ids=ids).logits
    assert seen == [torch.float32]
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == torch.bfloat16
        assert tensor.data_ptr() == before[name][0]
        assert torch.equal(tensor, before[name][1])
    model(input_ids=ids).logits.float().sum().backward()
    assert model.model.layers[1].mlp.up_proj.weight.grad.dtype == torch.bfloat16
    with torch.no_grad():
        expected = model.float()(input_ids=ids).logits
    assert torch.allclose(wide, expected, atol=1e-5)


def test_sparse_attention_is_computed_alone_beyond_what_it_selects() -> None:
    assert longest_in_company(configuration("deepseek_v32", index_topk=70)) == 70
    assert longest_in_company(configuration("llama")) is None


def test_where_padding_changes_scores_each_sequence_is_a_pass(loaded: Any) -> None:
    engine = loaded("prophetnet")
    forward = engine._forward
    assert forward.alone == 0
    rows = []
    tiles = forward.tiles
    forward.tiles = lambda work, *rest: rows.append(len(work.rows)) or tiles(work, *rest)
    check_scores(engine, requests()[:8])
    assert set(rows) == {1}


@pytest.mark.parametrize(("kind", "together"), [("llama", True), ("mamba", True), ("roformer", False), ("rwkv", False)])
def test_where_padding_changes_texts_each_prompt_is_a_batch(
    kind: str,
    together: bool,
    loaded: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = loaded(kind)
    engine._forward.decodes = False
    assert engine._generator.generates.prompts
    rows = []
    batches = engine._generator.batches
    compute = type(batches).compute
    monkeypatch.setattr(type(batches), "compute", lambda self, asked: rows.append(len(asked)) or compute(self, asked))
    assert check_texts(engine)
    assert (max(rows) > 1) is together


def test_texts_of_a_generate_that_errs_are_errors(loaded: Any) -> None:
    # transformers' generate gives RoBERTa positions from 0; its forward pass counts from behind the padding index.
    engine = loaded("roberta", is_decoder=True)
    assert not engine._generator.generates.prompts
    assert not check_texts(engine)
    check_scores(engine, requests())


def test_rows_are_no_wider_than_the_context(loaded: Any) -> None:
    # BigBird raises on wider rows, whatever the positions in them. This cost makes every row as wide as it may be.
    engine = loaded("big_bird", max_position_embeddings=224)
    engine._forward.cost = Cost(token=1e9, pair=1.0, copy=1e9, call=1e9)
    expected = [plain_log_probs(engine.model, request) for request in requests()]
    for score, wanted in zip(engine.score(requests()), expected, strict=True):
        assert score.log_probs == pytest.approx(wanted, abs=1e-4)


def test_a_trial_that_fails_in_float32_believes_nothing_in_company(
    loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounding would hide what float32 was to show: a model that cannot be tried in it is computed alone."""
    begin = trial_module._Trial.__init__

    def failing(trial: Any, make: Any, *, exact: bool) -> None:
        if exact:
            raise CheckpointError("its code computes in 16 bits")
        begin(trial, make, exact=exact)

    assert loaded("llama", "bfloat16")._forward.shares
    monkeypatch.setattr(trial_module._Trial, "__init__", failing)
    forward = loaded("llama", "bfloat16")._forward
    assert (forward.shares, forward.decodes, forward.alone) == (False, False, 0)
    assert forward.why_not == "it could not be tried in float32"
