"""A LoRA made by peft itself, audited through its folder; peft's own forward pass is the truth."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from audit.core.errors import CheckpointError
from audit.engine import ScoreRequest, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REQUESTS = [
    ScoreRequest(context_ids=(5, 9, 20, 31), target_ids=(7, 40, 12)),
    ScoreRequest(context_ids=(11,), target_ids=(6,)),
]


def save_lora(base: Path, folder: Path, *, pickled: bool = False, **options: Any) -> Path:
    """A LoRA with seeded random weights that do something, saved by peft."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], **options)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        adapted = peft.get_peft_model(model, config)
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.2)
        adapted.save_pretrained(str(folder), safe_serialization=not pickled)
    return folder


@pytest.fixture
def base(tiny_model: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    shutil.copytree(tiny_model, folder)
    return folder


@pytest.fixture
def lora(base: Path, tmp_path: Path) -> Path:
    return save_lora(base, tmp_path / "adapter", task_type="CAUSAL_LM")


@pytest.fixture
def truth(base: Path) -> Callable[[Path], list[list[float]]]:
    """Log-probabilities by peft's own model, one plain pass for each request."""

    def score(folder: Path) -> list[list[float]]:
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        adapted = peft.PeftModel.from_pretrained(model, str(folder)).eval()
        found = []
        for request in REQUESTS:
            whole = torch.tensor([[*request.context_ids, *request.target_ids]])
            with torch.no_grad():
                log_probs = torch.log_softmax(adapted(input_ids=whole).logits[0].double(), dim=-1)
            start = len(request.context_ids) - 1
            found.append([float(log_probs[start + i, token]) for i, token in enumerate(request.target_ids)])
        return found

    return score


def edit_config(folder: Path, **values: object) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"use_dora": True}, {"use_rslora": True, "bias": "all"}])
def test_scores_are_those_of_peft(
    base: Path, tmp_path: Path, truth: Callable[[Path], list[list[float]]], options: dict[str, Any]
) -> None:
    folder = save_lora(base, tmp_path / "adapter", **options)
    engine = load(str(folder), device="cpu")
    for score, expected in zip(engine.score(REQUESTS), truth(folder), strict=True):
        assert score.log_probs == pytest.approx(expected, abs=1e-5)
    plain = load(str(base), device="cpu").score(REQUESTS)
    assert max(abs(a - b) for a, b in zip(plain[0].log_probs, truth(folder)[0], strict=True)) > 0.01


@pytest.mark.slow
def test_a_merged_adapter_leaves_an_ordinary_model(lora: Path, base: Path) -> None:
    engine, plain = load(str(lora), device="cpu"), load(str(base), device="cpu")
    assert type(engine.model) is type(plain.model)
    assert [name for name, _ in engine.model.named_parameters()] == [n for n, _ in plain.model.named_parameters()]
    assert engine.record.parameter_count == plain.record.parameter_count


@pytest.mark.slow
def test_the_record_names_the_files_of_both(lora: Path, base: Path) -> None:
    record, plain = load(str(lora), device="cpu").record, load(str(base), device="cpu").record
    assert (record.name, record.source) == ("adapter", "folder adapter")
    assert record.base == f"folder base@{plain.digest[:12]}"
    assert {file.path for file in record.files} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        *(f"base/{file.path}" for file in plain.files),
    }


@pytest.mark.slow
def test_a_changed_adapter_or_base_is_another_checkpoint(lora: Path, base: Path, tmp_path: Path) -> None:
    digests = {load(str(lora), device="cpu").record.digest, load(str(base), device="cpu").record.digest}
    edit_config(lora, lora_alpha=16)
    digests.add(load(str(lora), device="cpu").record.digest)
    model = AutoModelForCausalLM.from_pretrained(base)
    model.model.norm.weight.data += 0.5
    model.save_pretrained(base)
    digests.add(load(str(lora), device="cpu").record.digest)
    assert len(digests) == 4


@pytest.mark.parametrize("named", ["../base", "base inside"])
def test_a_base_is_found_from_the_adapters_folder(lora: Path, base: Path, named: str) -> None:
    if named == "base inside":
        shutil.move(base, lora / named)
    edit_config(lora, base_model_name_or_path=named)
    assert load(str(lora), device="cpu").record.base is not None


@pytest.mark.parametrize(
    ("named", "says"),
    [
        (None, "names no base checkpoint: name it with --base"),
        ("", "names no base checkpoint: name it with --base"),
        ("/gone/llama", "its base checkpoint /gone/llama cannot be found: name a local folder with --base"),
        ("someone/llama", "its base checkpoint someone/llama cannot be found: name a local folder with --base"),
    ],
)
def test_a_base_that_is_not_there_can_be_named(lora: Path, base: Path, named: str | None, says: str) -> None:
    edit_config(lora, base_model_name_or_path=named)
    with pytest.raises(CheckpointError, match=says):
        load(str(lora), device="cpu", offline=True)
    assert load(str(lora), base=str(base), device="cpu", offline=True).record.base is not None


