"""Where a generated text ends: end-of-turn tokens, stop strings at the exact character, or the length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.engine.requests import Generation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase

STOP_MARGIN = 8
"""Tokens decoded beyond a stop string's length in bytes, so that one split over tokens is seen."""


class Endings:
    """The rules of one checkpoint.

    Args:
        model: Its generation configuration names the tokens that end a turn.
        tokenizer: Its end of sequence ends a turn too.
    """

    def __init__(self, model: Any, tokenizer: PreTrainedTokenizerBase) -> None:  # noqa: ANN401 - no common typed base
        self.model = model
        self.tokenizer = tokenizer

    @property
    def ids(self) -> list[int]:
        """Tokens that end a turn."""
        named = self.model.generation_config.eos_token_id
        ids = [named] if isinstance(named, int) else list(named or [])
        own = self.tokenizer.eos_token_id
        if isinstance(own, int) and own not in ids:
            ids.append(own)
        return ids

    def stopped(self, tokens: Sequence[int], stops: Sequence[str]) -> bool:
        """Whether the end of a text holds one of the stop strings."""
        special = self.tokenizer.all_special_tokens
        words = [stop for stop in stops if stop and stop not in special]  # those are tokens, not part of the text
        if not words:
            return False
        tail = max(len(stop.encode()) for stop in words) + STOP_MARGIN
        text = str(self.tokenizer.decode(list(tokens[-tail:]), skip_special_tokens=True))
        return any(stop in text for stop in words)

    def ended(self, tokens: Sequence[int], stops: Sequence[str]) -> bool:
        """Whether the last token ends a turn or completes a stop string."""
        return tokens[-1] in self.ending(stops) or self.stopped(tokens, stops)

    def ending(self, stops: Sequence[str]) -> set[int]:
        """Tokens that end a turn, stop strings that are special tokens among them."""
        special = [stop for stop in stops if stop in self.tokenizer.all_special_tokens]
        found = self.tokenizer.convert_tokens_to_ids(special)
        return {*self.ids, *(found if isinstance(found, list) else [found])}

    def finish(self, tokens: Sequence[int], stops: Sequence[str], stopped_at: int | None = None) -> Generation:
        """Text, token count and reason of a row.

        Args:
            tokens: Generated tokens, the ones that ended the row included.
            stops: Stop strings; the text is cut before the first.
            stopped_at: Token count at which a stop string was seen; None looks whether the text ends in one.
        """
        ends = self.ending(stops)
        end = next((place for place, token in enumerate(tokens) if token in ends), None)
        if stopped_at is None and self.stopped(tokens, stops):
            stopped_at = len(tokens)
        if end is not None and (stopped_at is None or end < stopped_at):
            count, reason = end + 1, "stop"
        elif stopped_at is not None:
            count, reason = stopped_at, "stop"
        else:
            count, reason = len(tokens), "length"
        text = str(self.tokenizer.decode(list(tokens[:count]), skip_special_tokens=True))
        cuts = [text.index(word) for word in stops if word and word in text]
        return Generation(text[: min(cuts)] if cuts else text, count, reason)
