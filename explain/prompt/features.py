"""The features of a prompt, which an attribution gives values to, as sets of token positions.

The ids are those that the checkpoint saw: of :meth:`audit.engine.Engine.encode_answer` for an answer, of
:meth:`audit.engine.Engine.encode_pair` where options were scored. A mask drops the
tokens of absent features and never tokenises again, so the mask with everything present is the request
itself, id by id. Features tile the prompt, or those of its spans that are to be explained: no character and
no token is in two of them, and white space belongs to a neighbour. What is in none of them, and a
beginning-of-sequence token, is never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import UsageError, did_you_mean
from audit.core.records import Feature
from audit.core.text import printable
from audit.engine import ScoreRequest
from audit.explain.prompt.grouping import FEWEST, coarsest_needed, group_tokens
from audit.explain.prompt.segments import cuts
from audit.explain.prompt.tokens import find_tokens, in_context
from audit.explain.prompt.units import Unit, named_spans, refuse_overlaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Span
    from audit.engine import Engine
    from audit.explain.prompt.tokens import PromptToken


@dataclass(frozen=True, slots=True)
class Features:
    """A prompt cut into features, over the exact ids that the checkpoint saw."""

    request: ScoreRequest
    """Prompt and target as they are scored; what the model's context cannot hold is already cut from the left."""
    records: tuple[Feature, ...]
    """The features, in order."""
    positions: tuple[tuple[int, ...], ...]
    """Per feature its positions in ``request.context_ids``, ascending."""
    level: str
    """What a feature is: a unit, or ``runs of`` words, clauses or sentences."""
    dropped: int
    """Prompt tokens that fell out of the model's context; they belong to no feature."""
    others: tuple[tuple[int, ...], ...]
    """Token ids of the other continuations, behind the same context."""
    prefix_token_id: int
    """Replaces a context of which nothing is left."""

    def __len__(self) -> int:
        """Number of features."""
        return len(self.records)

    def context(self, present: Sequence[bool]) -> tuple[int, ...]:
        """Context ids with the tokens of absent features dropped.

        Args:
            present: One flag per feature.
        """
        absent = {p for keep, owned in zip(present, self.positions, strict=True) if not keep for p in owned}
        kept = tuple(i for position, i in enumerate(self.request.context_ids) if position not in absent)
        return kept or (self.prefix_token_id,)


