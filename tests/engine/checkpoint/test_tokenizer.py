"""Tokenizers that do not fit the embeddings: own ones with a token too many, and those of other models."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from audit.core.errors import CheckpointError
from audit.engine import GenerateRequest, ScoreRequest, load
from audit.engine.checkpoint.files import CheckpointFiles
from audit.engine.checkpoint.tokenizer import fit_tokenizer, load_tokenizer
from tests.engine.checkpoints import edit_json

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = {"local_files_only": True}


def add_tokens(folder: Path, *, special: dict[str, str] | None = None, extra: tuple[str, ...] = ()) -> None:
    """Add tokens to the tokenizer of a folder, as fine-tuning does, without touching the model."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({**(special or {}), "extra_special_tokens": list(extra)})
    tokenizer.save_pretrained(folder)


def rows_of(folder: Path, rows: int) -> None:
    """Give the model another number of embeddings."""
    config = LlamaConfig.from_pretrained(folder, vocab_size=rows)
    LlamaForCausalLM(config).eval().save_pretrained(folder)


def test_an_image_token_beyond_the_embeddings_is_plain_text(copy: Path) -> None:
    """Gemma 3's text models: 262144 rows, and <image_soft_token> has the id 262144."""
    plain = load(str(copy), device="cpu")
    add_tokens(copy, extra=("<image_soft_token>",))
    assert AutoTokenizer.from_pretrained(copy)("<image_soft_token>")["input_ids"] == [384]
    engine = load(str(copy), device="cpu")
    (remark,) = engine.record.remarks
    assert "1 added token(s) beyond the model's 384 embeddings, first '<image_soft_token>' (384)" in remark
    for text in ("An <image_soft_token> here", "<image_soft_token>", "The capital of France is"):
        assert engine.encode(text) == plain.encode(text)
        assert engine.tokenizer.decode(engine.encode(text)) == text
    assert max(engine.tokenizer.get_vocab().values()) == 383
    assert "<image_soft_token>" not in engine.tokenizer.all_special_tokens


def test_scores_are_those_of_lm_eval(copy: Path) -> None:
    add_tokens(copy, special={"pad_token": "[PAD]"})
    tokenizer, model = AutoTokenizer.from_pretrained(copy), AutoModelForCausalLM.from_pretrained(copy)
    theirs = HFLM(pretrained=model, tokenizer=tokenizer, device="cpu", batch_size=1)
    context, continuation = "The capital of France is", " Paris"
    engine = load(str(copy), device="cpu")
    ours = engine.score([engine.encode_pair(context, continuation)])[0]
    arguments = ((context, continuation), *(theirs._encode_pair(context, continuation)))
    ((expected, _),) = theirs._loglikelihood_tokens([arguments], disable_tqdm=True)
    assert sum(ours.log_probs) == pytest.approx(expected, abs=1e-4)


def test_nothing_is_padded_with_a_token_that_was_added(copy: Path) -> None:
    """Rows of many lengths in one pass, with the pad token that fine-tuning added without resizing."""
    requests = [ScoreRequest(tuple(range(5, 5 + length)), (7, 40)) for length in (3, 17, 9)]
    prompts = [GenerateRequest(text, max_new_tokens=4) for text in ("The quick", "There are 12 apples in 3 baskets")]
    plain = load(str(copy), device="cpu")
    add_tokens(copy, special={"pad_token": "[PAD]"})
    engine = load(str(copy), device="cpu")
    assert engine.tokenizer.pad_token_id is None
    scores, expected = engine.score(requests), plain.score(requests)
    assert [score.log_probs for score in scores] == [score.log_probs for score in expected]
    texts = [completion.generations[0].text for completion in engine.generate(prompts)]
    assert texts == [completion.generations[0].text for completion in plain.generate(prompts)]


def test_a_padding_token_in_the_configuration_has_no_embedding(copy: Path) -> None:
    """Fine-tuning scripts set it in both places; torch refuses such a padding index."""
    expected = load(str(copy), device="cpu").score([ScoreRequest((5, 9), (7,))])
    add_tokens(copy, special={"pad_token": "[PAD]"})
    edit_json(copy / "config.json", pad_token_id=384)
    edit_json(copy / "generation_config.json", pad_token_id=384)
    engine = load(str(copy), device="cpu")
    assert engine.score([ScoreRequest((5, 9), (7,))])[0].log_probs == expected[0].log_probs
    assert engine.generate([GenerateRequest("The", max_new_tokens=3)])[0].generations[0].text is not None


