"""Atoms of a prompt: the least that can be dropped, over the exact ids that the checkpoint saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.engine import Engine


@dataclass(slots=True)
class Atom:
    """The least that can be dropped: tokens that share characters, and those characters. Features are made of atoms."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    positions: list[int]
    """Its tokens' positions in the context."""
    markup: bool = False
    """Whether it is a special token written out in the prompt, e.g. of a chat template."""


def find_atoms(engine: Engine, text: str, ids: Sequence[int]) -> list[Atom]:
    """Atoms of ``text``, in order, tiling it; tokens that must stay belong to none.

    Characters between two tokens (tokenizers trim white space off their offsets) count to the second.

    Args:
        engine: The checkpoint, for its tokenizer.
        text: The prompt.
        ids: Its token ids.

    Raises:
        UsageError: The tokenizer gives no character offsets for these ids.
    """
    special = _special_ids(engine)
    atoms: list[Atom] = []
    early: list[int] = []
    reached = 0
    for position, (start, end) in enumerate(offsets(engine, text, ids)):
        is_special = ids[position] in special
        if position == 0 and is_special and (end == 0 or ids[0] == engine.tokenizer.bos_token_id):
            reached = end  # the beginning-of-sequence token is never dropped
        elif end <= reached or start < reached:
            (atoms[-1].positions if atoms else early).append(position)
            reached = max(reached, end)
            if atoms:
                atoms[-1].end = reached
        else:
            atoms.append(Atom(reached, end, [*early, position], markup=is_special))
            early, reached = [], end
    if atoms:
        atoms[-1].end = len(text)
    return atoms


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


def in_context(atoms: Iterable[Atom], dropped: int) -> list[Atom]:
    """Atoms without the tokens that fell out of the context; those with none left are gone.

    Args:
        atoms: In order.
        dropped: Tokens that fell out on the left.
    """
    kept = []
    for atom in atoms:
        positions = [position for position in atom.positions if position >= dropped]
        if positions:
            kept.append(Atom(atom.start, atom.end, positions, atom.markup))
    return kept
