"""Tokenizers of GGUF files: exactly the file's tokens, split as the vocabulary's own tokenizer splits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import normalizers

from audit.core.errors import CheckpointError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from tests.engine.checkpoint.gguf.gguf_files import File

TEXTS = [
    "List:\n\n1. one\n\n\n  2. two",
    "x  2  +  40 =   42\t\t7",
    "It's WE'LL they'Ve I'd 'sad don’t",
    "HTTPServer2024 camelCaseWords snake_case __init__",
    "12345 1,234.5 3 33 333 3333 ٣٤٥ ½ Ⅷ",
    "for (int i=0;i<10;++i) {\r\n\treturn x[i]==0 ? `a` : $b^2|~c; }\r\n\r\n",
    "Straße, naïve café, cafe\u0301 Ünïcödé ÀÉ",
    "狗在睡觉。今天12点，ｆｕｌｌ１２３！「ひらがな」カタカナ 한국어 텍스트",
    "हिन्दी में पाठ। ไทย ภาษา ۔ العربية، 🙂👍🏽 a\u200db",
    "   leading and trailing   ",
    " \n \n  \u00a0\u3000x",
    "'''quotes''' ... ?!?!",
    "",
]


@pytest.mark.slow
def test_a_vocabulary_without_gpt2s_token_has_its_own_tokens_alone(
    file: File, own: PreTrainedTokenizerBase, read: Any
) -> None:
    """Llama 3's shape: its special tokens are others, and nothing is added to them."""
    tokenizer = read(file).tokenizer
    assert tokenizer.get_vocab() == own.get_vocab()
    assert len(tokenizer) == 384
    names = ("bos_token", "eos_token", "pad_token", "unk_token", "chat_template")
    assert [getattr(tokenizer, name) for name in names] == [getattr(own, name) for name in names]
    for text in TEXTS:
        assert tokenizer(text)["input_ids"] == own(text)["input_ids"]
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert tokenizer("a<|end|>b")["input_ids"][1] == own.eos_token_id


@pytest.mark.slow
def test_llama_3_begins_a_text_and_takes_whole_words(file: File, own: PreTrainedTokenizerBase, read: Any) -> None:
    file.vocabulary["ggml.pre"] = "llama-bpe"
    engine = read(file)
    assert engine.encode("Paris")[0] == own.bos_token_id
    assert engine.encode("<|begin|>Paris").count(own.bos_token_id) == 1
    file.vocabulary["ggml.add_bos_token"] = False
    assert read(file).encode("Paris") == own("Paris")["input_ids"]


@pytest.mark.slow
def test_a_text_begins_with_nothing_where_the_file_names_no_beginning(
    file: File, own: PreTrainedTokenizerBase, read: Any
) -> None:
    file.vocabulary["ggml.pre"] = "llama-bpe"
    del file.vocabulary["ggml.bos_token_id"]
    engine = read(file)
    assert engine.encode("Paris") == own("Paris")["input_ids"]
    assert engine.prefix_token_id == own.eos_token_id


@pytest.mark.slow
def test_a_word_of_the_vocabulary_is_one_token_for_llama_3(file: File, read: Any) -> None:
    tokens = file.vocabulary["ggml.tokens"]
    unreachable = tokens.index("<|pad|>") + 200
    tokens[unreachable] = "zqx"  # no merges lead there
    file.vocabulary["ggml.merges"] = [merge for merge in file.vocabulary["ggml.merges"] if _spelled(merge, tokens)]
    assert len(read(file).encode("zqx")) == 3
    file.vocabulary |= {"ggml.pre": "llama-bpe", "ggml.add_bos_token": False}
    assert read(file).encode("zqx") == [unreachable]


def _spelled(merge: str, tokens: list[str]) -> bool:
    left, right = merge.split(" ")
    return {left, right, left + right} <= set(tokens)


@pytest.mark.slow
def test_special_tokens_outside_the_byte_alphabet_are_special(file: File, read: Any) -> None:
    """DeepSeek's, for instance."""
    tokens = file.vocabulary["ggml.tokens"]
    tokens[0] = "<｜begin▁of▁sentence｜>"
    tokenizer = read(file).tokenizer
    assert tokenizer.bos_token == tokens[0]
    assert tokenizer(f"{tokens[0]}a")["input_ids"][0] == 0
    assert tokenizer.decode([0], skip_special_tokens=True) == ""
    assert tokenizer.decode([0]) == tokens[0]
    assert len(tokenizer) == 384