def test_several_tokens_are_taken_out_and_those_with_an_embedding_stay(copy: Path) -> None:
    rows_of(copy, 386)
    add_tokens(copy, extra=("<a>", "<b>", "<c>", "<d>"))
    engine = load(str(copy), device="cpu")
    assert "2 added token(s) beyond the model's 386 embeddings, first '<c>' (386)" in engine.record.remarks[0]
    assert engine.encode("<a><b>") == [384, 385]
    assert engine.tokenizer.all_special_tokens[-2:] == ["<a>", "<b>"]


def test_ordinary_tokens_beyond_the_embeddings_are_refused(copy: Path) -> None:
    rows_of(copy, 300)
    with pytest.raises(
        CheckpointError, match=r"ids up to 383, the model has 300 embeddings: 84 ordinary tokens lack one"
    ):
        load(str(copy), device="cpu")


@pytest.mark.parametrize("name", ["bos_token", "eos_token"])
def test_a_token_that_begins_or_ends_texts_must_have_an_embedding(copy: Path, name: str) -> None:
    add_tokens(copy, special={name: "<|new|>"})
    with pytest.raises(CheckpointError, match=r"'<\|new\|>', which begins or ends texts, has no embedding"):
        load(str(copy), device="cpu")


def test_a_token_that_every_text_gets_must_have_an_embedding(copy: Path) -> None:
    add_tokens(copy, extra=("<sep>",))
    file = copy / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<sep>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<sep>": {"id": "<sep>", "ids": [384], "tokens": ["<sep>"]}},
    }
    file.write_text(json.dumps(tokenizer))
    with pytest.raises(CheckpointError, match="'<sep>' cannot be removed"):
        load(str(copy), device="cpu")


def test_a_token_of_the_vocabulary_itself_is_taken_out(copy: Path) -> None:
    """Some tokenizers list added tokens among the words of the model, too."""
    add_tokens(copy, extra=("<image>",))
    file = copy / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    tokenizer["model"]["vocab"]["<image>"] = 384
    file.write_text(json.dumps(tokenizer))
    engine = load(str(copy), device="cpu")
    assert 384 not in engine.encode("an <image>")


