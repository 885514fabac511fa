"""Tokens of a prompt with their characters, over the exact ids that the checkpoint saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.engine import Engine


@dataclass(slots=True)
class PromptToken:
    """The least that can be dropped: a token and its characters; tokens that share a character count as one."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    positions: list[int]
    """Its positions in the context; several where tokens share a character."""
    markup: bool = False
    """Whether it is a special token written out in the prompt, e.g. of a chat template."""


def find_tokens(engine: Engine, text: str, ids: Sequence[int]) -> list[PromptToken]:
    """Tokens of ``text``, in order, tiling it; without those that are never dropped.

    Characters between two tokens (tokenizers trim white space off their offsets) count to the second.

    Args:
        engine: The checkpoint, for its tokenizer.
        text: The prompt.
        ids: Its token ids.

    Raises:
        UsageError: The tokenizer gives no character offsets for these ids.
    """
    special = _special_ids(engine)
    tokens: list[PromptToken] = []
    early: list[int] = []
    reached = 0
    for position, (start, end) in enumerate(offsets(engine, text, ids)):
        is_special = ids[position] in special
        if position == 0 and is_special and (end == 0 or ids[0] == engine.tokenizer.bos_token_id):
            reached = end  # the beginning-of-sequence token is never dropped
        elif end <= reached or start < reached:
            (tokens[-1].positions if tokens else early).append(position)
            reached = max(reached, end)
            if tokens:
                tokens[-1].end = reached
        else:
            tokens.append(PromptToken(reached, end, [*early, position], markup=is_special))
            early, reached = [], end
    if tokens:
        tokens[-1].end = len(text)
    return tokens


def offsets(engine: Engine, text: str, ids: Sequence[int]) -> list[tuple[int, int]]:
    """Start and end character of each token of ``ids``.

    Args:
        engine: The checkpoint, for its tokenizer.
        text: What the ids are of.
        ids: Token ids.

    Raises:
        UsageError: The tokenizer gives no character offsets for these ids.
    """
    tokenizer = engine.tokenizer
    if tokenizer.is_fast:
        for options in ({}, {"add_special_tokens": False}):
            encoded = tokenizer(text, return_offsets_mapping=True, **options)
            if list(encoded["input_ids"]) == list(ids):
                offsets: list[tuple[int, int]] = encoded["offset_mapping"]
                return offsets
    msg = f"{engine.record.name}: its tokenizer gives no character offsets: use a checkpoint with a tokenizer.json"
    raise UsageError(msg)


def _special_ids(engine: Engine) -> set[int]:
    """Ids of special tokens, chat markup included."""
    added = engine.tokenizer.added_tokens_decoder
    return set(engine.tokenizer.all_special_ids) | {index for index, token in added.items() if token.special}


def in_context(tokens: Iterable[PromptToken], dropped: int) -> list[PromptToken]:
    """The tokens that are inside the context.

    Args:
        tokens: In order.
        dropped: Tokens that fell out on the left.
    """
    kept = []
    for token in tokens:
        positions = [position for position in token.positions if position >= dropped]
        if positions:
            kept.append(PromptToken(token.start, token.end, positions, token.markup))
    return kept
