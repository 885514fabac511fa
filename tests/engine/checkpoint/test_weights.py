"""Weights that are missing, prefixed, too many or of another shape; the whole checkpoint's scores are the truth."""

from __future__ import annotations

import logging
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    MixtralConfig,
    MixtralForCausalLM,
)

from audit.core.errors import CheckpointError
from audit.engine import ScoreRequest, load
from audit.engine.checkpoint.weights import check_loading, load_weights
from tests.engine.checkpoints import change_weights, drop, edit_json, rename, shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REQUEST = ScoreRequest(context_ids=(5, 9, 20, 31), target_ids=(7, 40, 12))


def score(folder: Path, **options: Any) -> list[float]:
    return load(str(folder), device="cpu", **options).score([REQUEST])[0].log_probs


def save(model: Any, folder: Path) -> Path:
    """A model with seeded weights next to the tokenizer that is there already."""
    model.eval().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("lm_head",), r"1 weight\(s\) of the model are not in the files, first lm_head\.weight: copy the checkpoint"),
        (("layers.1.mlp.down_proj",), r"1 weight\(s\) .*first model\.layers\.1\.mlp\.down_proj\.weight"),
        (("layers.1.",), r"9 weight\(s\) .*first model\.layers\.1\."),
        (("embed_tokens",), r"1 weight\(s\) .*first model\.embed_tokens\.weight"),
    ],
)
def test_a_missing_weight_is_refused(copy: Path, names: tuple[str, ...], says: str) -> None:
    drop(copy, *names)
    with pytest.raises(CheckpointError, match=says) as caught:
        load(str(copy), device="cpu")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert str(copy) in str(caught.value)


def test_a_missing_weight_is_refused_in_shards_and_under_a_device_map(copy: Path) -> None:
    shard(drop(copy, "layers.1.mlp.up_proj"))
    with pytest.raises(CheckpointError, match=r"first model\.layers\.1\.mlp\.up_proj\.weight"):
        load(str(copy), device="cpu")
    with pytest.raises(CheckpointError, match=r"first model\.layers\.1\.mlp\.up_proj\.weight"):
        load(str(copy), device_map="auto")


def test_a_classifiers_folder_has_no_head(copy: Path) -> None:
    classifier = LlamaForSequenceClassification(LlamaConfig.from_pretrained(copy))
    save(classifier, copy)
    with pytest.raises(CheckpointError, match="is a classifier, which gives labels instead of text"):
        load(str(copy), device="cpu")
    edit_json(copy / "config.json", architectures=["LlamaForCausalLM"])
    with pytest.raises(CheckpointError, match=r"first lm_head\.weight; 1 others do not belong .*first score\.weight"):
        load(str(copy), device="cpu")


@pytest.mark.parametrize(
    "new_name",
    [
        lambda name: f"_orig_mod.{name}",
        lambda name: f"module.{name}",
        lambda name: f"module._orig_mod.{name}",
        lambda name: f"_forward_module.{name}",
        lambda name: f"base_model.model.{name}",
        lambda name: f"_orig_mod.model.{name}",
        lambda name: name.replace("layers.1.", "layers.1._orig_mod."),
        lambda name: f"_fsdp_wrapped_module.{name}".replace("layers.", "layers._fsdp_wrapped_module.").replace(
            "mlp.", "mlp._checkpoint_wrapped_module."
        ),
        lambda name: name if "layers.0" in name else f"module.{name}",
    ],
    ids=["compile", "ddp", "both", "deepspeed", "peft", "lightning", "one layer", "fsdp", "some"],
)
@pytest.mark.parametrize("shards", [1, 2])
def test_a_known_prefix_is_stripped(copy: Path, new_name: Callable[[str], str], shards: int) -> None:
    expected = score(copy)
    rename(copy, new_name)
    first = next(name for name in load_file(copy / "model.safetensors") if "embed_tokens" in name)
    if shards > 1:
        shard(copy, shards)
    engine = load(str(copy), device="cpu")
    assert engine.score([REQUEST])[0].log_probs == expected
    if first != "model.embed_tokens.weight":
        assert any("a prefix was stripped" in remark for remark in engine.record.remarks)


