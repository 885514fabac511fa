"""Where a generated text ends: end-of-turn tokens, stop strings at the exact character, or the length.

A text may begin with a reasoning trace (:mod:`audit.engine.thinking`). Stop strings are looked for in the answer alone,
and trace and answer have separate bounds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Any

from audit.engine.requests import Generation
from audit.engine.thinking import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.engine.requests import GenerateRequest
    from audit.engine.thinking import Markers, Thinking

STOP_MARGIN = 8
"""Tokens decoded beyond a stop string's length in bytes, so that one split over tokens is found."""


class Endings:
    """The rules of one checkpoint.

    Args:
        model: Its generation configuration names the tokens and strings that end a turn.
        tokenizer: Its end of sequence ends a turn too.
        thinking: What is known of its reasoning traces.
    """

    def __init__(self, model: Any, tokenizer: PreTrainedTokenizerBase, thinking: Thinking) -> None:  # noqa: ANN401 - no common typed base
        self.model = model
        self.tokenizer = tokenizer
        self.thinking = thinking

    @property
    def ids(self) -> list[int]:
        """Tokens that end a turn."""
        ids = self.named
        own = self.tokenizer.eos_token_id
        return [*ids, own] if isinstance(own, int) and own not in ids else ids

    @property
    def named(self) -> list[int]:
        """Those that the generation configuration names."""
        named = self.model.generation_config.eos_token_id
        return [named] if isinstance(named, int) else list(named or [])

    @property
    def stop_strings(self) -> list[str]:
        """Strings that end a turn, by the generation configuration."""
        named = getattr(self.model.generation_config, "stop_strings", None) or []
        return [named] if isinstance(named, str) else list(named)

    @cached_property
    def special(self) -> frozenset[int]:
        """Tokens that are left out of texts; ``all_special_ids`` lacks those only added as special."""
        added = self.tokenizer.added_tokens_decoder
        return frozenset({*self.tokenizer.all_special_ids, *(i for i, token in added.items() if token.special)})

    def whole(self, tokens: Sequence[int]) -> str:
        """Text with special tokens, which markers and stop strings may consist of."""
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=False))

    def plain(self, tokens: Sequence[int]) -> str:
        """Text without them."""
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))

    def likely_tokens(self, request: GenerateRequest) -> int:
        """Maximum tokens of a request's text, including a trace if the checkpoint is likely to write one."""
        thinks = self.thinking.expected or self.thinking.opened_by(request.prompt)
        return request.max_new_tokens + (self.thinking.tokens if thinks else 0)


