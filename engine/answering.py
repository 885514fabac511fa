"""From requests to answers: each distinct request once, in planned batches, through the journal.

Batches are planned over all requests of a call, answered ones included, and a batch computes what is
missing of it. So a resumed run meets the same batches as an uninterrupted one, and gives the same answers
to the last bit. Answers with an error are not kept: a resumed run tries them again.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import torch

from audit.core.records import digest_of
from audit.engine.requests import Completion, GenerateRequest, Generation, Score, ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.progress import Progress
    from audit.engine.journal import Journal

Request = TypeVar("Request", ScoreRequest, GenerateRequest)
Answer = TypeVar("Answer", Score, Completion)

OUT_OF_MEMORY = "out of memory even for one request: use a shorter --max-length, a smaller --dtype or more memory"


@dataclasses.dataclass(frozen=True)
class Answering(Generic[Request, Answer]):
    """How one kind of request is answered."""

    identity: Sequence[str]
    """What decides answers besides the request: digest of the checkpoint, dtype, device type, …"""
    plan: Callable[[Sequence[Request]], list[list[int]]]
    """Indices of the requests of each batch."""
    compute: Callable[[Sequence[Request]], tuple[list[Answer], int]]
    """Answers of one batch and the number of tokens it computed."""
    failed: Callable[[Request, str], Answer]
    """The answer that says why there is none."""
    decode: Callable[[dict[str, Any]], Answer]
    """An answer from its JSON."""
    split: Callable[[Request], tuple[Request, Request] | None] | None = None
    """Cuts one request in two where it can be cut."""
    join: Callable[[Sequence[Answer]], Answer] | None = None
    """Puts the answers of a cut request together again."""

    def answer(self, requests: Sequence[Request], journal: Journal | None, progress: Progress) -> list[Answer]:
        """Answer ``requests`` in their order."""
        distinct = list(dict.fromkeys(requests))
        keys = {request: digest_of(*self.identity, dataclasses.asdict(request)) for request in distinct}
        known = self._known(keys, journal)
        copies = _count(requests)
        progress.start(len(requests))
        for batch in self.plan(distinct):
            members = [distinct[index] for index in batch]
            missing = [request for request in members if request not in known]
            tokens = 0
            if missing:
                answers, tokens = self._compute(missing, progress)
                known.update(zip(missing, answers, strict=True))
                if journal is not None:
                    journal.write(
                        (keys[r], json.dumps(dataclasses.asdict(known[r]))) for r in missing if not known[r].error
                    )
            progress.advance(sum(copies[request] for request in members), tokens)
        return [known[request] for request in requests]

    def _known(self, keys: dict[Request, str], journal: Journal | None) -> dict[Request, Answer]:
        """Answers that the journal holds."""
        if journal is None:
            return {}
        found = journal.read(list(keys.values()))
        return {request: self.decode(json.loads(found[key])) for request, key in keys.items() if key in found}

    def _compute(self, requests: Sequence[Request], progress: Progress) -> tuple[list[Answer], int]:
        """Compute a batch; out of memory halves it, down to single requests."""
        try:
            return self.compute(requests)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if len(requests) == 1:
            return self._compute_parts(requests[0], progress)
        half = len(requests) // 2
        progress.say(f"out of memory with {len(requests)} requests in a batch: going on with {half}")
        first, first_tokens = self._compute(requests[:half], progress)
        second, second_tokens = self._compute(requests[half:], progress)
        return first + second, first_tokens + second_tokens

    def _compute_parts(self, request: Request, progress: Progress) -> tuple[list[Answer], int]:
        """Compute a single request that memory is too small for, in two parts where it has several completions."""
        parts = self.split(request) if self.split else None
        if parts is None or self.join is None:
            progress.say(f"a request failed: {OUT_OF_MEMORY}")
            return [self.failed(request, OUT_OF_MEMORY)], 0
        progress.say("out of memory with one request: going on with half of its completions")
        answered = [self._compute([part], progress) for part in parts]
        return [self.join([answers[0] for answers, _ in answered])], sum(tokens for _, tokens in answered)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on GPU or CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        phrase in str(error) for phrase in ("out of memory", "can't allocate memory", "not enough memory")
    )


def decode_score(values: dict[str, Any]) -> Score:
    """A score from the journal."""
    return Score(
        tuple(values["log_probs"]),
        tuple(values["is_argmax"]),
        None if values["mean_log_probs"] is None else tuple(values["mean_log_probs"]),
        None if values["std_log_probs"] is None else tuple(values["std_log_probs"]),
        values["truncated"],
        values["error"],
    )


def decode_completion(values: dict[str, Any]) -> Completion:
    """A completion from the journal."""
    generations = tuple(Generation(**generation) for generation in values["generations"])
    return Completion(generations, values["prompt_tokens"], values["truncated"], values["error"])


def _count(requests: Sequence[Request]) -> dict[Request, int]:
    """How often each distinct request stands in the call."""
    counts: dict[Request, int] = {}
    for request in requests:
        counts[request] = counts.get(request, 0) + 1
    return counts
