"""Prompts as sent to a server: without what the server adds itself, cut if the context is too short."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from audit.engine.room import share

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Fitted:
    """A prompt that fits."""

    text: str
    """The text to send."""
    truncated: int
    """Tokens dropped from the left."""
    room: int | None
    """Tokens that fit after it; None if the context length is unknown."""


@dataclass(frozen=True)
class Prompts:
    """Fits prompts, given the context length and, if available, the tokenizer."""

    tokenizer: PreTrainedTokenizerBase | None
    """None leaves prompts unchanged: the server refuses those that are too long."""
    max_length: int
    """Context length in tokens."""
    is_known: bool = True
    """Whether the context length is known. A guess limits no answer."""
    overhead: int | None = None
    """Tokens added by a chat endpoint's template; None if the prompt is sent as it is."""

    def fit(self, prompt: str, new_tokens: int) -> Fitted:
        """A prompt that leaves room for the answer, as with a local checkpoint.

        Without a tokenizer a prompt counts as long as its bytes: no token is shorter. Where the context is not known
        either, the server alone bounds the answer.
        """
        text = self.without_prefix(prompt)
        if self.tokenizer is None:
            size = len(text.encode()) + (self.overhead or 0)
            return Fitted(text, 0, share(size, new_tokens, self.max_length)[1] if self.is_known else None)
        added = self.tokenizer.num_special_tokens_to_add() if self.overhead is None else self.overhead
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        kept, room = share(len(ids) + added, new_tokens, self.max_length)
        kept = max(1, kept - added)
        return Fitted(text, 0, room) if len(ids) <= kept else Fitted(self.decode(ids[-kept:]), len(ids) - kept, room)

    def without_prefix(self, text: str) -> str:
        """The text without a beginning-of-sequence token that the server's tokenizer adds itself.

        Chat templates write it, and so do decoded ids; sent along it would be there twice.
        """
        if self.tokenizer is None or not isinstance(self.tokenizer.bos_token, str):
            return text
        adds = self.tokenizer("")["input_ids"][:1] == [self.tokenizer.bos_token_id]
        return text.removeprefix(self.tokenizer.bos_token) if adds else text

    def decode(self, ids: list[int]) -> str:
        """Text of token ids, special ones included, spaces as they are."""
        if self.tokenizer is None:
            return ""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def text(self, ids: list[int]) -> str:
        """Ids as text, without what the server's tokenizer adds."""
        return self.without_prefix(self.decode(ids))

    def ids(self, text: str) -> list[int]:
        """Token ids of a text, with those that the tokenizer adds; none without a tokenizer."""
        return list(self.tokenizer(text)["input_ids"]) if self.tokenizer else []

    def survives(self, ids: list[int]) -> bool:
        """Whether ids survive a round trip through text."""
        return self.ids(self.text(ids)) == ids

    def first(self, text: str, count: int) -> str | None:
        """The first tokens of a text as text; None if it has no more than these, or there is no tokenizer."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"] if self.tokenizer else []
        return self.decode(ids[:count]) if len(ids) > count else None

    @cached_property
    def specials(self) -> frozenset[str]:
        """Tokens that a server removes from a text by default; none without a tokenizer."""
        if self.tokenizer is None:
            return frozenset()
        added = (str(token) for token in self.tokenizer.added_tokens_decoder.values() if token.special)
        return frozenset({*added, *self.tokenizer.all_special_tokens} - {""})

    def without_specials(self, text: str) -> str:
        """A text without special tokens."""
        words = sorted(self.specials, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, words)), "", text) if words else text

    def count(self, text: str) -> int:
        """Tokens of a text; 0 without a tokenizer."""
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if self.tokenizer else 0
