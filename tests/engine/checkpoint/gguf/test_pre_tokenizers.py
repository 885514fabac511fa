"""Text is split into words as the vocabulary's own tokenizer splits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import Regex, Tokenizer, pre_tokenizers
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX as QWEN2
from transformers.models.qwen3_5.tokenization_qwen3_5 import PRETOKENIZE_REGEX as QWEN35

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.gguf.pre_tokenizers import _PATTERNS, pre_tokenizing
from tests.engine.checkpoint.gguf.test_tokenizer import TEXTS

if TYPE_CHECKING:
    from tests.engine.checkpoint.gguf.gguf_files import File

CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def by_pattern(pattern: str) -> pre_tokenizers.PreTokenizer:
    steps = [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    return pre_tokenizers.Sequence(steps)


OWN = {
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),  # openai-community/gpt2
    "smollm": pre_tokenizers.Sequence(  # HuggingFaceTB/SmolLM2, bigcode/starcoder, CohereForAI/c4ai-command-r
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    ),
    "llama-bpe": by_pattern(CL100K),  # tiktoken's cl100k_base, Meta's Llama 3
    "dbrx": by_pattern(CL100K),
    "qwen2": by_pattern(QWEN2),
    "qwen35": by_pattern(QWEN35),
    "gpt-4o": by_pattern(O200K),  # tiktoken's o200k_base
    "tekken": by_pattern(TEKKEN),  # mistral_common's tekken.json
}
"""Pre-tokenizers as the vocabularies' publishers wrote them down."""


@pytest.mark.parametrize("name", OWN)
def test_text_is_split_as_by_the_vocabularys_own_tokenizer(name: str) -> None:
    splitting = pre_tokenizing(name)
    assert splitting is not None
    built = splitting.build()
    for text in TEXTS:
        assert built.pre_tokenize_str(text) == OWN[name].pre_tokenize_str(text), text


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [  # llama.cpp's tests/test-tokenizer-0 vocabularies agree with these pieces
        ("starcoder", "a 123", ["a", "Ġ", "1", "2", "3"]),
        ("falcon", "x=12345", ["x", "=", "123", "45"]),
        ("deepseek-coder", "a1 23\n", ["a", "1", "Ġ", "2", "3", "Ċ"]),
        ("deepseek-v3", "12345 ab", ["123", "45", "Ġab"]),
        ("deepseek-llm", "ab 12\n", ["ab", "Ġ", "12", "Ċ"]),
        ("default", "a$b 1234", ["a", "$", "b", "Ġ", "123", "4"]),
        ("minicpm5", "12345 It's", ["123", "45", "ĠIt", "'s"]),
        ("bloom", "one two, 12", ["one", "Ġtwo", ",", "Ġ12"]),
    ],
)
def test_single_splits(name: str, text: str, words: list[str]) -> None:
    splitting = pre_tokenizing(name)
    assert splitting is not None
    assert [word for word, _ in splitting.build().pre_tokenize_str(text)] == words


@pytest.mark.slow
def test_every_splitting_loses_nothing() -> None:
    """The pieces of a text are the text, whatever the name."""
    decode = Tokenizer.from_str('{"model": {"type": "BPE", "vocab": {}, "merges": []}, "added_tokens": []}')
    decode.decoder = pre_tokenizers_decoder()
    names = [name for names in _PATTERNS for name in names]
    assert len(names) == len(set(names))
    for name in names:
        splitting = pre_tokenizing(name)
        assert splitting is not None
        for text in TEXTS:
            words = [word for word, _ in splitting.build().pre_tokenize_str(text)]
            assert decode.decoder.decode(words) == text, name


def pre_tokenizers_decoder() -> Any:
    from tokenizers import decoders

    return decoders.ByteLevel()


def test_an_unknown_pre_tokenizer_is_refused(file: File, read: Any) -> None:
    file.vocabulary["ggml.pre"] = "something-new"
    with pytest.raises(CheckpointError, match=r"tokenizer\.ggml\.pre\) is 'something-new', which is not supported"):
        read(file)


@pytest.mark.slow
def test_a_missing_name_of_the_pre_tokenizer_is_remarked(file: File, read: Any) -> None:
    del file.vocabulary["ggml.pre"]
    assert "names no pre-tokenizer" in read(file).record.remarks[0]
