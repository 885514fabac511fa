"""Continuations of prompts by transformers' ``generate``, in batches that end with their last row.

For architectures that continuous batching (:mod:`audit.engine.local.continuous_batching`) does not give the
same text for.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from audit.engine.local.endings import WatchedText
from audit.engine.local.memory import OUT_OF_MEMORY, halve_when_full
from audit.engine.local.processors import processors
from audit.engine.local.soundness import not_finite
from audit.engine.local.token_sampling import broken, distribution, sample, uniforms
from audit.engine.requests import Completion, GenerateRequest
from audit.engine.room import share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from audit.engine.local.endings import Endings


@dataclasses.dataclass
class BatchGenerator:
    """Generates on one transformers model, in batches that end with their last row."""

    model: Any
    """A causal language model in evaluation mode."""
    endings: Endings
    """Where a text ends."""
    encode: Callable[[str], list[int]]
    """Text to token ids, by the engine's rule for special tokens."""
    device: torch.device
    """The model's device."""
    max_length: int
    """Context length in tokens."""
    rows: int
    """Maximum number of completions per batch."""
    pad_id: int
    """Pads rows; masked, so its value does not matter."""
    make_room: Callable[[], object]
    """Frees cached memory."""
    alone: Callable[[int], bool]
    """Whether a text that may become this many tokens long would depend on the others in its batch."""

    def work(
        self, requests: Sequence[GenerateRequest], wanted: set[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions by index, a batch at a time, and the number of tokens read and generated for them."""
        for batch in self.plan(requests):
            members = [index for index in batch if index in wanted]
            if members:
                answered = halve_when_full(
                    [requests[index] for index in members],
                    self.compute,
                    lambda request: self._in_parts(request, say),
                    self.make_room,
                    say,
                )
                yield (
                    {index: completion for index, (completion, _) in zip(members, answered, strict=True)},
                    sum(tokens for _, tokens in answered),
                )

    def plan(self, requests: Sequence[GenerateRequest]) -> list[list[int]]:
        """Indices of the requests of each batch: equal settings together, longest prompts first."""

        def order(index: int) -> tuple[Any, ...]:
            request = requests[index]
            return (*_settings(request), -len(request.prompt), request.prompt, request.seed)

        batches: list[list[int]] = []
        rows = 0
        together: tuple[Any, ...] | None = None
        for index in sorted(range(len(requests)), key=order):
            request = requests[index]
            settings = (*_settings(request), index if self._is_alone(request) else None)
            if settings != together or rows + request.n > self.rows:
                batches.append([])
                rows, together = 0, settings
            batches[-1].append(index)
            rows += request.n
        return batches

    def _is_alone(self, request: GenerateRequest) -> bool:
        """Whether a text would depend on the others in its batch."""
        return self.alone(len(self.encode(request.prompt)) + self.endings.likely_tokens(request))

    def _in_parts(self, request: GenerateRequest, say: Callable[[str], None]) -> tuple[Completion, int]:
        """Compute a request that does not fit into memory with half of its completions at a time."""
        half = request.n // 2
        if not half:
            say(f"a request failed: {OUT_OF_MEMORY}")
            return Completion(error=OUT_OF_MEMORY), 0
        say("out of memory with one request: continuing with half of its completions")
        parts = [
            dataclasses.replace(request, n=half),
            dataclasses.replace(request, n=request.n - half, first=request.first + half),
        ]
        answered = [
            halve_when_full([part], self.compute, lambda part: self._in_parts(part, say), self.make_room, say)[0]
            for part in parts
        ]
        return self.join([completion for completion, _ in answered]), sum(tokens for _, tokens in answered)

    @staticmethod
    def join(parts: Sequence[Completion]) -> Completion:
        """One completion from its parts; an error of one part is an error of all."""
        error = next((part.error for part in parts if part.error), None)
        generations = () if error else tuple(generation for part in parts for generation in part.generations)
        return Completion(generations, parts[0].prompt_tokens, parts[0].truncated, error)

    def compute(self, requests: Sequence[GenerateRequest]) -> list[tuple[Completion, int]]:
        """Completions of one batch, each with the number of tokens that were read and generated."""
        prompts = [self.encode(request.prompt) for request in requests]
        shares = [
            share(len(ids), request.max_new_tokens, self.max_length)
            for request, ids in zip(requests, prompts, strict=True)
        ]
        likely = max(map(self.endings.likely_tokens, requests))
        if len(requests) > 1 and max(kept for kept, _ in shares) + likely > self.max_length:
            half = len(requests) // 2  # some architectures have no more columns, padding included
            return [*self.compute(requests[:half]), *self.compute(requests[half:])]
        rows = [
            _Row(request, copy, ids[len(ids) - kept :], min(room, likely), self.endings)
            for request, ids, (kept, room) in zip(requests, prompts, shares, strict=True)
            for copy in range(request.n)
        ]
        self._run(rows)
        self._go_on(rows)
        completions: list[Completion] = []
        for request, ids, (kept, _) in zip(requests, prompts, shares, strict=True):
            mine = [row for row in rows if row.request is request]
            broke = any(row.broken for row in mine)
            generations = () if broke else tuple(row.reading.finish(row.tokens) for row in mine)
            error = not_finite("logits", self.model.dtype) if broke else None
            completions.append(Completion(generations, kept, len(ids) - kept, error))
        return [
            (answer, answer.prompt_tokens * request.n + sum(text.token_count for text in answer.generations))
            for request, answer in zip(requests, completions, strict=True)
        ]

    def _go_on(self, rows: list[_Row]) -> None:
        """Compute rows separately if their traces were not expected: they may be longer than the batch had room for."""
        for row in rows:
            room = self.max_length - len(row.prompt)
            if row.reading.may_think and row.room < room and len(row.tokens) == row.room:
                row.begin(self.endings, room)
                self._run([row])

    @torch.inference_mode()
    def _run(self, rows: list[_Row]) -> None:
        """Left-pad and generate; each row takes its own tokens until it has ended."""
        width = max(1, *(len(row.prompt) for row in rows))
        ids = torch.full((len(rows), width), self.pad_id, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for position, row in enumerate(rows):
            start = width - len(row.prompt)
            ids[position, start:] = torch.tensor(row.prompt, dtype=torch.long)
            mask[position, start:] = 1
        config = GenerationConfig(
            max_new_tokens=max(row.room for row in rows),
            do_sample=False,  # one token at a time, chosen by our processor
            num_beams=1,
            use_cache=self.model.generation_config.use_cache,
            eos_token_id=sorted(self.endings.ids) or None,
            pad_token_id=self.pad_id,
        )
        with _plain(self.model):
            self.model.generate(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                generation_config=config,
                logits_processor=LogitsProcessorList([_Choose(rows)]),
                stopping_criteria=StoppingCriteriaList([_Ends(rows, width)]),
            )


class _Row:
    """One completion of a batch."""

    def __init__(self, request: GenerateRequest, copy: int, prompt: list[int], room: int, endings: Endings) -> None:
        self.request = request
        self.copy = copy
        self.prompt = prompt
        self.processors = processors(request, endings, prompt, room)
        self.begin(endings, room)

    def begin(self, endings: Endings, room: int) -> None:
        """Start with an empty text, with this much room."""
        self.room = room
        self.reading = WatchedText(endings, self.request, room)
        self.numbers = uniforms(self.request, self.copy, room) if self.request.temperature > 0 else None
        self.tokens: list[int] = []
        self.ended = self.broken = False


@contextmanager
def _plain(model: Any) -> Iterator[None]:  # noqa: ANN401 - transformers' models have no common typed base
    """Without the checkpoint's generation configuration, which transformers uses for everything a call leaves open.

    What of it counts is in the rows' processors and endings already (:mod:`audit.engine.local.processors`).
    """
    own = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own


class _Choose(LogitsProcessor):
    """Leaves one token per row: the likeliest after its penalties, or the one drawn by its own random number.

    Rows whose logits became NaN or infinite are remembered and run on harmlessly.
    """

    def __init__(self, rows: Sequence[_Row]) -> None:
        self.rows = rows

    def __call__(self, _input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        bad = broken(scores)
        kept: Any = scores.masked_fill(bad[:, None], 0.0)
        for place, (row, now) in enumerate(zip(self.rows, bad.tolist(), strict=True)):
            row.broken |= now and not row.ended
            if row.ended or row.broken:
                continue
            if row.processors:
                ids: Any = torch.tensor([[*row.prompt, *row.tokens]], device=scores.device)
                kept[place] = row.processors(ids, kept[place : place + 1])[0]
            if row.numbers is not None:
                number = row.numbers[len(row.tokens)][None]
                chosen = sample(kept[place : place + 1], row.request, number)
                kept[place] = torch.full_like(kept[place], -torch.inf).scatter(0, chosen, 0.0)
        return kept  # type: ignore[no-any-return]


class _Ends(StoppingCriteria):
    """Takes each row's new token, and ends the row when its text has."""

    def __init__(self, rows: Sequence[_Row], prompt_width: int) -> None:
        self.rows = rows
        self.prompt_width = prompt_width

    def __call__(self, input_ids: torch.LongTensor, _scores: torch.FloatTensor, **_: object) -> torch.BoolTensor:
        for row, ids in zip(self.rows, input_ids[:, self.prompt_width :].tolist(), strict=True):
            if not row.ended:
                row.tokens = ids
                row.ended = row.broken or row.reading.ended(ids)
        return torch.tensor([row.ended for row in self.rows], device=input_ids.device)  # type: ignore[return-value]


def _settings(request: GenerateRequest) -> tuple[Any, ...]:
    """What requests of one batch share, so that their rows end at about the same time."""
    return (request.max_new_tokens, *distribution(request), request.stop)
