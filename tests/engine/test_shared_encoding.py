"""Token ids of texts that begin alike, against the tokenizer on each text alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from audit.engine.shared_encoding import (
    BAILING,
    DEEPSEEK_V3,
    EAST_ASIAN,
    GPT2,
    QWEN2,
    SEED,
    SHORT,
    SharedEncoding,
    cased,
    cl100k,
    is_separable,
)

CORPUS = [
    "The quick brown fox doesn't jump over 1234 lazy dogs.\n\nQuestion: who?\nAnswer: it's me, you'll see  \n",
    "Der Hund schläft im Körbchen; 狗在睡觉。 e\u0301 é 🙂 <|end|> if (x == 3) { return y; }\r\n\t\tdone",
]
MARKS = ["<|end|>", "<|start|>"]


def tokenizer_of(
    *parts: Any,
    normalizer: Any = None,
    added: tuple[AddedToken | str, ...] = tuple(MARKS),
    model: Any = None,
    trimmed: bool = False,
) -> PreTrainedTokenizerFast:
    """A small byte-level BPE with these pre-tokenizers."""
    backend = Tokenizer(model or models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(list(parts))
    if normalizer is not None:
        backend.normalizer = normalizer
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    backend.train_from_iterator(CORPUS * 4, trainer)
    backend.add_tokens(list(added))
    if trimmed:
        backend.post_processor = processors.ByteLevel(trim_offsets=True)
    return PreTrainedTokenizerFast(tokenizer_object=backend)


def split(pattern: str, behavior: str = "isolated", *, invert: bool = False) -> Any:
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(*, prefix: bool = False, regex: bool = False) -> Any:
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


SEPARABLE = {
    "gpt-2": tokenizer_of(byte_level(regex=True)),
    "smollm": tokenizer_of(pre_tokenizers.Digits(individual_digits=True), split(GPT2), byte_level()),
    "gpt-2 with trimmed offsets": tokenizer_of(byte_level(regex=True), trimmed=True),
    "llama-3": tokenizer_of(split(cl100k("{1,3}")), byte_level()),
    "llama-3 with trimmed offsets": tokenizer_of(split(cl100k("{1,3}")), byte_level(), trimmed=True),
    "qwen-2": tokenizer_of(split(QWEN2), byte_level(), normalizer=normalizers.NFC()),
    "gpt-4o": tokenizer_of(split(cased("{1,3}", f"{SHORT}?")), byte_level()),
    "tekken": tokenizer_of(split(cased("", "")), byte_level()),
    "seed": tokenizer_of(split(SEED), byte_level()),
    "bailing": tokenizer_of(split(BAILING), byte_level()),
    "deepseek-v3": tokenizer_of(split(r"\p{N}{1,3}"), split(EAST_ASIAN), split(DEEPSEEK_V3), byte_level()),
}
PIECES = ["<|", "|>", " ", "  ", "\n", "\n\n", "\r\n", "\t", "'", "'s", "'LL", "e", "\u0301", "é", "狗", "🙂"]
words = st.sampled_from([*CORPUS, *MARKS, *PIECES]) | st.text(max_size=8)
texts = st.lists(words, max_size=12).map("".join)


@pytest.mark.slow
@pytest.mark.parametrize("name", SEPARABLE)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(stem=texts, ends=st.lists(texts, min_size=1, max_size=4), cut=st.integers(0, 40))
@example(stem=f"{CORPUS[0]} " * 2, ends=["\u0301", "", " ", "x", "'s", "\n"], cut=0)
@example(stem=f"{CORPUS[0]}{' ' * 40}", ends=[" x", "", "\n\n x", "\t"], cut=3)
@example(stem=f"{CORPUS[1]} some more words to share <|st", ends=["art|>", "ar", "art|> x", ""], cut=1)
def test_ids_equal_those_of_each_text_alone(name: str, stem: str, ends: list[str], cut: int) -> None:
    tokenizer = SEPARABLE[name]
    assert is_separable(tokenizer)
    shared = SharedEncoding(tokenizer)
    given_texts = [CORPUS[0] + stem, *(CORPUS[0] + stem[: len(stem) - cut] + end for end in ends), stem]
    for text in given_texts:
        assert shared.encode(text) == tokenizer(text, add_special_tokens=False)["input_ids"]


def test_what_two_texts_share_is_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = SEPARABLE["llama-3"]
    shared = SharedEncoding(tokenizer)
    examples = CORPUS[0] * 40
    whole = tokenizer(f"{examples} Paris", add_special_tokens=False)["input_ids"]
    shared.encode(examples)

    def refuse(*_: Any, **__: Any) -> None:
        msg = "the whole text"
        raise AssertionError(msg)

    monkeypatch.setattr(type(tokenizer), "_encode_plus", refuse)
    assert shared.encode(f"{examples} Paris") == whole
    with pytest.raises(AssertionError, match="the whole text"):
        shared.encode("Another beginning")


@pytest.mark.parametrize("setting", ["truncation", "padding", "special"])
def test_what_another_caller_set_on_the_tokenizer_does_not_matter(setting: str) -> None:
    tokenizer = tokenizer_of(split(GPT2), byte_level())
    text = CORPUS[0] * 3
    expected = tokenizer(f"{text}<|end|> Paris", add_special_tokens=False)["input_ids"]
    shared = SharedEncoding(tokenizer)
    shared.encode(text)
    backend = tokenizer.backend_tokenizer
    if setting == "truncation":
        backend.enable_truncation(4)
    elif setting == "padding":
        backend.enable_padding(length=500)
    else:
        backend.encode_special_tokens = True
    assert shared.encode(f"{text}<|end|> Paris") == expected


@pytest.mark.parametrize(
    "tokenizer",
    [
        tokenizer_of(byte_level(prefix=True, regex=True)),
        tokenizer_of(split(r"(?<=\d)\p{L}+|."), byte_level()),
        tokenizer_of(split(r"\p{L}+\d|\p{L}|."), byte_level()),
        tokenizer_of(split(r'"[^"]*"|\w+|.'), byte_level()),
        tokenizer_of(split(r"\s+$|\s|\S+"), byte_level()),
        tokenizer_of(split(r"^\p{L}+|.+"), byte_level()),
        tokenizer_of(split(r"\bx|.+?"), byte_level()),
        tokenizer_of(split(r"\p{L}+(?=\p{N})|.", "isolated"), byte_level()),
        tokenizer_of(split(r"\p{L}+(?!\p{N}\p{N})|.", "isolated"), byte_level()),
        tokenizer_of(split(r" ", "merged_with_previous"), byte_level()),
        tokenizer_of(split(GPT2, invert=True), byte_level()),
        tokenizer_of(split(GPT2), byte_level(), normalizer=normalizers.NFKC()),
        tokenizer_of(split(GPT2), byte_level(), normalizer=normalizers.Prepend("▁")),
        tokenizer_of(split(GPT2), byte_level(), added=(AddedToken("<|end|>", rstrip=True),)),
        tokenizer_of(split(GPT2), byte_level(), added=(AddedToken("word", single_word=True),)),
        tokenizer_of(pre_tokenizers.Metaspace(), byte_level()),
        tokenizer_of(split(GPT2), byte_level(), model=models.BPE(dropout=0.1)),
        tokenizer_of(split(GPT2), byte_level(), model=models.BPE(unk_token="<unk>")),  # noqa: S106 - a token of text
        tokenizer_of(split(GPT2)),
    ],
)
def test_tokenizers_that_look_back_or_ahead_are_asked_for_each_text(tokenizer: PreTrainedTokenizerFast) -> None:
    assert not is_separable(tokenizer)


def test_a_tokenizer_with_code_of_its_own_is_asked_for_each_text() -> None:
    class Own(PreTrainedTokenizerFast):
        def _encode_plus(self, *args: Any, **options: Any) -> Any:
            return super()._encode_plus(*args, **options)

    backend = SEPARABLE["llama-3"].backend_tokenizer
    assert is_separable(PreTrainedTokenizerFast(tokenizer_object=backend))
    assert not is_separable(Own(tokenizer_object=backend))
