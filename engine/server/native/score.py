"""Log-probabilities of targets by an own endpoint: one request for each context, and one for each longer target.

The first tokens of all targets of a context are asked for together. The others of a longer target are read from the
second token on, at the place where a context that fills blocks of the server's cache is read from the cache. A first
token is the likeliest where it has the value of the greedy token that comes along. Of the others an endpoint may give
values alone. One above :data:`CERTAIN` leaves less for any other token. Where that decides nothing and all tokens
before are the likeliest, the text is read again in the way that says so. After a token that is not the likeliest,
``is_argmax`` is true only where it is certain: whether greedy decoding writes the target is known by then.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.engine.requests import Score, ScoreRequest
from audit.engine.server.native.dialect import TokenValue
from audit.engine.server.score import EXTRA, LONGER_THAN_CONTEXT, NOT_FINITE, UNANSWERED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.engine.server.client import Client
    from audit.engine.server.native.dialect import Dialect

CERTAIN = -0.69
"""Log-probability above which a token is the likeliest: ln 0.5 is −0.6931, and the rest is room for rounding."""
TOGETHER = 256
"""Targets whose answers are stored together."""

Read = list[TokenValue] | str
"""Values, or why there are none."""


class NativeScorer:
    """Scores requests by an own endpoint.

    Args:
        client: Of the address at which the endpoint is.
        dialect: How it is asked.
        max_length: Context length in tokens.
    """

    def __init__(self, client: Client, dialect: Dialect, max_length: int) -> None:
        self.client = client
        self.dialect = dialect
        self.max_length = max_length
        self._reported: set[str] = set()

    def work(
        self, requests: Sequence[ScoreRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Score], int]]:
        """Scores by index, some at a time, and the number of tokens of their sequences."""
        places = sorted(missing)
        for start in range(0, len(places), TOGETHER):
            part = places[start : start + TOGETHER]
            scores = self._scores({index: requests[index] for index in part})
            for error in [score.error for score in scores.values() if score.error]:
                if error not in self._reported:
                    self._reported.add(error)
                    say(error)
            yield scores, sum(len(requests[index].context_ids) + len(requests[index].target_ids) for index in part)

    def _scores(self, requests: dict[int, ScoreRequest]) -> dict[int, Score]:
        """Scores of some requests."""
        scores, contexts = {}, {}
        for index, request in requests.items():
            if not request.target_ids:
                scores[index] = Score((), ())
            elif len(request.target_ids) > self.max_length - EXTRA:
                scores[index] = Score((), (), error=LONGER_THAN_CONTEXT)
            else:
                contexts[index] = request.context_ids[-(self.max_length - 1 - len(request.target_ids)) :]
        after = self._after({index: (context, requests[index].target_ids[0]) for index, context in contexts.items()})
        longer = {index: context for index, context in contexts.items() if len(requests[index].target_ids) > 1}
        texts = {index: [*context, *requests[index].target_ids] for index, context in longer.items()}
        starts = {index: len(context) + 1 for index, context in longer.items()}
        rest = self._read(texts, starts, self.dialect.ways)
        if self.dialect.deciding is not None:
            undecided = [index for index, read in rest.items() if _is_open(after[index], read)]
            again = {index: texts[index] for index in undecided}
            rest |= self._read(again, starts, (self.dialect.deciding,))
        for index, context in contexts.items():
            dropped = len(requests[index].context_ids) - len(context)
            scores[index] = _score(after[index], rest.get(index, []), dropped)
        return scores

    def _after(self, wanted: dict[int, tuple[tuple[int, ...], int]]) -> dict[int, TokenValue | str]:
        """Values of first tokens, or why there are none."""
        tokens: dict[tuple[int, ...], dict[int, None]] = {}
        for context, token in wanted.values():
            tokens.setdefault(context, {})[token] = None
        most = self.dialect.most
        parts = [
            (context, list(first)[start : start + most])
            for context, first in tokens.items()
            for start in range(0, len(first), most)
        ]
        calls = [self.dialect.after(list(context), some) for context, some in parts]
        found: dict[tuple[tuple[int, ...], int], TokenValue | str] = {}
        for position, reply in self.client.ask_all(calls):
            context, some = parts[position]
            try:
                values: dict[int, TokenValue] | dict[int, str] = self.dialect.values_after(reply, some)
            except ValueError as error:
                values = dict.fromkeys(some, str(error))
            found |= {(context, token): value for token, value in values.items()}
        return {index: found[key] for index, key in wanted.items()}

    def _read(self, texts: dict[int, list[int]], starts: dict[int, int], ways: Sequence[str]) -> dict[int, Read]:
        """Values of tokens of texts, or why there are none; in the next way where one gives none."""
        found: dict[int, Read] = {}
        for way in ways:
            places = [index for index in texts if not isinstance(found.get(index), list)]
            if not places:
                break
            calls = [self.dialect.reading(texts[index], starts[index], way) for index in places]
            for position, reply in self.client.ask_all(calls):
                index = places[position]
                try:
                    found[index] = self.dialect.values_read(reply, texts[index], starts[index], way)
                except ValueError as error:
                    found[index] = str(error)
        return found


def _is_open(first: TokenValue | str, rest: Read) -> bool:
    """Whether it is not known if greedy decoding would write a target."""
    if isinstance(first, str) or isinstance(rest, str) or first.behind != 0.0:
        return False
    return not all(one.log_prob > CERTAIN for one in rest)


def _score(first: TokenValue | str, rest: Read, dropped: int) -> Score:
    """The score of a target."""
    if isinstance(first, str) or isinstance(rest, str):
        reason = first if isinstance(first, str) else rest
        return Score((), (), truncated=dropped, error=f"{UNANSWERED}: {reason}")
    tokens = [first, *rest]
    log_probs = tuple(one.log_prob for one in tokens)
    if not all(map(math.isfinite, log_probs)):
        return Score((), (), truncated=dropped, error=NOT_FINITE)
    flags = tuple(one.log_prob > CERTAIN if one.behind is None else one.behind == 0.0 for one in tokens)
    return Score(log_probs, flags, truncated=dropped)
