"""Continuations of prompts by transformers' ``generate``, a batch until its last row has ended.

For architectures and settings that continuous batching (:mod:`audit.engine.decoding`) does not give the same text for.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from audit.engine.decoding import NOT_FINITE
from audit.engine.memory import OUT_OF_MEMORY, halve_when_full
from audit.engine.requests import Completion, GenerateRequest
from audit.engine.sampling import broken, draw, uniforms, warp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from audit.engine.endings import Endings


@dataclasses.dataclass
class BatchGenerator:
    """Generates on one transformers model, a batch until its last row has ended."""

    model: Any
    """A causal language model in evaluation mode."""
    endings: Endings
    """Says where a text ends."""
    encode: Callable[[str], list[int]]
    """Text to token ids, by the engine's rule for special tokens."""
    device: torch.device
    """Where the model lies."""
    max_length: int
    """Context length in tokens."""
    rows: int
    """Completions per batch at most."""
    pad_id: int
    """Fills rows; masked, so its value does not matter."""
    alone: Callable[[int], bool]
    """Whether a text that may become so many tokens long would depend on the others in its batch."""

    def work(
        self, requests: Sequence[GenerateRequest], wanted: set[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions by index, a batch at a time, and the number of tokens that were read and generated for them."""
        for batch in self.plan(requests):
            members = [index for index in batch if index in wanted]
            if members:
                answered = halve_when_full(
                    [requests[index] for index in members],
                    self.compute,
                    lambda request: self._in_parts(request, say),
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
        return self.alone(len(self.encode(request.prompt)) + request.max_new_tokens)

    def _in_parts(self, request: GenerateRequest, say: Callable[[str], None]) -> tuple[Completion, int]:
        """Compute a request that memory is too small for half of its completions at a time."""
        half = request.n // 2
        if not half:
            say(f"a request failed: {OUT_OF_MEMORY}")
            return Completion(error=OUT_OF_MEMORY), 0
        say("out of memory with one request: going on with half of its completions")
        parts = [
            dataclasses.replace(request, n=half),
            dataclasses.replace(request, n=request.n - half, first=request.first + half),
        ]
        answered = [
            halve_when_full([part], self.compute, lambda part: self._in_parts(part, say), say)[0] for part in parts
        ]
        return self.join([completion for completion, _ in answered]), sum(tokens for _, tokens in answered)

    @staticmethod
    def join(parts: Sequence[Completion]) -> Completion:
        """One completion of the parts; an error of one is an error of all."""
        error = next((part.error for part in parts if part.error), None)
        generations = () if error else tuple(generation for part in parts for generation in part.generations)
        return Completion(generations, parts[0].prompt_tokens, parts[0].truncated, error)

    def compute(self, requests: Sequence[GenerateRequest]) -> list[tuple[Completion, int]]:
        """Completions of one batch, each with the number of tokens that were read and generated."""
        settings = requests[0]
        new_tokens = min(settings.max_new_tokens, max(1, self.max_length // 2))
        room = self.max_length - new_tokens
        prompts = [self.encode(request.prompt) for request in requests]
        owners = [index for index, request in enumerate(requests) for _ in range(request.n)]
        numbers = [uniforms(request, copy, new_tokens) for request in requests for copy in range(request.n)]
        rows = [prompts[owner][-room:] for owner in owners]
        generated, watch, stop = self._run(rows, numbers, settings, new_tokens)
        completions: list[Completion] = []
        for index, request in enumerate(requests):
            mine = [row for row, owner in enumerate(owners) if owner == index]
            kept, cut = len(prompts[index][-room:]), max(0, len(prompts[index]) - room)
            if any(watch.broken[row] for row in mine):
                completions.append(Completion((), kept, cut, NOT_FINITE))
                continue
            generations = tuple(self.endings.finish(generated[row], request.stop, stop.ended_at[row]) for row in mine)
            completions.append(Completion(generations, kept, cut))
        return [
            (answer, answer.prompt_tokens * request.n + sum(text.token_count for text in answer.generations))
            for request, answer in zip(requests, completions, strict=True)
        ]

    @torch.inference_mode()
    def _run(
        self, rows: list[list[int]], numbers: list[torch.Tensor], settings: GenerateRequest, new_tokens: int
    ) -> tuple[list[list[int]], _Watch, _StopStrings]:
        """Left-pad, generate, return the new tokens of each row."""
        width = max(1, *(len(row) for row in rows))
        pad = self.pad_id
        ids = torch.full((len(rows), width), pad, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for position, row in enumerate(rows):
            start = width - len(row)
            ids[position, start:] = torch.tensor(row, dtype=torch.long)
            mask[position, start:] = 1
        watch = _Watch(len(rows))
        stop = _StopStrings(self.endings, settings.stop, width, len(rows))
        config = GenerationConfig(
            max_new_tokens=new_tokens,
            do_sample=False,  # one token at a time, chosen by our processors
            num_beams=1,
            eos_token_id=sorted(self.endings.ending(settings.stop)) or None,
            pad_token_id=pad,
        )
        with _plain(self.model) if settings.temperature > 0 else nullcontext():
            out = self.model.generate(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                generation_config=config,
                logits_processor=_processors(settings, numbers, watch, width),
                stopping_criteria=StoppingCriteriaList([stop]),
            )
        return out[:, width:].tolist(), watch, stop


@contextmanager
def _plain(model: Any) -> Iterator[None]:  # noqa: ANN401 - transformers' models have no common typed base
    """Without the checkpoint's generation configuration, from which transformers takes whatever a call leaves open.

    Greedy decoding keeps its penalties, as lm-eval's ``HFLM`` does; sampled text follows the plain distribution, as the
    probes publish it.
    """
    own = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own


class _Watch(LogitsProcessor):
    """Remembers rows whose logits became NaN or infinite and lets them run on harmlessly."""

    def __init__(self, rows: int) -> None:
        self.broken = [False] * rows

    def __call__(self, _input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        bad = broken(scores)
        if not bool(bad.any()):
            return scores
        self.broken = [was or bool(now) for was, now in zip(self.broken, bad.tolist(), strict=True)]
        return scores.masked_fill(bad[:, None], 0.0)  # type: ignore[return-value]


class _SeededDraw(LogitsProcessor):
    """Leaves one token per row: the one its own uniform number falls on."""

    def __init__(self, settings: GenerateRequest, numbers: Sequence[torch.Tensor], prompt_width: int) -> None:
        self.settings = settings
        self.numbers = torch.stack(list(numbers))
        self.prompt_width = prompt_width

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        step = input_ids.shape[1] - self.prompt_width
        chosen = draw(warp(scores, self.settings), self.numbers[:, step])
        alone = torch.full_like(scores, -torch.inf)
        return alone.scatter(1, chosen[:, None], 0.0)  # type: ignore[return-value]


class _StopStrings(StoppingCriteria):
    """Ends a row when the text it generated holds one of the stop strings."""

    def __init__(self, endings: Endings, stops: Sequence[str], prompt_width: int, rows: int) -> None:
        self.endings = endings
        self.stops = stops
        self.prompt_width = prompt_width
        self.ended_at: list[int | None] = [None] * rows

    def __call__(self, input_ids: torch.LongTensor, _scores: torch.FloatTensor, **_: object) -> torch.BoolTensor:
        done = torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)
        for row, ids in enumerate(input_ids[:, self.prompt_width :].tolist()):
            if self.ended_at[row] is None and self.endings.stopped(ids, self.stops):
                self.ended_at[row] = len(ids)
            done[row] = self.ended_at[row] is not None
        return done  # type: ignore[return-value]


def _processors(
    settings: GenerateRequest, numbers: Sequence[torch.Tensor], watch: _Watch, width: int
) -> LogitsProcessorList:
    """Watch for NaN, then warp and draw where the request samples."""
    return LogitsProcessorList([watch, *([_SeededDraw(settings, numbers, width)] if settings.temperature > 0 else [])])


def _settings(request: GenerateRequest) -> tuple[Any, ...]:
    """What one call of ``generate`` must share."""
    return (request.max_new_tokens, request.temperature, request.top_k, request.top_p, request.stop)