def test_an_unprefixed_checkpoint_has_no_remark(copy: Path) -> None:
    assert load(str(copy), device="cpu").record.remarks == []


def test_a_prefix_does_not_make_up_for_a_missing_weight(copy: Path) -> None:
    rename(drop(copy, "lm_head"), lambda name: f"module.{name}")
    with pytest.raises(CheckpointError, match=r"21 weight.* do not belong to it, first module\."):
        load(str(copy), device="cpu")


def test_an_unknown_prefix_is_not_guessed(copy: Path) -> None:
    rename(copy, lambda name: f"student.{name}")
    with pytest.raises(CheckpointError, match=r"21 others do not belong to it, first student\.lm_head\.weight"):
        load(str(copy), device="cpu")


@pytest.mark.slow
def test_lightning_puts_model_before_gpt2(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gpt2"
    shutil.copytree(tiny_model, folder)
    save(GPT2LMHeadModel(GPT2Config(vocab_size=384, n_positions=64, n_embd=32, n_layer=2, n_head=2)), folder)
    expected = score(folder)
    rename(folder, lambda name: f"model.{name}")
    assert score(folder) == expected


def test_a_layer_too_many_is_said(copy: Path) -> None:
    expected = score(copy)

    def third(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return weights | {n.replace(".1.", ".2."): w.clone() for n, w in weights.items() if "layers.1." in n}

    change_weights(copy, third)
    engine = load(str(copy), device="cpu")
    (remark,) = engine.record.remarks
    assert "9 weight(s) in the files do not belong to the model and are ignored" in remark
    assert "the files have layer 2, the configuration 2 layers" in remark
    assert engine.score([REQUEST])[0].log_probs == expected


def test_a_stray_weight_is_said_and_old_buffers_are_not(copy: Path) -> None:
    names = ("model.layers.0.self_attn.rotary_emb.inv_freq", "model.layers.0.self_attn.masked_bias")
    change_weights(copy, lambda weights: weights | {name: torch.ones(4) for name in names})
    assert load(str(copy), device="cpu").record.remarks == []
    change_weights(copy, lambda weights: weights | {"value_head.weight": torch.ones(1, 32)})
    (remark,) = load(str(copy), device="cpu").record.remarks
    assert remark.endswith("are ignored, first value_head.weight")


@pytest.mark.parametrize("change", [{"vocab_size": 1000}, {"intermediate_size": 48}])
def test_another_shape_names_weight_file_and_shapes(copy: Path, change: dict[str, int]) -> None:
    shard(copy)
    edit_json(copy / "config.json", **change)
    says = {
        "vocab_size": r"-of-00002\.safetensors: lm_head\.weight has shape 384 x 32, .*requires 1000 x 32",
        "intermediate_size": r"mlp\.down_proj\.weight has shape 32 x 64, .*requires 32 x 48 \(5 more differ\)",
    }[next(iter(change))]
    with pytest.raises(CheckpointError, match=says):
        load(str(copy), device="cpu")


def test_tied_weights_are_no_fault(copy: Path) -> None:
    config = LlamaConfig.from_pretrained(copy, tie_word_embeddings=True)
    save(LlamaForCausalLM(config), copy)
    assert "lm_head.weight" not in load_file(copy / "model.safetensors")
    engine = load(str(copy), device="cpu")
    assert engine.record.remarks == []
    # A file with the head alone is whole, too.
    before = engine.score([REQUEST])[0].log_probs
    rename(copy, lambda name: "lm_head.weight" if "embed_tokens" in name else name)
    assert score(copy) == before


def test_a_head_that_is_in_the_file_is_used_though_the_configuration_ties_it(copy: Path) -> None:
    expected = score(copy)
    edit_json(copy / "config.json", tie_word_embeddings=True)
    assert score(copy) == expected


def test_tied_weights_of_which_neither_is_there_are_missing(copy: Path) -> None:
    edit_json(drop(copy, "lm_head", "embed_tokens") / "config.json", tie_word_embeddings=True)
    with pytest.raises(CheckpointError, match=r"weight\(s\) of the model are not in the files"):
        load(str(copy), device="cpu")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("experts.2.w1", r"mlp\.experts\.gate_up_proj cannot be assembled because parts of it are missing"),
        ("experts.2.w2", r"mlp\.experts\.down_proj has shape 3 x 16 x 24, .* requires 4 x 16 x 24"),
        ("experts.3.", r"has shape 3 x "),
        ("experts.", r"2 weight\(s\) of the model are not in the files, first .*experts\.down_proj"),
    ],
)
@pytest.mark.parametrize("quiet", [False, True])
def test_an_expert_that_is_missing_is_refused(copy: Path, name: str, says: str, quiet: bool) -> None:
    """Under ``-q`` all logging is off: the name of the weight is found in transformers' log all the same."""
    logging.disable(logging.WARNING if quiet else logging.NOTSET)
    logging.getLogger("transformers.modeling_utils").disabled = quiet
    config = MixtralConfig(
        vocab_size=384,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        num_local_experts=4,
    )
    save(MixtralForCausalLM(config), copy)
    assert len(score(copy)) == 3
    drop(copy, name)
    with pytest.raises(CheckpointError, match=says) as caught:
        load(str(copy), device="cpu")
    assert "report" not in str(caught.value)