@pytest.mark.slow
def test_user_defined_tokens_are_whole_and_not_special(file: File, read: Any) -> None:
    tokens, types = file.vocabulary["ggml.tokens"], file.vocabulary["ggml.token_type"]
    merged = {part for merge in file.vocabulary["ggml.merges"] for part in (*merge.split(" "), merge.replace(" ", ""))}
    place = max(number for number, token in enumerate(tokens) if token not in merged)
    tokens[place], types[place] = "<think>", 4
    tokenizer = read(file).tokenizer
    assert tokenizer("a<think>b")["input_ids"][1] == place
    assert tokenizer.decode([place], skip_special_tokens=True) == "<think>"


@pytest.mark.slow
def test_tokens_that_end_a_turn_end_a_generation(file: File, read: Any) -> None:
    file.vocabulary |= {"ggml.eot_token_id": 2, "ggml.eom_token_id": 1}
    assert read(file).model.generation_config.eos_token_id == [1, 2]


@pytest.mark.slow
def test_named_chat_templates_are_kept(file: File, read: Any) -> None:
    file.vocabulary |= {"chat_templates": ["tool_use"], "chat_template.tool_use": "{{ 'tools' }}"}
    assert read(file).tokenizer.chat_template == file.vocabulary["chat_template"]
    assert read(file, chat_template="tool_use").tokenizer.chat_template == "{{ 'tools' }}"


def test_a_file_without_a_vocabulary_is_refused(file: File, read: Any) -> None:
    file.vocabulary = {"ggml.model": "gpt2"}
    with pytest.raises(CheckpointError, match="no tokenizer"):
        read(file)


def sentencepiece(file: File, *, prefix: bool | None) -> File:
    """The file with a SentencePiece vocabulary that has neither ``<s>`` nor ``</s>``."""
    words = ["▁", "a", "b", "▁a", "ab", "▁ab"]
    control = ["<unk>", "<|startoftext|>", "<|endoftext|>"]
    tokens = [*control, *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    tokens += [f"<extra{number}>" for number in range(384 - len(tokens))]
    types = [2, 3, 3, *[6] * 256, *[1] * len(words)]
    file.vocabulary = {
        "ggml.model": "llama",
        "ggml.tokens": tokens,
        "ggml.token_type": [*types, *[5] * (384 - len(types))],
        "ggml.scores": [*[0.0] * 259, -3.0, -4.0, -5.0, -1.0, -2.0, -0.5, *[-9.0] * (384 - 265)],
        **{f"ggml.{name}_token_id": number for number, name in enumerate(("unknown", "bos", "eos"))},
    }
    if prefix is not None:
        file.vocabulary["ggml.add_space_prefix"] = prefix
    return file


@pytest.mark.slow
@pytest.mark.parametrize(("prefix", "expected"), [(None, ["▁ab"]), (True, ["▁ab"]), (False, ["ab"])])
def test_a_sentencepiece_vocabulary_has_its_own_tokens_alone(
    file: File, read: Any, prefix: bool | None, expected: list[str]
) -> None:
    tokenizer = read(sentencepiece(file, prefix=prefix)).tokenizer
    tokens = file.vocabulary["ggml.tokens"]
    assert tokenizer.get_vocab() == {token: number for number, token in enumerate(tokens)}
    assert [tokenizer.bos_token, tokenizer.eos_token, tokenizer.unk_token] == [tokens[1], tokens[2], tokens[0]]
    assert tokenizer.tokenize("ab") == expected
    ids = tokenizer("ab é")["input_ids"]
    assert ids[0] == 1  # a SentencePiece vocabulary begins a text where the file does not say otherwise
    assert tokenizer.decode(ids, skip_special_tokens=True) == "ab é"


@pytest.mark.slow
def test_families_that_compose_characters_do(file: File, read: Any) -> None:
    file.vocabulary["ggml.pre"] = "qwen2"
    tokenizer = read(file).tokenizer
    composed = normalizers.NFC().normalize_str("cafe\u0301")
    assert tokenizer("cafe\u0301")["input_ids"] == tokenizer(composed)["input_ids"]


def test_the_embedded_checkpoint_splits_as_its_own_tokenizer_does(embedded: Any) -> None:
    assert embedded.tokenizer.tokenize("List:\n\n1. one") == ["List", ":", "ĊĊ", "1", ".", "Ġone"]
    assert embedded.tokenizer.tokenize("x  2") == ["x", "ĠĠ", "2"]
