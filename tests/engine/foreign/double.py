"""An engine of others that is the local one in truth, with one fault on purpose."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from audit.engine.answering import Answering, decode_completion, decode_score
from audit.engine.foreign.engine import ForeignEngine
from audit.engine.requests import Completion, Score, ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from audit.engine import Engine, GenerateRequest

SOME = 3
"""Every so many answers are faulty, where only some are."""


class ForeignDouble(ForeignEngine):
    """Answers by a local engine, spoilt.

    Args:
        inner: What computes.
        fault: ``none``, ``stale``, ``shifted``, ``truncated``, ``missing`` or ``noise``.
    """

    def __init__(self, inner: Engine, fault: str = "none", weights: str = "nowhere") -> None:
        super().__init__()
        self.inner, self.fault, self._weights = inner, fault, weights
        self.record = inner.record.model_copy(update={"digest": "of another engine", "device": "server"})
        self.tokenizer = inner.tokenizer
        self.thinking = inner.thinking
        self.released = self.forgotten = False
        self.batches: list[int] = []

    @property
    def weights(self) -> str:
        return self._weights

    @property
    def model(self) -> Any:
        raise AssertionError

    def _identity(self, kind: str) -> tuple[str, ...]:
        return (kind, self.record.digest)

    def release(self) -> None:
        self.released = True

    def forget(self) -> None:
        self.forgotten = True

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        work = Answering(self.identity("score"), self._score, decode_score)
        return work.answer(requests, self.journal, self.progress)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        work = Answering(self.identity("generate"), self._generate, decode_completion)
        return work.answer(requests, self.journal, self.progress)

    def _score(
        self, requests: Sequence[ScoreRequest], missing: Collection[int], say: object
    ) -> Iterator[tuple[dict[int, Score], int]]:
        self.batches.append(len(missing))
        asked = [requests[index] for index in missing]
        if self.fault == "stale":  # keys and values of another request's context
            asked = [
                replace(one, context_ids=asked[place - 1].context_ids[::-1]) if place % SOME == 0 else one
                for place, one in enumerate(asked)
            ]
        if self.fault == "shifted":
            asked = [
                ScoreRequest(one.context_ids[:-1] or (0,), (one.context_ids[-1], *one.target_ids)) for one in asked
            ]
        scores = self.inner.score(asked)
        spoilt = {
            "shifted": lambda one, _: replace(one, log_probs=one.log_probs[:-1], is_argmax=one.is_argmax[:-1]),
            "truncated": lambda one, _: replace(one, log_probs=one.log_probs[:-1], is_argmax=one.is_argmax[:-1]),
            "missing": lambda one, place: Score((), (), error="no answer") if place % SOME == 0 else one,
        }.get(self.fault, lambda one, _: one)
        yield {index: spoilt(one, place) for place, (index, one) in enumerate(zip(missing, scores, strict=True))}, 1

    def _generate(
        self, requests: Sequence[GenerateRequest], missing: Collection[int], say: object
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        completions = self.inner.generate([requests[index] for index in missing])
        spoil = partial(_cut if self.fault == "truncated" else _keep)
        yield dict(zip(missing, map(spoil, completions), strict=True)), 1


def _keep(completion: Completion) -> Completion:
    return completion


def _cut(completion: Completion) -> Completion:
    made = completion.generations[0]
    half = replace(made, text=made.text[: len(made.text) // 2], token_count=made.token_count // 2, finish_reason="stop")
    return replace(completion, generations=(half,))
