"""Continuations of prompts. The engine writes tokens; where a text ends follows from the rules of our own decoder.

An engine stops at the tokens that end a turn, at stop strings and at a bound, all of which may be too late: what it
wrote is read token by token as if it were being generated (:mod:`audit.engine.local.endings`), and cut where our own
text would have ended. Where that was too early, because of a reasoning trace that nobody expected or a stop string
that only the engine saw, the text is asked again with more room and without stop strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.errors import SettingUnavailable
from audit.core.records import digest_of
from audit.engine.inprocess.backend import Sampling
from audit.engine.local.endings import WatchedText
from audit.engine.local.processors import of_checkpoint
from audit.engine.requests import Completion, Generation
from audit.engine.room import share
from audit.engine.settings import BENT, is_neutral

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.engine.inprocess.backend import Backend, Written
    from audit.engine.local.endings import Endings
    from audit.engine.requests import GenerateRequest

TOGETHER = 512
"""Completions of one call of the engine; the answers are stored together."""
SEED_RANGE = 2**31
HONOURED = ("repetition_penalty", "min_new_tokens")
"""Settings that bend a distribution in the engine as they do here."""
NO_TEXT = "no text from {}"
NOT_FINITE = "the logits of {} are NaN or infinite"


@dataclass(frozen=True)
class _Place:
    """One completion that is wanted."""

    index: int
    number: int
    request: GenerateRequest
    prompt: list[int]
    room: int


class InProcessGenerator:
    """Generates on an inference engine.

    Args:
        backend: The engine.
        endings: The checkpoint's rules.
        encode: Text to token ids, by the engine's rule for special tokens.
        max_length: Context length in tokens.
    """

    def __init__(self, backend: Backend, endings: Endings, encode: Callable[[str], list[int]], max_length: int) -> None:
        self.backend = backend
        self.endings = endings
        self.encode = encode
        self.max_length = max_length
        self._no_text = NO_TEXT.format(backend.called)

    def work(
        self, requests: Sequence[GenerateRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions by index as they arrive, and the number of tokens read and generated for them.

        Raises:
            SettingUnavailable: A setting is wanted that the engine has no word for.
        """
        bent = {index: self._bent(requests[index]) for index in sorted(missing)}
        reported: set[str] = set()
        waiting = list(bent)
        while waiting:
            part = [waiting.pop(0)]
            while waiting and sum(len(_copies(requests[index])) for index in [*part, waiting[0]]) <= TOGETHER:
                part.append(waiting.pop(0))
            found = self._completions({index: requests[index] for index in part}, bent)
            for error in {one.error for one in found.values() if one.error} - reported:
                reported.add(error)
                say(error)
            yield found, sum(map(_tokens, found.values()))

    def _bent(self, request: GenerateRequest) -> dict[str, Any]:
        """Settings of request and checkpoint that change logits before a token is chosen.

        Raises:
            SettingUnavailable: The engine has no word for one of them.
        """
        settings = {} if request.temperature > 0 else of_checkpoint(self.endings.model.generation_config)
        settings |= {
            name: getattr(request, name)
            for name in ("typical_p", *BENT)
            if not is_neutral(name, getattr(request, name))
        }
        refused = next((name for name in settings if name not in HONOURED), None)
        if refused is not None:
            msg = f"generation setting {refused}: {settings[refused]!r} is not supported by {self.backend.called}"
            raise SettingUnavailable(msg)
        return settings

    def _completions(
        self, requests: dict[int, GenerateRequest], bent: dict[int, dict[str, Any]]
    ) -> dict[int, Completion]:
        """Completions of some requests."""
        made: dict[tuple[int, int], Generation | str] = {}
        lengths: dict[int, tuple[int, int]] = {}
        places: list[_Place] = []
        for index, request in requests.items():
            ids = self.encode(request.prompt)
            kept, room = share(len(ids), request.max_new_tokens, self.max_length)
            lengths[index] = kept, len(ids) - kept
            places += [_Place(index, number, request, ids[len(ids) - kept :], room) for number in _copies(request)]
        for attempt in range(3):
            samplings = [self._sampling(place, bent[place.index], attempt) for place in places]
            written = self.backend.write([place.prompt for place in places], samplings) if places else []
            made |= {
                (place.index, place.number): self._finished(place, one)
                for place, one in zip(places, written, strict=True)
            }
            places = [place for place in places if made[place.index, place.number] == self._no_text]
        return {index: self._joined(requests[index], index, made, *lengths[index]) for index in requests}

    def _sampling(self, place: _Place, bent: dict[str, Any], attempt: int) -> Sampling:
        """How a text is written: first as long as is likely, then as long as a trace and an answer, then to the end."""
        request, thinking = place.request, self.endings.thinking
        likely = self.endings.likely_tokens(request)
        bound = (likely, request.max_new_tokens + thinking.tokens, place.room)[attempt]
        stops = attempt == 0 and likely == request.max_new_tokens
        is_sampled = request.temperature > 0
        seed = int(digest_of(request.seed, place.number)[:8], 16) % SEED_RANGE
        return Sampling(
            max_tokens=min(bound, place.room),
            temperature=request.temperature,
            top_k=request.top_k if is_sampled else 0,
            top_p=request.top_p if is_sampled else 1.0,
            min_p=request.min_p if is_sampled else 0.0,
            repetition_penalty=float(bent.get("repetition_penalty", 1.0)),
            min_tokens=int(bent.get("min_new_tokens", 0)),
            seed=seed if is_sampled else None,
            ends=tuple(self.endings.ids),
            stop=tuple(WatchedText(self.endings, request, place.room).stops) if stops else (),
        )

    def _finished(self, place: _Place, written: Written | None) -> Generation | str:
        """A text up to where our own decoder would have ended it, or why there is none."""
        if written is not None and not written.is_finite:
            return NOT_FINITE.format(self.backend.called)
        watched = WatchedText(self.endings, place.request, place.room)
        made = [] if written is None else list(written.tokens)
        for count in range(1, len(made) + 1):
            tokens = made[:count]
            if watched.ended(tokens):
                return watched.finish(tokens)
        return self._no_text

    def _joined(
        self,
        request: GenerateRequest,
        index: int,
        made: dict[tuple[int, int], Generation | str],
        kept: int,
        truncated: int,
    ) -> Completion:
        """All completions of a request; an error of one is an error of all."""
        texts = [made[index, number] for number in _copies(request)]
        error = next((text for text in texts if isinstance(text, str)), None)
        generations = tuple(text for text in texts if isinstance(text, Generation))
        if error:
            return Completion((), kept, truncated, error)
        return Completion(generations if len(texts) == request.n else generations * request.n, kept, truncated)


def _copies(request: GenerateRequest) -> range:
    """Numbers of the wanted completions: greedy ones are equal, so that one is enough."""
    return range(request.first, request.first + (request.n if request.temperature > 0 else 1))


def _tokens(completion: Completion) -> int:
    """Tokens that were read and generated."""
    return completion.prompt_tokens + sum(text.token_count for text in completion.generations)
