"""From requests to answers: each distinct request once, computed where the journal has no answer.

A worker gets all requests of a call, those that are answered already too, and the ones that are missing. It plans over
all and computes what is missing, so that a resumed run scores in the passes of an uninterrupted one; generated rows
come and go, so there the numbers may differ in their last bits. Each group of answers that it yields is kept in one
transaction. Answers with an error, and texts that the journal withholds, are not kept: a resumed run asks again.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from audit.core.records import digest_of
from audit.engine.requests import Completion, GenerateRequest, Generation, Score, ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.core.progress import Progress
    from audit.engine.journal import Journal

Request = TypeVar("Request", ScoreRequest, GenerateRequest)
Answer = TypeVar("Answer", Score, Completion)


@dataclasses.dataclass(frozen=True)
class Answering(Generic[Request, Answer]):
    """How one kind of request is answered."""

    identity: Sequence[str]
    """What decides answers besides the request: digest of the checkpoint, dtype, device type, …"""
    work: Callable[[Sequence[Request], Collection[int], Callable[[str], None]], Iterator[tuple[dict[int, Answer], int]]]
    """Takes all distinct requests, the indices of the missing ones and where to say what people should know; yields
    answers by index as they arrive, with the number of tokens that were computed for them."""
    decode: Callable[[dict[str, Any]], Answer]
    """An answer from its JSON."""

    def answer(self, requests: Sequence[Request], journal: Journal | None, progress: Progress) -> list[Answer]:
        """Answer ``requests`` in their order."""
        distinct = list(dict.fromkeys(requests))
        keys = [] if journal is None else [digest_of(*self.identity, dataclasses.asdict(r)) for r in distinct]
        known = self._known(keys, journal)
        copies = _count(requests)
        progress.start(len(requests))
        progress.advance(sum(copies[distinct[index]] for index in known), 0)
        missing = [index for index in range(len(distinct)) if index not in known]
        if missing:
            for answers, tokens in self.work(distinct, missing, progress.say):
                known.update(answers)
                if journal is not None:
                    journal.write(
                        (keys[index], json.dumps(dataclasses.asdict(answer)))
                        for index, answer in answers.items()
                        if _is_kept(answer, journal)
                    )
                progress.advance(sum(copies[distinct[index]] for index in answers), tokens)
        place = {request: index for index, request in enumerate(distinct)}
        return [known[place[request]] for request in requests]

    def _known(self, keys: Sequence[str], journal: Journal | None) -> dict[int, Answer]:
        """Answers that the journal holds, by index."""
        if journal is None:
            return {}
        found = journal.read(keys)
        return {index: self.decode(json.loads(found[key])) for index, key in enumerate(keys) if key in found}


def _is_kept(answer: Score | Completion, journal: Journal) -> bool:
    """Whether an answer goes into the journal; of those that do not, a resumed run asks again."""
    if answer.error:
        return False
    if journal.withholds is None or not isinstance(answer, Completion):
        return True
    texts = (text for one in answer.generations for text in (one.text, one.thinking) if text is not None)
    return not any(map(journal.withholds, texts))


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
