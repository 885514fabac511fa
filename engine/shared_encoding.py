"""Token ids of texts that begin alike, at the cost of what is new in each.

The prompts of a task share their few-shot examples, and the options of an item share all of its prompt: tokenising each
text whole takes longer than a GPU takes to score it. A byte-level BPE first cuts a text into pre-tokens by a regular
expression, from left to right, and then encodes each of them by itself. So tokens up to a cut that two texts share are
the same in both, and what follows can be encoded alone::

    before   The capital of France is| Paris
    text     The capital of France is| Rome
                              ^ cut            the ids before it are copied, " France is Rome" is encoded

A cut is used only if what decided it, at most the run of characters behind it, lies within what is shared.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedTokenizerFast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerBase

SPACE = "Ġ"
"""How a byte-level vocabulary spells a space."""
LEAST_SHARED = 16
"""Characters behind a cut that two texts must share, and a whole pre-token among them."""

SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_ASCII_THEN_LETTERS = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
DEEPSEEK_V3 = _ASCII_THEN_LETTERS + r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + _SPACES


def cl100k(digits: str) -> str:
    """The pattern of GPT-4's vocabulary, with ``digits`` as the longest run of them, e.g. ``{1,3}``."""
    return rf"{SHORT}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*{_SPACES}"


def cased(digits: str, short: str) -> str:
    """The pattern of GPT-4o's vocabulary and its kin, which cuts before a capital letter."""
    return (
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{short}|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{short}"
        rf"|\p{{N}}{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*{_SPACES}"
    )


QWEN2 = cl100k("")
QWEN35 = rf"{SHORT}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*{_SPACES}"
SEED = rf"{SHORT}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}\r\n]+{_SPACES}"
BAILING = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
EAST_ASIAN = "[\u4e00-\u9fa5\u3040-\u30ff]+"
KNOWN = frozenset({
    *(GPT2, DEEPSEEK_V3, EAST_ASIAN, QWEN35, SEED, BAILING, r"\p{N}{1,3}", r"\p{N}"),
    *(cl100k(digits) for digits in ("", "{1,3}", "+")),
    *(cased(digits, short) for digits in ("", "{1,3}") for short in ("", f"{SHORT}?")),
})  # fmt: skip
"""Published expressions for which it does not matter what precedes a cut, and of what follows it no more than the run
of characters behind it."""


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A text, its token ids, and the cuts between its pre-tokens."""

    text: str
    ids: list[int]
    cuts: list[int]
    """Characters before each cut, ascending."""
    tokens: list[int]
    """Tokens before each cut."""


class SharedEncoding:
    """Encodes texts with a tokenizer; what a text shares with the one before it is copied.

    Args:
        tokenizer: One for which :func:`is_separable`.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer: Any = tokenizer
        added = tokenizer.added_tokens_decoder.values()
        self._margin = max(LEAST_SHARED, *(len(token.content) for token in added), 0)
        self._last = _Encoded("", [], [], [])

    def encode(self, text: str) -> list[int]:
        """Token ids of a text without special tokens around it; equal to the tokenizer's own."""
        last = self._last  # another thread may put another in its place
        place = self._cut(last, text)
        backend = self._tokenizer.backend_tokenizer
        as_usual = backend.padding is None and backend.truncation is None
        if place < 0 or not as_usual or backend.encode_special_tokens != self._tokenizer.split_special_tokens:
            whole = self._tokenizer(text, add_special_tokens=False)  # which sets what is not as usual
            cuts, tokens = _cuts(whole.encodings[0], text)
            self._last = _Encoded(text, whole["input_ids"], cuts, tokens)
            return list(whole["input_ids"])
        start, count = last.cuts[place], last.tokens[place]
        rest = text[start:]
        encoding = backend.encode(rest, add_special_tokens=False)
        cuts, tokens = _cuts(encoding, rest)
        ids = last.ids[:count] + encoding.ids
        self._last = _Encoded(
            text,
            ids,
            last.cuts[: place + 1] + [start + cut for cut in cuts],
            last.tokens[: place + 1] + [count + token for token in tokens],
        )
        return list(ids)

    def _cut(self, last: _Encoded, text: str) -> int:
        """Index of the last cut of another text that is certain in this one too; below 0 if there is none."""
        shared = _common_prefix(last.text, text)
        place = bisect_right(last.cuts, shared - self._margin) - 2  # and a whole pre-token between it and the margin
        # White space is cut by what comes after it. Only ASCII never composes with what precedes it.
        while place >= 0 and not (text[last.cuts[place]].isascii() and text[last.cuts[place] : shared].strip()):
            place -= 1
        return place


def is_separable(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a tokenizer cuts texts from left to right, each cut decided by the characters next to it.

    True of byte-level BPEs (GPT-2, Llama 3, Qwen, SmolLM, …). False of those that mark the beginning of a text
    (SentencePiece's), normalise beyond NFC, cut by what lies before, or are written in Python.
    """
    kind: Any = type(tokenizer)
    if not isinstance(tokenizer, PreTrainedTokenizerFast) or kind.__call__ is not PreTrainedTokenizerFast.__call__:
        return False
    if kind._encode_plus is not PreTrainedTokenizerFast._encode_plus:  # noqa: SLF001 - where models put code of their own
        return False
    backend: Any = tokenizer.backend_tokenizer
    model = backend.model
    if type(model).__name__ != "BPE" or model.dropout or model.unk_token:
        return False
    normal = all(kind["type"] == "NFC" for kind in _kinds(backend.normalizer, "normalizers"))
    parts = list(_kinds(backend.pre_tokenizer, "pretokenizers"))
    plain = not any(t.lstrip or t.rstrip or t.single_word for t in tokenizer.added_tokens_decoder.values())
    byte_level = any(kind["type"] == "ByteLevel" for kind in parts)
    return normal and byte_level and all(map(_cuts_forward, parts)) and plain


def _kinds(part: Any, inner: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - tokenizers' parts have no common base
    """Settings of a normaliser or pre-tokenizer, or of each in a sequence of them; none if it is None."""
    if part is not None:
        settings = json.loads(part.__getstate__())
        yield from settings[inner] if settings["type"] == "Sequence" else [settings]


def _cuts_forward(settings: dict[str, Any]) -> bool:
    """Whether a pre-tokenizer cuts from left to right, and never by what lies before the text."""
    if settings["type"] == "ByteLevel":
        return not settings["add_prefix_space"]
    if settings["type"] == "Split":
        pattern = settings["pattern"].get("Regex", "")
        return settings["behavior"] == "Isolated" and not settings["invert"] and pattern in KNOWN
    return bool(settings["type"] == "Digits")


def _cuts(encoding: Encoding, text: str) -> tuple[list[int], list[int]]:
    """Characters and tokens before each cut between pre-tokens.

    Offsets may leave out white space at either end of a pre-token. So it ends where its last token does only if neither
    the text nor the token ends in white space there; other cuts are left out.
    """
    cuts, tokens = [], []
    words: Sequence[int | None] = encoding.word_ids
    offsets, spelled = encoding.offsets, encoding.tokens
    for index in range(1, len(words)):
        if words[index] != words[index - 1]:
            end = offsets[index - 1][1]
            if not text[end - 1].isspace() and not spelled[index - 1].endswith(SPACE):
                cuts.append(end)
                tokens.append(index)
    return cuts, tokens


def _common_prefix(left: str, right: str) -> int:
    """Number of leading characters that two texts share."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
