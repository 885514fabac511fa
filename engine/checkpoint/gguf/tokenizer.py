"""The tokenizer that a GGUF file describes: exactly its tokens, its special ones, and its way to split a text.

transformers' own builder ignores most names of pre-tokenizers, adds ``<|endoftext|>`` to byte-level vocabularies that
lack it, and leaves out special tokens that the byte-level alphabet cannot spell. So a byte-level vocabulary
(``tokenizer.ggml.model`` = ``gpt2``) is built here from the metadata; the others are transformers', without the tokens
that it adds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tokenizers import AddedToken, Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.gguf.pre_tokenizers import MISSING, PreTokenizing, pre_tokenizing

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from audit.engine.checkpoint.gguf.header import Header

UNKNOWN, CONTROL, USER_DEFINED = 2, 3, 4
"""Types of tokens (``tokenizer.ggml.token_type``) that are matched whole in a text."""
SPECIAL = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
ENDINGS = ("eos", "eot", "eom")
"""Tokens that end a text, a turn and a message."""


def build_tokenizer(header: Header, whole: Path) -> tuple[PreTrainedTokenizerBase, list[str]]:
    """The tokenizer of a GGUF file, and remarks.

    Args:
        header: Header of the file.
        whole: The file, its parts joined, for transformers.

    Raises:
        CheckpointError: Its way to split text is not known here, so that its tokens would not be the checkpoint's.
    """
    file, tokens = header.files[0], header.value("tokenizer.ggml.tokens")
    if not tokens:
        msg = f"{file}: no tokenizer (tokenizer.ggml.tokens): convert the checkpoint again, with its tokenizer"
        raise CheckpointError(msg)
    remarks: list[str] = []
    named = _named(header, tokens)
    if header.value("tokenizer.ggml.model") == "gpt2":
        splitting, remarks = _splitting(header, file)
        backend, begins = _byte_level(header, tokens, splitting), splitting.begins
    else:
        backend = _by_transformers(header, whole, len(tokens))
        begins = header.value("tokenizer.ggml.model") == "llama"
    backend.add_special_tokens([_whole(tokens[number], special=True) for number in _special_ids(header, tokens)])
    tokenizer: PreTrainedTokenizerBase = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        add_bos_token="bos_token" in named and bool(header.value("tokenizer.ggml.add_bos_token", begins)),
        add_eos_token="eos_token" in named and bool(header.value("tokenizer.ggml.add_eos_token", False)),
        chat_template=_chat_templates(header),
        **named,
    )
    _check(tokenizer, tokens, file)
    return tokenizer, remarks


def ending_ids(header: Header) -> list[int]:
    """Ids of the tokens that end a text, a turn or a message, each once."""
    ids = [header.value(f"tokenizer.ggml.{name}_token_id") for name in ENDINGS]
    return list(dict.fromkeys(int(number) for number in ids if number is not None))


def _splitting(header: Header, file: Path) -> tuple[PreTokenizing, list[str]]:
    """How the file's pre-tokenizer splits a text, and a remark if the file names none."""
    name = header.value("tokenizer.ggml.pre")
    found = pre_tokenizing(MISSING if name is None else str(name))
    if found is None:
        msg = (
            f"{file}: its pre-tokenizer (tokenizer.ggml.pre) is {name!r}, which is not supported, and any other "
            "would give different tokens: audit the folder that the file was converted from"
        )
        raise CheckpointError(msg)
    if name is not None:
        return found, []
    return found, ["the file names no pre-tokenizer (tokenizer.ggml.pre): text is split as for GPT-2"]


def _byte_level(header: Header, tokens: list[str], splitting: PreTokenizing) -> Tokenizer:
    """Byte-level BPE with the file's tokens and merges."""
    vocabulary = {token or f"[EMPTY_{number}]": number for number, token in enumerate(tokens)}
    merges = [_pair(merge) for merge in header.value("tokenizer.ggml.merges", [])]
    backend = Tokenizer(BPE(vocab=vocabulary, merges=merges, ignore_merges=splitting.whole_words))
    if splitting.composes:
        backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = splitting.build()
    backend.decoder = decoders.ByteLevel()
    types = header.value("tokenizer.ggml.token_type", [])
    for number, kind in enumerate(types):
        if kind in {UNKNOWN, CONTROL}:
            backend.add_special_tokens([_whole(tokens[number], special=True)])
        elif kind == USER_DEFINED:
            backend.add_tokens([_whole(tokens[number], special=False)])
    return backend


def _by_transformers(header: Header, whole: Path, count: int) -> Tokenizer:
    """A SentencePiece vocabulary as transformers builds it, without the tokens it adds to the file's."""
    built = AutoTokenizer.from_pretrained(whole.parent, gguf_file=whole.name)
    described: dict[str, Any] = json.loads(built.backend_tokenizer.to_str())
    described["added_tokens"] = [token for token in described["added_tokens"] if token["id"] < count]
    described["post_processor"] = None
    before = described["pre_tokenizer"] or {}
    if before.get("type") == "Metaspace" and header.value("tokenizer.ggml.add_space_prefix") is False:
        before["prepend_scheme"] = "never"
        steps = described["decoder"]["decoders"]
        described["decoder"]["decoders"] = [step for step in steps if step["type"] != "Strip"]
    backend: Tokenizer = Tokenizer.from_str(json.dumps(described))
    return backend


def _special_ids(header: Header, tokens: list[str]) -> list[int]:
    """Tokens that the metadata name, whatever their type: files from old converters give none a type."""
    names = [*SPECIAL.values(), *ENDINGS]
    ids = [header.value(f"tokenizer.ggml.{name}_token_id") for name in names]
    return [int(number) for number in ids if number is not None and number < len(tokens)]


def _named(header: Header, tokens: list[str]) -> dict[str, str]:
    """The special tokens by their names in transformers; only those that the file names."""
    ids = {role: header.value(f"tokenizer.ggml.{name}_token_id") for role, name in SPECIAL.items()}
    return {role: tokens[number] for role, number in ids.items() if number is not None and number < len(tokens)}


def _chat_templates(header: Header) -> str | dict[str, str] | None:
    """The chat template, or all of them by name if there are several."""
    default = header.value("tokenizer.chat_template")
    names = header.value("tokenizer.chat_templates", [])
    named = {str(name): str(header.value(f"tokenizer.chat_template.{name}")) for name in names}
    if not named:
        return None if default is None else str(default)
    return {"default": str(default), **named} if default is not None else named


def _check(tokenizer: PreTrainedTokenizerBase, tokens: list[str], file: Path) -> None:
    """Refuse a vocabulary with an id that is not one of the file's.

    Raises:
        CheckpointError: There is another one, so that ids would have no embedding.
    """
    largest = max(tokenizer.get_vocab().values())
    if largest >= len(tokens):
        extra = next(token for token, number in tokenizer.get_vocab().items() if number == largest)
        msg = f"{file}: its tokenizer cannot be rebuilt: {extra!r} is not among its {len(tokens)} tokens"
        raise CheckpointError(msg)


def _pair(merge: str) -> tuple[str, str]:
    """The two tokens of a merge, which a space divides."""
    place = merge.find(" ", 1)
    return merge[:place], merge[place + 1 :]


def _whole(token: str, *, special: bool) -> AddedToken:
    """A token that is matched whole in a text."""
    return AddedToken(token, normalized=False, special=special)