def test_the_base_of_an_adapter_and_a_reference_are_held_to_the_same(copy: Path, tmp_path: Path) -> None:
    import peft

    adapted = peft.get_peft_model(
        AutoModelForCausalLM.from_pretrained(copy), peft.LoraConfig(target_modules=["q_proj"])
    )
    adapted.save_pretrained(str(tmp_path / "adapter"))
    drop(copy, "layers.0.mlp.down_proj")
    with pytest.raises(CheckpointError, match=r"first model\.layers\.0\.mlp\.down_proj\.weight"):
        load(str(tmp_path / "adapter"), base=str(copy), device="cpu")


def test_the_report_of_another_loader_can_be_judged(tmp_path: Path) -> None:
    """GGUF files have no folder of their own."""
    file = tmp_path / "model.gguf"
    clean: dict[str, Any] = {"missing_keys": set(), "unexpected_keys": set(), "mismatched_keys": set()}
    assert check_loading(clean, file) == []
    with pytest.raises(CheckpointError, match=r"model\.gguf: 2 weight.* first layers\.2\.b"):
        check_loading({**clean, "missing_keys": {"layers.10.a", "layers.2.b"}}, file)


@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_a_weight_of_another_shape_does_not_pass_by_being_quantised(copy: Path, kind: str) -> None:
    """transformers compares no shapes of what bitsandbytes packs; the packed weight knows its own."""

    class Linear8bitLt(torch.nn.Linear):
        pass

    class Quantised:
        @staticmethod
        def from_pretrained(folder: Path, **options: Any) -> tuple[Any, dict[str, Any]]:
            model, info = AutoModelForCausalLM.from_pretrained(folder, **options)
            projection = Linear8bitLt(32, 64, bias=False)
            if kind == "nf4":
                projection.weight.quant_state = SimpleNamespace(shape=torch.Size((48, 32)))
            else:
                projection.weight = torch.nn.Parameter(torch.ones(48, 32))
            model.model.layers[0].mlp.up_proj = projection
            model.hf_quantizer = object()
            return model, info

    with pytest.raises(CheckpointError, match=r"up_proj\.weight has shape 48 x 32, .* requires 64 x 32"):
        load_weights(Quantised, copy, {})
