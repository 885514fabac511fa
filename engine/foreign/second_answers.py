"""Engines that answer a part of a run once more: with the run's own answers, or with those of a second engine.

A suite that runs on both gives the items' scores from either answer. Tokens and prompts are made by the second engine's
tokenizer and chat template, so that answers to other tokens or prompts are not found among those of the run.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from audit.engine.engine import Engine
from audit.engine.foreign.tally import Tally
from audit.engine.requests import Completion, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.foreign.engine import ForeignEngine
    from audit.engine.journal import Journal
    from audit.engine.requests import GenerateRequest, Generation, ScoreRequest

ABSENT = "the run holds no answer to this request"
END_TOKENS = 16
"""Tokens in which a text must end as the run's did: those of the longest usual stop string."""
PARTS = 3
"""Calls over which repeated requests are spread, so that each is answered in another company than the first time."""


class KeptAnswers(Engine):
    """Answers from the journal of a run; nothing is computed.

    Args:
        served: The engine of the run.
        second: The engine whose tokenizer makes requests.
        journal: Of the run.
    """

    def __init__(self, served: ForeignEngine, second: Engine, journal: Journal) -> None:
        super().__init__()
        self.served, self.second, self._kept = served, second, journal
        self.record = served.record
        self.thinking = served.thinking
        self.chat_template_args = served.chat_template_args
        if second.has_tokenizer:
            self.tokenizer = second.tokenizer

    @property
    def model(self) -> NoReturn:
        """Not available.

        Raises:
            WhiteBoxUnavailable: Always.
        """
        self.served.model  # noqa: B018 - raises what the run met
        raise AssertionError

    @property
    def has_chat_template(self) -> bool:
        """Whether prompts can be put into a chat template here."""
        return not self.served.applies_chat_template and super().has_chat_template

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """The run's answers; one that it lacks has an error."""
        kept = self.served.kept_scores(requests, self._kept)
        return [one or Score((), (), error=ABSENT) for one in kept]

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """The run's answers; one that it lacks has an error."""
        kept = self.served.kept_completions(requests, self._kept)
        return [one or Completion(error=ABSENT) for one in kept]