class WatchedText:
    """One text while it is generated.

    Args:
        endings: The checkpoint's rules.
        request: Gives the stop strings and the answer's token limit.
        room: Tokens that fit after the prompt.
    """

    def __init__(self, endings: Endings, request: GenerateRequest, room: int) -> None:
        self.endings = endings
        self.thinking = endings.thinking
        self.stops = [stop for stop in (*request.stop, *endings.stop_strings) if stop]
        self.longest = max((len(stop.encode()) for stop in self.stops), default=0) + STOP_MARGIN
        self.answer_bound = request.max_new_tokens
        self.room = room
        opened, self.closed = self.thinking.opened_by(request.prompt), self.thinking.closed_by(request.prompt)
        self.shown = opened is not None
        """Whether the start of a trace was seen."""
        self.looking = not self.shown and not self.closed
        """Whether the first characters may still become one."""
        self.inside: Markers | None = opened or (None if self.closed else self.thinking.assumed)
        """The text's trace, if it has one."""
        self.begins: int | None = 0 if self.closed else None
        """Tokens before the answer; None while unknown."""
        self.starting = False
        """Whether the text so far is the beginning of a marker, which the answer's limit does not cut."""
        self.rest = ""
        """The part of the answer in the token that closed the trace."""
        self.blank = 0
        """Tokens of white space between trace and answer."""

    @property
    def may_think(self) -> bool:
        """Whether the text has, or seems to begin, a trace."""
        return self.inside is not None or (self.begins is None and self.starting)

    def ended(self, tokens: Sequence[int]) -> bool:
        """Whether the text ends with the last of these tokens; asked after each."""
        stopped = self._stopped(tokens) if self.begins is not None else self._moved(tokens)
        return stopped or tokens[-1] in self.endings.ids or len(tokens) >= self._bound()

    def finish(self, tokens: Sequence[int]) -> Generation:
        """Text, trace, token counts and reason.

        Args:
            tokens: Generated tokens, the ones that ended the text included.
        """
        ended = tokens[-1] in self.endings.ids
        if self.begins is None and self.inside and (not ended or self.shown):
            return Generation("", len(tokens), _reason(ended), self._trace(tokens, self.inside), len(tokens), False)
        if self.begins is None:  # too short to open a trace, or none came where one was only assumed
            self.inside, self.begins = None, 0
        if self.inside is None and not self.closed:
            self._look_back(tokens)
        ended &= len(tokens) <= self.begins + self.answer_bound  # more were needed to see whether it thinks
        tokens = tokens[: self.begins + self.answer_bound]
        answer = tokens[self.begins :]
        stop = self._first(answer, self._holds)
        text = self._text(answer[: stop or len(answer)])
        trace = self._trace(tokens[: self.begins], self.inside) if self.inside else None
        count = self.begins + (stop or len(answer))
        return Generation(text, count, _reason(ended or stop > 0), trace, self.begins)

    def _bound(self) -> int:
        """Maximum number of tokens of the text."""
        if self.begins is not None:
            return min(self.room, self.begins + self.answer_bound)
        if self.inside:
            return min(self.room, max(1, self.thinking.tokens))
        return self.room if self.starting else min(self.room, self.answer_bound)

    def _moved(self, tokens: Sequence[int]) -> bool:
        """Look whether a trace begins or ends, or none will come; whether the answer has ended already in that case."""
        if self.looking:
            text = self.endings.whole(tokens)
            # Where no trace is expected, white space that ends the text is not waited beyond.
            waits = text.strip() or self.thinking.expected or not self._holds(text)
            if self.thinking.undecided(text) and waits:
                self.starting = text.strip() != ""
                return False
            self.looking = False
            begun = self.thinking.begun(text)
            self.shown, self.inside = begun is not None, begun or self.inside
        if self.inside is None:
            self.begins = 0
            return self._holds(self.endings.whole(tokens))
        end = self.inside.end
        text = self.endings.whole(tokens[-len(end.encode()) - STOP_MARGIN :])
        if end in text:
            self.begins, self.rest = len(tokens), text.partition(end)[2]
        return False

    def _stopped(self, tokens: Sequence[int]) -> bool:
        """Whether the end of the answer holds a stop string."""
        if not self.stops:
            return False
        answer = tokens[(self.begins or 0) + self.blank :]
        if not self.inside or len(answer) > self.longest:
            return self._holds(self.endings.whole(answer[-self.longest :]))
        text = self._whole(answer)
        if not text:
            self.blank += len(answer)
        return self._holds(text)

    def _whole(self, answer: Sequence[int]) -> str:
        """The answer with special tokens, without the white space between it and a trace."""
        text = self.endings.whole(answer)
        return (self.rest + text).lstrip() if self.inside else text

    def _holds(self, text: str) -> bool:
        """Whether the text contains a stop string."""
        return any(stop in text for stop in self.stops)

    def _first(self, tokens: Sequence[int], holds: Callable[[str], bool]) -> int:
        """Number of tokens from which on the text meets a condition; 0 if it never does."""
        if not holds(self._whole(tokens)):
            return 0
        return 1 + bisect_left(range(1, len(tokens)), True, key=lambda count: holds(self._whole(tokens[:count])))

    def _look_back(self, tokens: Sequence[int]) -> None:
        """Find the end of a trace that was opened out of sight, if the checkpoint is known to write traces."""
        found = self.thinking.ended_by(self.endings.whole(tokens)) if self.thinking.expected else None
        if found is not None:
            end = found.end
            self.begins = self._first(tokens, lambda text: end in text)
            self.rest = self.endings.whole(tokens[: self.begins]).partition(end)[2]
            self.inside = found

    def _text(self, answer: Sequence[int]) -> str:
        """The answer without special tokens, cut before the first stop string, which may hold some."""
        text = self.endings.plain(answer)
        if self.inside:
            text = (self.rest + text).lstrip()
        cuts = [text.index(stop) for stop in self.stops if stop in text]
        text = text[: min(cuts)] if cuts else text
        if self.endings.special.isdisjoint(answer):
            return text
        whole = self._whole(answer)
        cuts = [whole.index(stop) for stop in self.stops if stop in whole]
        return min(text, self._before(answer, min(cuts)), key=len) if cuts else text

    def _before(self, answer: Sequence[int], cut: int) -> str:
        """The text, without special tokens, of what comes before a place in the text with them."""
        count = bisect_right(range(1, len(answer) + 1), cut, key=lambda count: len(self._whole(answer[:count])))
        text = self.endings.plain(answer[:count])
        if self.inside:
            text = (self.rest + text).lstrip()
        if count < len(answer) and answer[count] not in self.endings.special:
            text += self._whole(answer[: count + 1])[len(self._whole(answer[:count])) : cut]
        return text

    def _trace(self, tokens: Sequence[int], markers: Markers) -> str | None:
        """The trace in these tokens, without markers and special tokens."""
        text = clean(self.endings.whole(tokens).partition(markers.end)[0], markers) or ""
        for token in self.endings.special.intersection(tokens):
            text = text.replace(self.endings.whole([token]), "")
        return text.strip() or None


def _reason(ended: bool) -> str:
    """Why a text ended."""
    return "stop" if ended else "length"
