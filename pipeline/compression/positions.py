"""The positions at which next-token distributions are compared: where the original answered the prompts of its run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from audit.core.records.flags import Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder
    from audit.engine import Engine
    from audit.engine.requests import ScoreRequest

ITEMS = 256
"""Items that are drawn, unless the user says otherwise."""
POSITIONS = 8
"""Positions of each at most: those that predict the first tokens of the answer, the end of the prompt first."""
SUITES = ("evals", "safety")


@dataclass(frozen=True)
class AnsweredItem:
    """An item as both checkpoints see it."""

    sample: Sample
    """Of the original's run."""
    request: ScoreRequest
    """The prompt, and the first tokens of the original's answer."""

    @property
    def cluster(self) -> str:
        """What it is not independent of: its cluster, or itself."""
        return f"{self.sample.suite}/{self.sample.task}/{self.sample.cluster or self.sample.sample_id}"


def drawn_items(run: RunFolder, most: int) -> list[Sample]:
    """Items of a run, as many of each task as there are, up to ``most`` together.

    Ids are digests, so that their order is random and the same on every machine.

    Args:
        run: Of the original.
        most: Number of items at most.
    """
    by_task = [
        sorted(run.read_samples(suite, task), key=lambda sample: sample.sample_id)
        for suite, task in run.tasks()
        if suite in SUITES
    ]
    return [one for one in chain.from_iterable(zip_longest(*by_task)) if one is not None][:most]


def asked_items(engine: Engine, samples: Sequence[Sample]) -> tuple[list[AnsweredItem], dict[str, int]]:
    """Token ids of prompts and answers, by the original's tokenizer, and how many items were left out by the reason.

    Args:
        engine: The original.
        samples: From :func:`drawn_items`.
    """
    found, left_out = [], Counter[str]()
    for sample in samples:
        reason = next(_hindrances(sample), None)
        if reason is None:
            request = _request(engine, sample)
            longest = len(request.context_ids) + len(request.target_ids) - 1
            if longest <= engine.max_length and request.target_ids:
                found.append(AnsweredItem(sample, request))
                continue
            reason = "longer than the context" if request.target_ids else "no answer"
        left_out[reason] += 1
    return found, dict(left_out)


def _hindrances(sample: Sample) -> Iterator[str]:
    """Why an item has no positions."""
    if sample.error is not None:
        yield "not scored"
    if not sample.output:
        yield "no answer"
    if sample.thinking is not None:
        yield "a reasoning trace before the answer, whose markers are not stored"
    if sample.findings:
        yield "personal data in the answer, which is not stored as it was written"
    if Flag.TRUNCATED_PROMPT in sample.flags:
        yield "longer than the context"


def _request(engine: Engine, sample: Sample) -> ScoreRequest:
    """The prompt and the first tokens of the answer, split as they were when the item was asked."""
    split = engine.encode_answer if sample.answered_by == "generation" else engine.encode_pair
    whole = split(sample.prompt, sample.output or "")
    return type(whole)(whole.context_ids, whole.target_ids[:POSITIONS])
