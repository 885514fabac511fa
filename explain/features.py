"""The pieces of a prompt that an attribution gives values to, as sets of token positions.

The ids are those of :meth:`audit.engine.Engine.encode_pair`, which the checkpoint saw. A mask drops the
tokens of absent features and never tokenises again, so the mask with everything present is the request
itself, id by id. Features tile the prompt: no character and no token is in two of them, and white space
belongs to a neighbour. A beginning-of-sequence token belongs to none and is never dropped.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import UsageError
from audit.core.records import Feature
from audit.engine import ScoreRequest
from audit.explain.segments import LEVELS, cuts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.engine import Engine

FEWEST = 4
"""A token budget never asks for fewer features than this."""


@dataclass(frozen=True, slots=True)
class Features:
    """A prompt cut into features, over the exact ids that the checkpoint saw."""

    request: ScoreRequest
    """Prompt and target as they are scored; what the model's context cannot hold is already cut from the left."""
    pieces: tuple[Feature, ...]
    """The features, in order."""
    positions: tuple[tuple[int, ...], ...]
    """Per feature its positions in ``request.context_ids``, ascending."""
    level: str
    """``words``, ``clauses``, ``sentences`` or ``runs of sentences``."""
    dropped: int
    """Prompt tokens that fell out of the model's context; they belong to no feature."""
    prefix_token_id: int
    """Stands for a context of which nothing is left."""

    def __len__(self) -> int:
        """Number of features."""
        return len(self.pieces)

    def context(self, present: Sequence[bool]) -> tuple[int, ...]:
        """Context ids with the tokens of absent features dropped.

        Args:
            present: One flag per feature.
        """
        absent = {p for keep, owned in zip(present, self.positions, strict=True) if not keep for p in owned}
        kept = tuple(i for position, i in enumerate(self.request.context_ids) if position not in absent)
        return kept or (self.prefix_token_id,)


@dataclass(slots=True)
class Atom:
    """The smallest piece that can be dropped: tokens that share characters, and those characters."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    positions: list[int]
    """Its tokens' positions in the context."""
    markup: bool = False
    """Whether it is a special token written out in the prompt, e.g. of a chat template."""


def featurize(
    engine: Engine, prompt: str, target: str, *, max_features: int, max_tokens: int | None = None
) -> Features:
    """Cut a prompt into features: words if they are few enough, else clauses, sentences, runs of sentences.

    Args:
        engine: The checkpoint, for its tokenizer and context length.
        prompt: The exact text that the checkpoint sees.
        target: The continuation.
        max_features: Features at most.
        max_tokens: Bound of features x tokens, the cost of leaving out one feature after the other; at
            least ``FEWEST`` features stay. None sets no bound.

    Raises:
        UsageError: Prompt or target is empty, or the tokenizer cannot tell which characters a token covers.
    """
    request = engine.encode_pair(prompt, target)
    text = prompt.rstrip()
    if not text or not request.target_ids:
        msg = f"the {'target' if text else 'prompt'} is empty: there is nothing to explain"
        raise UsageError(msg)
    atoms = find_atoms(engine, text, request.context_ids)
    dropped = max(0, len(request.context_ids) + len(request.target_ids) - engine.max_length - 1)
    atoms = _inside(atoms, dropped)
    if not atoms:
        msg = f"nothing of the prompt fits beside a target of {len(request.target_ids)} tokens: shorten the target"
        raise UsageError(msg)
    limit = max_features
    if max_tokens is not None:
        tokens = len(request.context_ids) - dropped + len(request.target_ids)
        limit = min(max_features, max(FEWEST, max_tokens // tokens))
    level, groups = _coarsest_needed(text, atoms, limit)
    spans = [(group[0].start, group[-1].end) for group in groups]
    return Features(
        ScoreRequest(request.context_ids[dropped:], request.target_ids),
        tuple(Feature(text=text[start:end], start=start, end=end) for start, end in spans),
        tuple(tuple(p - dropped for atom in group for p in atom.positions) for group in groups),
        level,
        dropped,
        engine.prefix_token_id,
    )


def find_atoms(engine: Engine, text: str, ids: Sequence[int]) -> list[Atom]:
    """Atoms of ``text``, in order, tiling it; tokens that must stay belong to none.

    Characters between two tokens (tokenizers trim white space off their offsets) count to the second.

    Raises:
        UsageError: The tokenizer gives no character offsets for these ids.
    """
    special = _special_ids(engine)
    atoms: list[Atom] = []
    early: list[int] = []
    reached = 0
    for position, (start, end) in enumerate(_offsets(engine, text, ids)):
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


def _offsets(engine: Engine, text: str, ids: Sequence[int]) -> list[tuple[int, int]]:
    """Start and end character of each token of ``ids``."""
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


def _inside(atoms: Iterable[Atom], dropped: int) -> list[Atom]:
    """Atoms without the tokens that fell out of the context; those with none left are gone."""
    kept = []
    for atom in atoms:
        positions = [position for position in atom.positions if position >= dropped]
        if positions:
            kept.append(Atom(atom.start, atom.end, positions, atom.markup))
    return kept


def _coarsest_needed(text: str, atoms: Sequence[Atom], limit: int) -> tuple[str, list[list[Atom]]]:
    """The finest level with at most ``limit`` groups, and its groups."""
    groups: list[list[Atom]] = []
    for level in LEVELS:
        groups = group_atoms(text, atoms, cuts(text, level))
        if len(groups) <= limit:
            return level, groups
    return "runs of sentences", _runs(groups, limit)


def group_atoms(text: str, atoms: Sequence[Atom], starts: Iterable[int]) -> list[list[Atom]]:
    """Atoms by the piece that they belong to; pieces that share an atom become one.

    Chat markup is a piece of its own. An atom of white space alone joins the piece before it, the first
    ones the piece behind.
    """
    markup = (offset for atom in atoms if atom.markup for offset in (atom.start, atom.end))
    ordered = sorted({*starts, *markup})
    groups: list[list[Atom]] = []
    early: list[Atom] = []
    reached = -1
    for atom in atoms:
        visible = [p for p in range(atom.start, atom.end) if not text[p].isspace()]
        first = bisect_right(ordered, visible[0]) if visible else reached
        if first > reached:
            groups.append([*early, atom])
            early = []
        else:
            (groups[-1] if groups else early).append(atom)
        if visible:
            reached = bisect_right(ordered, visible[-1])
    return groups or [early]


def _runs(groups: Sequence[list[Atom]], limit: int) -> list[list[Atom]]:
    """Neighbouring groups merged into at most ``limit`` runs of about equal token count."""
    sizes = [sum(len(atom.positions) for atom in group) for group in groups]
    total, before = sum(sizes), 0
    runs: dict[int, list[Atom]] = {}
    for group, size in zip(groups, sizes, strict=True):
        middle = before + size / 2
        runs.setdefault(int(middle * limit / total), []).extend(group)
        before += size
    return list(runs.values())