@dataclass(frozen=True, slots=True)
class Cut:
    """How finely a prompt is cut into features, and which parts of it are."""

    max_features: int
    """Features at most, for unit ``auto``."""
    max_tokens: int | None = None
    """For unit ``auto``: bound of features x tokens, the cost of leaving out one feature after the other; at least
    ``FEWEST`` features stay. None sets no bound."""
    unit: Unit = "auto"
    """What a feature is; ``auto`` takes words if they are few enough, else clauses, sentences, runs of sentences; where
    a level has fewer than ``FEWEST`` features, runs of the finer ones inside them."""
    spans: tuple[Span, ...] = ()
    """Named parts of the prompt."""
    within: tuple[str, ...] = ()
    """Names of the spans that are explained, the rest of the prompt is always present; empty: the whole prompt."""

    def limit(self, tokens: int) -> int:
        """Features at most of a prompt and target of so many tokens together."""
        if self.max_tokens is None:
            return self.max_features
        return min(self.max_features, max(FEWEST, self.max_tokens // tokens))


def featurize(engine: Engine, prompt: str, continuations: Sequence[str], cut: Cut, *, scored: bool = False) -> Features:
    """Cut a prompt into features.

    "Wait, a 🤖 b" are 11 tokens, of which the emoji is four. A model that reads 10 tokens at once has room
    for 9 of them and a target of two tokens, the last of which is predicted and never read. Words are then::

        text          W   ai   t   ,    a  ␣   🤖          b
        position      0   1    2   3    4  5   6  7  8  9  10     in the ids of the whole prompt
        dropped = 2   –   –
        tokens                 2   3    4  5   6..9        10     tokens that share a character stay together
        features              "t,"     " a "   "🤖"        " b"
        positions              0   1    2  3   4  5  6  7  8      in ``request.context_ids``: less ``dropped``

    Args:
        engine: The checkpoint, for its tokenizer and context length.
        prompt: The exact text that the checkpoint sees.
        continuations: The target, then what is scored next to it; the context is cut so that the longest fits.
        cut: How finely, and which parts.
        scored: Whether the target was chosen by scoring options, which takes white space at the end of the prompt
            for part of the continuation; else it is an answer behind the whole prompt.

    Raises:
        UsageError: Prompt or a continuation is empty or adds no token, the tokenizer does not say which
            characters a token covers, or the prompt has no such unit or span.
    """
    if not prompt.strip():
        msg = "the prompt is empty: there is nothing to explain"
        raise UsageError(msg)
    text = prompt.rstrip() if scored else prompt
    request, *others = (_encoded(engine, prompt, continuation, scored=scored) for continuation in continuations)
    longest = max(len(one.target_ids) for one in (request, *others))
    # The last token of a continuation is predicted and never read: the model's length and one token fit.
    dropped = max(0, len(request.context_ids) + longest - (engine.max_length + 1))
    tokens = in_context(find_tokens(engine, text, request.context_ids), dropped)
    if not tokens:
        msg = f"the model's context has no room for the prompt next to a target of {longest} tokens: shorten the target"
        raise UsageError(msg)
    explained = _within(text, tokens, cut)
    seen = ScoreRequest(request.context_ids[dropped:], request.target_ids)
    limit = cut.limit(len(seen.context_ids) + len(seen.target_ids))
    level, groups, names = _groups(engine, text, explained, cut, limit)
    return Features(
        request=seen,
        records=tuple(_feature(text, group, name) for group, name in zip(groups, names, strict=True)),
        positions=tuple(tuple(p - dropped for token in group for p in token.positions) for group in groups),
        level=level,
        dropped=dropped,
        others=tuple(one.target_ids for one in others),
        prefix_token_id=engine.prefix_token_id,
    )


def _within(text: str, tokens: Sequence[PromptToken], cut: Cut) -> list[PromptToken]:
    """The tokens of the parts that are explained, part by part; all where no part is named.

    Raises:
        UsageError: A name is unknown, two parts overlap, or none of them is inside the context.
    """
    if not cut.within:
        return list(tokens)
    found = [token for part in regions(cut.spans, cut.within) for token in tokens if _belongs(text, token, part)]
    if not found:
        msg = f"nothing of {', '.join(cut.within)} is inside the context: there is nothing to explain"
        raise UsageError(msg)
    return found


def _feature(text: str, group: Sequence[PromptToken], name: str | None) -> Feature:
    """The record of a feature: the characters from its first token to its last."""
    start, end = group[0].start, group[-1].end
    return Feature(text=text[start:end], start=start, end=end, name=name)


def _encoded(engine: Engine, prompt: str, continuation: str, *, scored: bool) -> ScoreRequest:
    """Prompt and continuation as token ids.

    Raises:
        UsageError: The continuation is empty, or merges with the end of the prompt.
    """
    request = (engine.encode_pair if scored else engine.encode_answer)(prompt, continuation)
    if not request.target_ids:
        msg = f"{printable(continuation, 40)!r} merges with the end of the prompt: there is no token to explain"
        raise UsageError(msg if continuation else "the target is empty: there is nothing to explain")
    return request


def regions(spans: Sequence[Span], within: Sequence[str]) -> list[Span]:
    """The spans of these names, in order.

    Args:
        spans: Named parts of a prompt.
        within: Names.

    Raises:
        UsageError: A name is unknown, or two of the spans overlap.
    """
    unknown = sorted(set(within) - {span.name for span in spans})
    if unknown:
        known = ", ".join(dict.fromkeys(span.name for span in spans)) or "none"
        hint = did_you_mean(unknown[0], {span.name for span in spans})
        msg = f"the prompt has no part called {', '.join(unknown)}; known parts: {known}.{hint}"
        raise UsageError(msg)
    found = sorted((span for span in spans if span.name in within), key=lambda span: span.start)
    refuse_overlaps(found)
    return found


def _belongs(text: str, token: PromptToken, span: Span) -> bool:
    """Whether a token lies in a span: by its first visible character, or whole where it has none."""
    visible = next((p for p in range(token.start, token.end) if not text[p].isspace()), None)
    if visible is None:
        return span.start <= token.start and token.end <= span.end
    return span.start <= visible < span.end


def _groups(
    engine: Engine, text: str, tokens: Sequence[PromptToken], cut: Cut, limit: int
) -> tuple[str, list[list[PromptToken]], list[str | None]]:
    """What the features are, the tokens of each, and their names.

    Raises:
        UsageError: The prompt has no such unit, or none of it is inside what is explained.
    """
    unit = cut.unit
    if unit in {"turns", "examples", "fields", "steps"}:
        named = named_spans(engine, text, unit, cut.spans)
        owned = [(span.name, [token for token in tokens if _belongs(text, token, span)]) for span in named]
        held = [(name, group) for name, group in owned if group]
        if not held:
            msg = f"none of the prompt's {unit} is inside what is explained"
            raise UsageError(msg)
        return unit, [group for _, group in held], [name for name, _ in held]
    if unit == "auto":
        level, groups = coarsest_needed(text, tokens, limit)
    elif unit == "tokens":
        level, groups = unit, [[token] for token in tokens]
    else:
        level, groups = unit, group_tokens(text, tokens, cuts(text, unit))
    return level, groups, [None] * len(groups)