def test_a_base_for_a_whole_checkpoint_is_refused(base: Path, lora: Path) -> None:
    with pytest.raises(CheckpointError, match="is not an adapter folder"):
        load(str(base), base=str(base))
    with pytest.raises(CheckpointError, match="is an adapter too"):
        load(str(lora), base=str(shutil.copytree(lora, lora.parent / "other")))


def test_the_adapters_own_tokenizer_wins(lora: Path, base: Path) -> None:
    for file in base.glob("*token*"):
        shutil.copy(file, lora)
    (lora / "chat_template.jinja").write_text("{{ 'own template' }}")
    engine = load(str(lora), device="cpu")
    assert engine.tokenizer.chat_template == "{{ 'own template' }}"
    paths = {file.path for file in engine.record.files}
    assert {"tokenizer.json", "chat_template.jinja", "base/config.json"} <= paths
    assert "base/tokenizer.json" not in paths


@pytest.mark.slow
def test_pickled_adapters_are_refused_unless_allowed(
    base: Path, tmp_path: Path, truth: Callable[[Path], list[list[float]]]
) -> None:
    folder = save_lora(base, tmp_path / "adapter", pickled=True)
    assert (folder / "adapter_model.bin").is_file()
    with pytest.raises(CheckpointError, match=r"adapter_model\.bin: pickled weights .* --allow-pickle"):
        load(str(folder), device="cpu")
    (score, _) = load(str(folder), device="cpu", allow_pickle=True).score(REQUESTS)
    assert score.log_probs == pytest.approx(truth(folder)[0], abs=1e-5)


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_damaged_adapter_is_one_line(lora: Path, keep: int) -> None:
    file = lora / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"adapter_model\.safetensors: truncated") as caught:
        load(str(lora), device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]"])
def test_a_broken_description_is_one_line(lora: Path, text: str) -> None:
    (lora / "adapter_config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"adapter_config\.json"):
        load(str(lora), device="cpu")


def test_an_adapter_without_weights(lora: Path) -> None:
    (lora / "adapter_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"no adapter_model\.safetensors"):
        load(str(lora), device="cpu")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hidden_size": 64}, "size mismatch"),
        ({"num_hidden_layers": 3}, "6 of its weights do not exist there, 0 are missing"),
        ({"num_hidden_layers": 1}, "0 of its weights do not exist there, 6 are missing"),
    ],
)
def test_an_adapter_of_another_shape_is_refused(base: Path, tmp_path: Path, change: dict[str, int], says: str) -> None:
    config = LlamaConfig.from_pretrained(base)
    config.update(change)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "other")
    folder = save_lora(tmp_path / "other", tmp_path / "adapter")
    with pytest.raises(CheckpointError, match=rf"does not fit its base.*({says}).*--base") as caught:
        load(str(folder), base=str(base), device="cpu")
    assert "\n" not in str(caught.value)


def test_an_adapter_of_another_architecture_is_refused(lora: Path) -> None:
    edit_config(lora, target_modules=["c_attn"])
    with pytest.raises(CheckpointError, match=r"does not fit its base.*c_attn"):
        load(str(lora), device="cpu")


def test_virtual_tokens_are_refused(lora: Path) -> None:
    edit_config(lora, peft_type="PROMPT_TUNING")
    with pytest.raises(CheckpointError, match="PROMPT_TUNING adapters add virtual tokens"):
        load(str(lora), device="cpu")


def test_a_missing_package_is_named(lora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(CheckpointError, match=r"pip install 'checkpoint-audit\[peft\]'"):
        load(str(lora), device="cpu")


@pytest.mark.slow
def test_weights_that_stay_beside_a_quantised_base_score_the_same(
    lora: Path, base: Path, truth: Callable[[Path], list[list[float]]]
) -> None:
    from audit.engine.checkpoint import adapter
    from audit.engine.local.engine import TransformersEngine

    merged = load(str(lora), device="cpu")
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    plain = {name: weights.clone() for name, weights in model.state_dict().items()}
    model.hf_quantizer = object()  # what transformers leaves on a quantised model; quantising needs a GPU
    beside, _ = adapter.apply(model, lora, torch.device("cpu"))
    kept = {name.replace(".base_layer", ""): weights for name, weights in beside.state_dict().items()}
    assert all(torch.equal(kept[name], weights) for name, weights in plain.items())
    (score, _) = TransformersEngine(beside, merged.tokenizer, merged.record).score(REQUESTS)
    assert score.log_probs == pytest.approx(truth(lora)[0], abs=1e-5)


@pytest.mark.slow
def test_a_device_map_loads_the_same_model(lora: Path) -> None:
    engine = load(str(lora), device_map="auto")
    if not torch.cuda.is_available():
        assert engine.record.device == "cpu"
    expected = load(str(lora), dtype=engine.record.dtype).score(REQUESTS)  # type: ignore[arg-type]
    assert [s.log_probs for s in engine.score(REQUESTS)] == [s.log_probs for s in expected]


def test_a_device_map_chooses_the_devices(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match="leave out --device cpu"):
        load(str(base), device="cpu", device_map="auto")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match=r"needs the package accelerate: pip install"):
        load(str(base), device_map="auto")
