"""Log-probabilities of targets: the first token of all targets of a context by one request, the others by reading.

A first token is the likeliest where no token has a larger value. Of the tokens after it an engine may give values
alone. One above :data:`CERTAIN` leaves less for every other token. Where that decides nothing and all before it are the
likeliest, the text is read once more with the likeliest token at each place. After a token that is not the likeliest,
``is_argmax`` is true only where that is certain: whether greedy decoding writes the target is known by then.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.core.errors import ScoringUnavailable
from audit.engine.requests import Score, ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.engine.inprocess.backend import Backend, NextToken, ReadText

CERTAIN = -0.69
"""Log-probability above which a token is the likeliest: ln 0.5 is −0.6931, and the rest is room for rounding."""
TOGETHER = 4096
"""Targets of one call of the engine; the answers to them are stored together."""
EXTRA = 2
"""Tokens of the context that no target can have: one before it, one that is generated after it."""
LONGER_THAN_CONTEXT = "target longer than the model's context"
NO_ANSWER = "no log-probabilities from {}"
NOT_FINITE = "log-probabilities of {} are NaN or infinite"


class InProcessScorer:
    """Scores requests on an inference engine.

    Args:
        backend: The engine.
        max_length: Context length in tokens.
    """

    def __init__(self, backend: Backend, max_length: int) -> None:
        self.backend = backend
        self.max_length = max_length

    def work(
        self, requests: Sequence[ScoreRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Score], int]]:
        """Scores by index as they arrive, and the number of tokens of their sequences.

        Raises:
            ScoringUnavailable: Moments are wanted, for which the engine would have to give the whole distribution.
        """
        if any(requests[index].moments for index in missing):
            msg = f"{self.backend.called} does not return the whole distribution: leave out the engine's name"
            raise ScoringUnavailable(msg)
        places = sorted(missing)
        reported: set[str] = set()
        for start in range(0, len(places), TOGETHER):
            part = places[start : start + TOGETHER]
            scores = self._scores([requests[index] for index in part])
            for error in {score.error for score in scores if score.error} - reported:
                reported.add(error)
                say(error)
            tokens = sum(len(requests[index].context_ids) + len(requests[index].target_ids) for index in part)
            yield dict(zip(part, scores, strict=True)), tokens

    def _scores(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Scores of some requests."""
        scores: dict[int, Score] = {}
        cut: dict[int, tuple[list[int], int]] = {}
        for place, request in enumerate(requests):
            if not request.target_ids:
                scores[place] = Score((), ())
            elif len(request.target_ids) > self.max_length - EXTRA:
                scores[place] = Score((), (), error=LONGER_THAN_CONTEXT)
            else:
                cut[place] = self._fitted(request)
        firsts = self._firsts(requests, cut)
        longer = [place for place in cut if len(requests[place].target_ids) > 1 and firsts[place] is not None]
        rest = self._rests(requests, cut, firsts, longer)
        for place, (_, dropped) in cut.items():
            first, tokens = firsts[place], requests[place].target_ids
            read = rest.get(place)
            if first is None or (len(tokens) > 1 and read is None):
                scores[place] = Score((), (), truncated=dropped, error=NO_ANSWER.format(self.backend.called))
            else:
                scores[place] = self._score(first, read, dropped)
        return [scores[place] for place in range(len(requests))]

    def _fitted(self, request: ScoreRequest) -> tuple[list[int], int]:
        """The context that leaves room for the target and one token, and how many of its tokens were dropped."""
        kept = self.max_length - 1 - len(request.target_ids)
        context = list(request.context_ids[-kept:])
        return context, len(request.context_ids) - len(context)

    def _firsts(
        self, requests: Sequence[ScoreRequest], cut: dict[int, tuple[list[int], int]]
    ) -> dict[int, tuple[float, bool] | None]:
        """Value of each target's first token, and whether it is the likeliest; one request for each context."""
        wanted: dict[tuple[int, ...], dict[int, None]] = {}
        for place, (context, _) in cut.items():
            wanted.setdefault(tuple(context), {})[requests[place].target_ids[0]] = None
        contexts = list(wanted)
        answers = self.backend.next_tokens(list(map(list, contexts)), [list(tokens) for tokens in wanted.values()])
        found = dict(zip(contexts, answers, strict=True))
        return {
            place: _first(found[tuple(context)], requests[place].target_ids[0]) for place, (context, _) in cut.items()
        }

    def _rests(
        self,
        requests: Sequence[ScoreRequest],
        cut: dict[int, tuple[list[int], int]],
        firsts: dict[int, tuple[float, bool] | None],
        longer: Sequence[int],
    ) -> dict[int, ReadText]:
        """Values of the tokens after the first."""
        texts = {place: [*cut[place][0], *requests[place].target_ids] for place in longer}
        starts = {place: len(cut[place][0]) + 1 for place in longer}

        def read(places: Sequence[int], *, whole: bool) -> dict[int, ReadText]:
            asked = [texts[place] for place in places], [starts[place] for place in places]
            answers = self.backend.read(*asked, whole=whole) if places else []
            return {place: one for place, one in zip(places, answers, strict=True) if one is not None}

        found = read(longer, whole=False)
        unsettled = [place for place, one in found.items() if _is_open(firsts[place], one)]
        settled = {place: one for place, one in found.items() if place not in unsettled}
        return {**settled, **read(unsettled, whole=True)}

    def _score(self, first: tuple[float, bool], rest: ReadText | None, dropped: int) -> Score:
        """The score of a target."""
        log_probs = (first[0], *(rest.log_probs if rest else ()))
        if not all(map(math.isfinite, log_probs)):
            return Score((), (), truncated=dropped, error=NOT_FINITE.format(self.backend.called))
        flags = () if rest is None else rest.is_argmax or tuple(value > CERTAIN for value in rest.log_probs)
        return Score(log_probs, (first[1], *flags), truncated=dropped)


def _first(found: NextToken | None, token: int) -> tuple[float, bool] | None:
    """Value of a first token, and whether it is the likeliest; None where it did not come."""
    if found is None or token not in found.log_probs:
        return None
    return found.log_probs[token], found.log_probs[token] >= found.likeliest


def _is_open(first: tuple[float, bool] | None, rest: ReadText) -> bool:
    """Whether it is not known if greedy decoding would write a target."""
    is_greedy = first is not None and first[1]
    return is_greedy and rest.is_argmax is None and not all(value > CERTAIN for value in rest.log_probs)