class WeightsAnswers(KeptAnswers):
    """Answers of the local engine, compared with those of the run.

    Log-probabilities are computed again. A greedy text of the run is read token by token: only where the local engine
    would have chosen another token, it writes its own. Sampled texts are those of the run.

    Attributes:
        tally: What was found.
    """

    def __init__(self, served: ForeignEngine, second: Engine, journal: Journal) -> None:
        super().__init__(served, second, journal)
        self.tally = Tally()

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Log-probabilities by the second engine."""
        again = self._scored(requests)
        for served, own, request in zip(self.served.kept_scores(requests, self._kept), again, requests, strict=True):
            self.tally.add_score(served, own, len(request.target_ids))
        return again

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """Texts of the run, or the second engine's own where it would have chosen other tokens."""
        kept = self.served.kept_completions(requests, self._kept)
        answers = [one or Completion(error=ABSENT) for one in kept]
        self.tally.absent += sum(one is None for one in kept)
        greedy = [place for place, one in enumerate(kept) if one is not None and _is_greedy(requests[place], one)]
        self.tally.not_compared += sum(one is not None for one in kept) - len(greedy)
        other = self._compare([requests[place] for place in greedy], [answers[place] for place in greedy])
        for place, answer in zip(greedy, other, strict=True):
            answers[place] = answer or answers[place]
        return answers

    def _scored(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Second answers about log-probabilities."""
        return self.second.score(requests)

    def _compare(self, requests: Sequence[GenerateRequest], served: Sequence[Completion]) -> list[Completion | None]:
        """Second answers to greedy requests; None where they are those of the run."""
        asked = [self._as_read(request) for request in requests]
        targets = [
            self.second.encode_answer(request.prompt, completion.generations[0].text)
            for request, completion in zip(asked, served, strict=True)
        ]
        scores = self.second.score(targets)
        ends = self._ends(asked, served, targets)
        flags = [
            list(score.is_argmax if end is None else (*score.is_argmax[:-1], end))
            for score, end in zip(scores, ends, strict=True)
        ]
        for read, score in zip(flags, scores, strict=True):
            if not read and not score.error:  # nothing to read: its limit cut a text without characters
                read.append(False)
        other = [place for place, read in enumerate(flags) if not all(read)]
        own = dict(zip(other, self.second.generate([asked[place] for place in other]), strict=True))
        for place, (read, score) in enumerate(zip(flags, scores, strict=True)):
            written = own.get(place)
            if score.error or (written is not None and not written.generations):
                self.tally.failed += 1
            elif written is not None and _is_same(written.generations[0], served[place].generations[0]):
                self.tally.add_text([True] * len(read))  # its tokens were others than those of its text
            else:
                self.tally.add_text(read)
        return [own.get(place) for place in range(len(requests))]

    def _ends(
        self, asked: Sequence[GenerateRequest], served: Sequence[Completion], targets: Sequence[ScoreRequest]
    ) -> list[bool | None]:
        """Whether texts end where the second engine's would; None for those that their limit has cut.

        A stop string may have cut the last token, so that it is written again, and what follows it.
        """
        ends: list[bool | None] = [None] * len(asked)
        calls: dict[int, tuple[GenerateRequest, str]] = {}
        for place, (request, completion, target) in enumerate(zip(asked, served, targets, strict=True)):
            made = completion.generations[0]
            if made.finish_reason == "length":
                ends[place] = None if made.token_count >= request.max_new_tokens else False
                continue
            before = self._spelled(list(target.target_ids[:-1]))
            before = before if made.text.startswith(before) else made.text
            most = min(END_TOKENS, request.max_new_tokens)
            calls[place] = (
                replace(request, prompt=request.prompt + before, max_new_tokens=most),
                made.text[len(before) :],
            )
        written = self.second.generate([request for request, _ in calls.values()])
        for (place, (_, rest)), completion in zip(calls.items(), written, strict=True):
            own = completion.generations[0].text if completion.generations else None
            ends[place] = own is not None and own.strip() == rest.strip()
        return ends

    def _as_read(self, request: GenerateRequest) -> GenerateRequest:
        """A request with the prompt that the model sees, where the run's engine applied its own chat template."""
        if not self.served.applies_chat_template or not self.second.has_chat_template:
            return request
        prompt = self.second.apply_chat_template([{"role": "user", "content": request.prompt}])
        return replace(request, prompt=prompt)


class RepeatedAnswers(WeightsAnswers):
    """Answers of the run's own engine, asked again in another order and in other batches, past the journal.

    Args:
        served: The engine of the run, without a journal.
        journal: Of the run.
        seed: Of the order.
    """

    def __init__(self, served: ForeignEngine, journal: Journal, seed: int) -> None:
        super().__init__(served, served, journal)
        self._random = random.Random(f"{seed}/certificate")  # noqa: S311 - an order, not a secret

    def _scored(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """The same requests in another order, in several calls."""
        answers: dict[int, Score] = {}
        for places in self._parts(len(requests)):
            answers |= zip(places, self.second.score([requests[place] for place in places]), strict=True)
        return [answers[place] for place in range(len(requests))]

    def _compare(self, requests: Sequence[GenerateRequest], served: Sequence[Completion]) -> list[Completion | None]:
        """The same requests in another order: texts are equal up to a first token, or wholly."""
        answers: dict[int, Completion] = {}
        for places in self._parts(len(requests)):
            answers |= zip(places, self.second.generate([requests[place] for place in places]), strict=True)
        for place, first in enumerate(served):
            if answers[place].error or not answers[place].generations:
                self.tally.failed += 1
            else:
                self.tally.add_text(self._same(first.generations[0], answers[place].generations[0]))
        return [answers[place] for place in range(len(requests))]

    def _same(self, first: Generation, second: Generation) -> list[bool]:
        """Which tokens of two texts are equal, up to the first that is not; words where there is no tokenizer."""
        one, other = (
            self.encode(text.text, add_special_tokens=False) if self.has_tokenizer else text.text.split()
            for text in (first, second)
        )
        equal = [a == b for a, b in zip(one, other, strict=False)]
        stop = equal.index(False) + 1 if False in equal else len(equal)
        ended = [False] if stop == len(equal) and all(equal) and len(one) != len(other) else []
        return [*equal[:stop], *ended]

    def _parts(self, count: int) -> list[list[int]]:
        """Places in random order, in several parts."""
        places = self._random.sample(range(count), count)
        return [part for part in (places[start::PARTS] for start in range(PARTS)) if part]


def _is_same(one: Generation, other: Generation) -> bool:
    """Whether two texts are equal, but for white space around them, and end alike."""
    return one.text.strip() == other.text.strip() and one.finish_reason == other.finish_reason


def _is_greedy(request: GenerateRequest, completion: Completion) -> bool:
    """Whether a text can be read again: greedy decoding without penalties, no trace before it, no fault."""
    plain = (
        request.temperature == 0
        and request.repetition_penalty == 1
        and not request.no_repeat_ngram_size
        and not request.min_new_tokens
    )
    return (
        plain and not completion.error and bool(completion.generations) and completion.generations[0].thinking is None
    )