def test_a_tokenizer_in_python_is_held_to_the_same(tmp_path: Path) -> None:
    """Tokenizers without tokenizers' own library split at added tokens themselves."""
    from transformers import CTRLTokenizer

    (tmp_path / "vocab.json").write_text(json.dumps({"<unk>": 0, "a": 1, "b": 2, "<@@": 3, "x@@": 4, ">": 5}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CTRLTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    tokenizer.add_special_tokens({"pad_token": "<x>"})
    assert tokenizer("a <x>")["input_ids"] == [1, 6]
    (remark,) = fit_tokenizer(tokenizer, 6, tmp_path, CheckpointFiles(tmp_path, ()))
    assert "first '<x>' (6)" in remark
    assert tokenizer("a <x> b")["input_ids"] == [1, 3, 4, 5, 2]
    assert tokenizer.pad_token_id is None


def foreign(folder: Path, rows: int, **config: Any) -> None:
    """The model of another vocabulary, next to the tiny tokenizer."""
    rows_of(folder, rows)
    edit_json(folder / "config.json", **config)
    edit_json(folder / "generation_config.json", **config)


@pytest.mark.parametrize("config", [{"eos_token_id": 900}, {"bos_token_id": 901}, {"eos_token_id": [900, 901]}])
def test_a_smaller_tokenizer_of_another_model_is_refused(copy: Path, config: dict[str, Any]) -> None:
    foreign(copy, 1000, **config)
    with pytest.raises(
        CheckpointError, match=r"belongs to another model: it has 384 ids, the model 1000 embeddings, and .os_tok"
    ):
        load(str(copy), device="cpu")


@pytest.mark.parametrize(
    ("rows", "config", "remarks"),
    [
        (384, {}, 0),
        (512, {}, 0),  # rounded up
        (512, {"eos_token_id": 500}, 1),  # fine-tuned with another end of a turn
        (512, {"eos_token_id": [500, 1]}, 0),
        (512, {"bos_token_id": 500}, 0),
        (1000, {}, 1),  # many spare rows, the same special tokens
        (1000, {"eos_token_id": 5000}, 1),  # a default of the class, of no use here
        (1000, {"bos_token_id": None, "eos_token_id": None}, 1),
    ],
)
def test_a_sound_tokenizer_is_not_refused(copy: Path, rows: int, config: dict[str, Any], remarks: int) -> None:
    foreign(copy, rows, **config)
    assert len(load(str(copy), device="cpu").record.remarks) == remarks


@pytest.mark.parametrize(
    ("known", "rows", "eos"),
    [
        (151665, 151936, 151643),  # Qwen2.5-0.5B
        (151665, 152064, 151643),  # Qwen2.5-7B
        (50295, 51200, 50256),  # Phi-2, CodeGen
        (50277, 50688, 0),  # Pythia-12B
        (200019, 201088, 199999),  # gpt-oss
        (201135, 202048, 200001),  # Llama 4
        (128815, 129280, 1),  # DeepSeek-V3
        (250680, 250880, 2),  # BLOOM
    ],
)
def test_published_vocabularies_are_rounded_up_by_less_than_is_odd(
    known: int, rows: int, eos: int, tmp_path: Path
) -> None:
    """Ids in the tokenizer and rows of the model, as published; even with another end of a turn they are sound."""

    class Published:
        bos_token_id, eos_token_id = None, eos

        def get_vocab(self) -> dict[str, int]:
            return {"a": known - 1}

    checkpoint = CheckpointFiles(tmp_path, (), config={"eos_token_id": eos + 1})
    (remark,) = fit_tokenizer(Published(), rows, tmp_path, checkpoint)  # type: ignore[arg-type]
    assert remark.startswith("eos_token_id is")


def unlink(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()


def test_no_tokenizer_says_which_files_are_missing(copy: Path) -> None:
    unlink(copy, "tokenizer.json", "tokenizer_config.json")
    with pytest.raises(CheckpointError, match=r"no tokenizer vocabulary \(tokenizer\.json, .*--tokenizer"):
        load(str(copy), device="cpu")


def test_a_vocabulary_of_another_kind_is_none(copy: Path) -> None:
    """transformers makes a tokenizer of four tokens here: Llama's class does not read vocab.json."""
    tokenizer = json.loads((copy / "tokenizer.json").read_text())
    (copy / "vocab.json").write_text(json.dumps(tokenizer["model"]["vocab"]))
    unlink(copy, "tokenizer.json")
    edit_json(copy / "tokenizer_config.json", tokenizer_class="LlamaTokenizer")
    with pytest.raises(CheckpointError, match=r"no tokenizer vocabulary \(tokenizer\.json or tokenizer\.model\)"):
        load(str(copy), device="cpu")


@pytest.mark.parametrize("kind", ["LlamaTokenizer", "GPT2Tokenizer", "PreTrainedTokenizerFast", "GemmaTokenizer"])
def test_settings_alone_are_no_tokenizer(copy: Path, kind: str) -> None:
    """transformers makes a tokenizer of a few tokens from some of these."""
    unlink(copy, "tokenizer.json")
    edit_json(copy / "tokenizer_config.json", tokenizer_class=kind)
    with pytest.raises(CheckpointError, match="no tokenizer vocabulary"):
        load(str(copy), device="cpu")


def test_a_vocabulary_without_its_merges_is_no_tokenizer(copy: Path) -> None:
    tokenizer = json.loads((copy / "tokenizer.json").read_text())
    (copy / "vocab.json").write_text(json.dumps(tokenizer["model"]["vocab"]))
    unlink(copy, "tokenizer.json")
    edit_json(copy / "tokenizer_config.json", tokenizer_class="GPT2Tokenizer")
    with pytest.raises(CheckpointError, match=r"it has vocab\.json but no merges\.txt"):
        load(str(copy), device="cpu")
    merges = "\n".join(" ".join(pair) for pair in tokenizer["model"]["merges"])
    (copy / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    assert load_tokenizer(copy, OPTIONS)("The capital")["input_ids"]


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_damaged_file_is_named(copy: Path, name: str) -> None:
    (copy / name).write_text((copy / name).read_text()[:-20])
    with pytest.raises(CheckpointError, match=rf"{name}: not valid JSON") as caught:
        load(str(copy), device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_tokenizer_can_be_named_for_a_folder_without_one(copy: Path, tiny_model: Path) -> None:
    whole = load(str(copy), device="cpu")
    for file in [*copy.glob("*token*"), copy / "chat_template.jinja"]:
        if file.name != "generation_config.json":
            file.unlink()
    engine = load(str(copy), device="cpu", tokenizer=str(tiny_model))
    assert engine.encode("The capital") == whole.encode("The capital")
    assert engine.has_chat_template
    assert engine.record.digest == whole.record.digest  # the same files decide
    assert {file.path for file in engine.record.files} == {file.path for file in whole.record.files}


def test_a_named_tokenizer_is_in_the_digest(copy: Path, tiny_model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    before = load(str(copy), device="cpu", tokenizer=str(other)).record.digest
    (other / "chat_template.jinja").write_text("{{ 'another' }}")
    changed = load(str(copy), device="cpu", tokenizer=str(other))
    assert changed.record.digest != before
    assert changed.tokenizer.chat_template == "{{ 'another' }}"
    with pytest.raises(CheckpointError, match="no such folder"):
        load(str(copy), device="cpu", tokenizer=str(tmp_path / "nothing"))


@pytest.mark.slow
def test_a_tokenizer_can_be_named_for_an_adapter(copy: Path, tmp_path: Path) -> None:
    import peft

    model = AutoModelForCausalLM.from_pretrained(copy, dtype=torch.float32)
    peft.get_peft_model(model, peft.LoraConfig(target_modules=["q_proj"])).save_pretrained(str(tmp_path / "adapter"))
    bare = tmp_path / "bare"
    shutil.copytree(copy, bare, ignore=shutil.ignore_patterns("tokenizer*", "chat_template*"))
    engine = load(str(tmp_path / "adapter"), base=str(bare), tokenizer=str(copy), device="cpu")
    assert engine.encode("The capital") == load(str(copy), device="cpu").encode("The capital")
    kinds = {file.path: file.kind for file in engine.record.files}
    assert kinds["tokenizer.json"] == "tokenizer"
    assert "base/tokenizer.json" not in kinds


def write_gguf(folder: Path, file: Path) -> None:
    """A tiny Llama as llama.cpp stores it, with a byte-level vocabulary."""
    import gguf
    from safetensors.torch import load_file

    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]
    words = sorted(vocabulary["vocab"], key=vocabulary["vocab"].__getitem__)
    words[1] = "<|endoftext|>"  # transformers adds one where it is missing
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(256)
    writer.add_embedding_length(32)
    writer.add_block_count(2)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(8)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(384)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(words)
    writer.add_token_types([gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.NORMAL] * (len(words) - 3))
    writer.add_token_merges([" ".join(pair) for pair in vocabulary["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    own = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    parts = {
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    }  # fmt: skip
    for layer in range(2):
        own |= {f"model.layers.{layer}.{name}": f"blk.{layer}.{part}" for name, part in parts.items()}
    for name, tensor in load_file(folder / "model.safetensors").items():
        writer.add_tensor(f"{own[name.removesuffix('.weight')]}.weight", tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.slow
def test_a_tokenizer_can_be_named_for_a_gguf_file(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "tiny.F32.gguf"
    write_gguf(copy, file)
    own = load(str(file), device="cpu")
    named = load(str(file), device="cpu", tokenizer=str(copy))
    assert named.encode("The capital") == load(str(copy), device="cpu").encode("The capital")
    assert named.has_chat_template
    assert not own.has_chat_template
    assert named.record.digest != own.record.digest
    assert {file.kind for file in named.record.files} == {"weights", "config", "tokenizer", "chat_template"}
