"""Adapters that added tokens, or cannot be merged; peft's own forward pass is the truth."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING, Any

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from audit.core.errors import CheckpointError
from audit.engine import ScoreRequest, load
from tests.engine.checkpoints import edit_json

if TYPE_CHECKING:
    from pathlib import Path

NEW = 384
"""First id beyond the base's embeddings."""
PLAIN = [ScoreRequest((5, 9, 20, 31), (7, 40, 12)), ScoreRequest((11,), (6,))]
WITH_NEW = [ScoreRequest((5, NEW, 20, 31), (7, NEW + 1, 12)), ScoreRequest((NEW + 1,), (6, NEW))]


@pytest.fixture(params=[False, True], ids=["own head", "tied"])
def base(tiny_model: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "base"
    shutil.copytree(tiny_model, folder)
    if request.param:
        LlamaForCausalLM(LlamaConfig.from_pretrained(folder, tie_word_embeddings=True)).save_pretrained(folder)
    return folder


def adapt(base: Path, folder: Path, *, added: int, **options: Any) -> tuple[Path, Any]:
    """An adapter as fine-tuning with new tokens saves it, and the model that was trained."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    if added:
        tokenizer = AutoTokenizer.from_pretrained(base)
        tokenizer.add_special_tokens({"extra_special_tokens": [f"<new{number}>" for number in range(added)]})
        tokenizer.save_pretrained(folder)
        model.resize_token_embeddings(NEW + added)
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft explains what it saves
        torch.manual_seed(1)
        config = peft.LoraConfig(r=4, lora_alpha=8, **{"target_modules": ["q_proj", "v_proj"], **options})
        trained = peft.get_peft_model(model, config)
        for weight in trained.parameters():
            if weight.requires_grad:
                weight.data += 0.1 * torch.randn_like(weight)
        trained.save_pretrained(str(folder))
    return folder, trained.eval()


def truth(trained: Any, requests: list[ScoreRequest]) -> list[float]:
    """Log-probabilities by one plain pass of the trained model for each request, nothing merged."""
    found = []
    for request in requests:
        whole = torch.tensor([[*request.context_ids, *request.target_ids]])
        with torch.no_grad():
            log_probs = torch.log_softmax(trained(input_ids=whole).logits[0].double(), dim=-1)
        start = len(request.context_ids) - 1
        found += [float(log_probs[start + i, token]) for i, token in enumerate(request.target_ids)]
    return found


def audited(folder: Path, requests: list[ScoreRequest]) -> list[float]:
    return [value for score in load(str(folder), device="cpu").score(requests) for value in score.log_probs]


ADDED: dict[str, dict[str, Any]] = {
    "both in modules_to_save": {"modules_to_save": ["embed_tokens", "lm_head"]},
    "embeddings in modules_to_save": {"modules_to_save": ["embed_tokens"]},
    "saved embedding layers": {},
    "trainable tokens": {"trainable_token_indices": [NEW, NEW + 1]},
}


@pytest.mark.slow
@pytest.mark.parametrize("options", ADDED.values(), ids=ADDED)
def test_an_adapter_that_added_tokens_scores_as_in_peft(base: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    folder, trained = adapt(base, tmp_path / "adapter", added=2, **options)
    assert audited(folder, [*WITH_NEW, *PLAIN]) == pytest.approx(truth(trained, [*WITH_NEW, *PLAIN]), abs=1e-5)
    record = load(str(folder), device="cpu").record
    assert record.remarks == ["the base's 384 embeddings were resized to the adapter's 386"]


NOT_MERGED: dict[str, dict[str, Any]] = {
    "bias of LoRA": {"lora_bias": True},
    "embeddings adapted": {"target_modules": ["q_proj", "embed_tokens"]},
    "head adapted": {"target_modules": ["q_proj", "lm_head"]},
    "trainable tokens": {"trainable_token_indices": [5, 40]},
    "embeddings trained whole": {"modules_to_save": ["embed_tokens"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("options", NOT_MERGED.values(), ids=NOT_MERGED)
def test_what_a_merge_would_change_scores_as_in_peft(base: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    folder, trained = adapt(base, tmp_path / "adapter", added=0, **options)
    assert audited(folder, PLAIN) == pytest.approx(truth(trained, PLAIN), abs=1e-5)


@pytest.mark.slow
def test_a_padded_vocabulary_is_taken_from_the_adapter_s_rows(base: Path, tmp_path: Path) -> None:
    """lm-eval would resize to the tokenizer's length, which these weights do not fit."""
    folder, trained = adapt(base, tmp_path / "adapter", added=64)
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_special_tokens({"extra_special_tokens": ["<new0>"]})
    tokenizer.save_pretrained(folder)
    assert audited(folder, WITH_NEW) == pytest.approx(truth(trained, WITH_NEW), abs=1e-5)


def without(folder: Path, *parts: str) -> Path:
    """An adapter's folder without the weights whose names contain one of these."""
    file = folder / "adapter_model.safetensors"
    weights = load_file(file)
    save_file({name: w for name, w in weights.items() if not any(part in name for part in parts)}, file)
    return folder


@pytest.mark.parametrize(
    ("options", "lost"),
    [
        ({"trainable_token_indices": [NEW, NEW + 2]}, ("base_layer", "lm_head")),
        ({"modules_to_save": ["embed_tokens"]}, ("lm_head", "original_module")),
    ],
)
def test_new_tokens_without_all_of_their_weights_are_refused(
    base: Path, tmp_path: Path, options: dict[str, Any], lost: tuple[str, ...]
) -> None:
    folder, _ = adapt(base, tmp_path / "adapter", added=3, **options)
    with pytest.raises(CheckpointError, match=r"adds 3 tokens but lacks some of their weights: save it with"):
        load(str(without(folder, *lost)), device="cpu")


def test_a_weight_that_is_not_in_the_file_is_named(base: Path, tmp_path: Path) -> None:
    folder, _ = adapt(base, tmp_path / "adapter", added=2, modules_to_save=["embed_tokens", "lm_head"])
    with pytest.raises(CheckpointError, match=r"lacks the weight '.*lm_head"):
        load(str(without(folder, "lm_head")), device="cpu")


@pytest.mark.slow
def test_trained_tokens_are_enough_where_they_are_all_that_is_new(tiny_model: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny_model, base)
    LlamaForCausalLM(LlamaConfig.from_pretrained(base, tie_word_embeddings=True)).save_pretrained(base)
    folder, trained = adapt(base, tmp_path / "adapter", added=2, trainable_token_indices=[NEW, NEW + 1])
    without(folder, "base_layer")
    assert audited(folder, WITH_NEW) == pytest.approx(truth(trained, WITH_NEW), abs=1e-5)


@pytest.mark.slow
def test_a_known_prefix_is_stripped_from_an_adapter_too(base: Path, tmp_path: Path) -> None:
    """A compiled model's adapter; a part of the model was compiled by itself."""
    folder, trained = adapt(base, tmp_path / "adapter", added=0)
    file = folder / "adapter_model.safetensors"
    renamed = {name.replace("layers.1.", "layers.1._orig_mod."): w for name, w in load_file(file).items()}
    save_file({f"_orig_mod.{name}": weight for name, weight in renamed.items()}, file)
    assert audited(folder, PLAIN) == pytest.approx(truth(trained, PLAIN), abs=1e-5)
    (remark,) = load(str(folder), device="cpu").record.remarks
    assert "weights, e.g. _orig_mod.base_model.model" in remark


def test_pickled_weights_next_to_the_adapter_s_are_said(base: Path, tmp_path: Path) -> None:
    folder, _ = adapt(base, tmp_path / "adapter", added=0)
    torch.save({}, folder / "adapter_model.bin")
    (remark,) = load(str(folder), device="cpu").record.remarks
    assert remark.endswith("ignored in the same folder: adapter_model.bin")


def test_an_activated_lora_is_refused(base: Path, tmp_path: Path) -> None:
    folder, _ = adapt(base, tmp_path / "adapter", added=0)
    edit_json(folder / "adapter_config.json", alora_invocation_tokens=[5, 6])
    with pytest.raises(CheckpointError, match="activated LoRA"):
        load(str(folder), device="cpu")


def test_what_peft_cannot_merge_is_one_line(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = adapt(base, tmp_path / "adapter", added=0)

    def refuse(self: Any) -> None:
        msg = "Cannot merge this kind.\nMore of it."
        raise ValueError(msg)

    monkeypatch.setattr("peft.LoraModel.merge_and_unload", refuse)
    with pytest.raises(CheckpointError, match=r"cannot be merged into its base \(ValueError: Cannot merge") as caught:
        load(str(folder), device="cpu")
    assert "\n" not in str(caught.value)
