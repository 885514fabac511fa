"""Continuous batching: a row that has ended leaves at once and the next prompt takes its place.

Prompts are read like scoring requests are: as a prefix tree, so that what they share is computed once, and each of
several completions of one prompt starts from a copy of its keys and values.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from audit.engine.local.endings import Reading
from audit.engine.local.memory import KINDS, OUT_OF_MEMORY, Allowance, fitting, give_back, is_out_of_memory
from audit.engine.local.model.slots import Slots
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import plan
from audit.engine.local.plan.prefix_tree import PrefixTree
from audit.engine.local.soundness import not_finite
from audit.engine.local.token_sampling import broken, distribution, sample, uniforms
from audit.engine.requests import Completion, GenerateRequest, Generation
from audit.engine.room import share
from audit.engine.settings import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from transformers import LogitsProcessorList

    from audit.engine.local.endings import Endings
    from audit.engine.local.model.forward import Forward, KeysValues
    from audit.engine.local.plan.cost import Budget

WAITING_ROWS = 4
"""Prompts are read when this share of the rows (one in four) stands empty: reading few at a time wastes the machine."""


@dataclass
class Row:
    """One completion that is being generated."""

    index: int
    """Of its request."""
    copy: int
    """Which of the request's completions."""
    request: GenerateRequest
    prompt: tuple[int, ...]
    reading: Reading
    """Says when it ends and what its text is."""
    bends: LogitsProcessorList
    """What changes its logits; empty for plain decoding."""
    tokens: list[int] = field(default_factory=list)
    """What it has generated."""
    numbers: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    """The random numbers drawn so far, where it is sampled."""

    def number(self) -> torch.Tensor:
        """The random number of its next token. They are drawn as needed: a trace may be long, and mostly is not."""
        if len(self.tokens) >= len(self.numbers):
            count = max(self.request.max_new_tokens, 2 * len(self.numbers))
            self.numbers = uniforms(self.request, self.copy, count)
        return self.numbers[len(self.tokens)]


@dataclass
class Start:
    """A row whose prompt has been read."""

    row: Row
    keys_values: KeysValues
    logits: torch.Tensor
    """Of its first token, shape (vocabulary,)."""


class Decoder:
    """Generates on one transformers model.

    Args:
        forward: Runs passes and steps.
        endings: When a row ends and what its text is.
        max_length: Context length in tokens.
        rows: Completions at a time at most.
        budget: What fits into a pass that reads prompts.

    Attributes:
        allowance: Completions at a time that memory was seen to hold.
        fits: Those that free memory is estimated to hold in the present call; halved when it runs out.
    """

    def __init__(self, forward: Forward, endings: Endings, max_length: int, rows: int, budget: Budget) -> None:
        self.forward = forward
        self.endings = endings
        self.max_length = max_length
        self.rows = self.fits = rows
        self.allowance = Allowance(rows, patience=1)
        self.budget = budget

    def run(
        self, asked: Sequence[tuple[int, GenerateRequest, list[int]]], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions of (index, request, prompt tokens), each as soon as its last row has ended."""
        unfinished = {
            index: _Collected(request, ids, *share(len(ids), request.max_new_tokens, self.max_length))
            for index, request, ids in asked
        }
        # A buffer is copied when rows are added: for a moment there are two.
        longest = max((self._columns(collected) for collected in unfinished.values()), default=1)
        self.fits = fitting(
            min(self.rows, self.allowance.now), 2 * longest * self.forward.position_bytes, self.forward.device
        )
        before = self.forward.computed
        enough = True
        while unfinished:
            waiting = [row for index, collected in unfinished.items() for row in self._new_rows(index, collected)]
            full = False
            try:
                for row, fault in self._rows(waiting):
                    if row.index in unfinished:  # else another completion of the request had an error
                        done = unfinished[row.index].take(row, fault)
                        if done is not None:
                            del unfinished[row.index]
                            yield {row.index: done}, self.forward.computed - before
                            before = self.forward.computed
            except KINDS as error:
                if not is_out_of_memory(error):
                    raise
                full = True
            if full:  # outside the handler, whose traceback holds what filled the memory
                enough = False
                yield self._make_room(unfinished, say), 0
        if enough:
            self.allowance.worked()

    def _columns(self, collected: _Collected) -> int:
        """Positions that a row of a request is likely to take."""
        return collected.kept + min(self.endings.likely_tokens(collected.request), collected.room)

    def _new_rows(self, index: int, collected: _Collected) -> list[Row]:
        """What is still to be generated of a request."""
        request, prompt = collected.request, collected.prompt
        return [
            Row(
                index,
                copy,
                request,
                prompt,
                Reading(self.endings, request, collected.room),
                processors(request, self.endings, prompt, collected.room),
            )
            for copy in collected.missing
        ]

    def _make_room(self, unfinished: dict[int, _Collected], say: Callable[[str], None]) -> dict[int, Completion]:
        """Out of memory: drop what is kept, else half the rows; with one row, give the largest request up."""
        kept = self.forward.forget()
        give_back()
        if kept:
            return {}
        rows = min(self.fits, sum(len(collected.missing) for collected in unfinished.values()))
        self.allowance.failed(rows)
        if rows > 1:
            self.fits = rows // 2
            say(f"out of memory while generating: going on with {self.fits} rows at a time")
            return {}
        say(f"a request failed: {OUT_OF_MEMORY}")
        largest = max(unfinished, key=lambda index: self._columns(unfinished[index]))
        del unfinished[largest]
        return {largest: Completion(error=OUT_OF_MEMORY)}

    def _rows(self, waiting: list[Row]) -> Iterator[tuple[Row, str | None]]:
        """Rows as they end, each with its error if it has one."""
        starts = self._starts(waiting)
        slots, live = Slots(), list[Row | None]()
        left, to_read = len(waiting), len(waiting)
        ready: deque[Start] = deque()
        while left:
            places = min(self.fits, left)
            free = places - sum(row is not None for row in live)
            if free * WAITING_ROWS >= places:
                while to_read and len(ready) < free:
                    ready.append(next(starts))
                    to_read -= 1
            joining = [ready.popleft() for _ in range(min(free, len(ready)))]
            if joining:
                rows = [start.row for start in joining]
                chosen = self._choose(torch.stack([start.logits for start in joining]), rows)
                _enter(slots, live, [start for start, (end, _) in zip(joining, chosen, strict=True) if not end])
                ended = [(row, error) for row, (end, error) in zip(rows, chosen, strict=True) if end]
            else:
                if not to_read and not ready and None in live:
                    slots.keep([place for place, row in enumerate(live) if row])
                    live = [row for row in live if row]
                ended = self._step(slots, live)
            left -= len(ended)
            yield from ended

    def _starts(self, rows: Sequence[Row]) -> Iterator[Start]:
        """Read the prompts, a pass at a time."""
        by_prompt: dict[tuple[int, ...], list[Row]] = {}
        for row in rows:
            by_prompt.setdefault(row.prompt, []).append(row)
        order = sorted(by_prompt)
        tree = PrefixTree([np.array(ids, dtype=np.int64) for ids in order], [len(ids) - 1 for ids in order])
        passes = deque(plan(tree, self.forward.cost, self.budget))
        while passes:
            work = passes.popleft()
            members = list(work.members)
            if len(members) > self.fits:  # the keys and values of each are copied
                passes.extendleft(reversed(work.halves(tree)))
                continue
            layout = lay_out(work, tree, self.forward.pad_id)
            logits, caches = self.forward.read(work, layout, members)
            for index, first, cache in zip(members, logits, caches, strict=True):
                for row in by_prompt[order[index]]:
                    yield Start(row, cache, first)

    def _step(self, slots: Slots, live: list[Row | None]) -> list[tuple[Row, str | None]]:
        """One more token for each row; the rows that ended with it leave."""
        logits = self.forward.step(slots, [row.tokens[-1] if row else self.forward.pad_id for row in live])
        slots.advance()
        going = [(place, row) for place, row in enumerate(live) if row]
        chosen = self._choose(logits[[place for place, _ in going]], [row for _, row in going])
        ended = []
        for (place, row), (end, error) in zip(going, chosen, strict=True):
            if end:
                ended.append((row, error))
                live[place] = None
                slots.clear(place)
        return ended

    @torch.inference_mode()
    def _choose(self, logits: torch.Tensor, rows: Sequence[Row]) -> list[tuple[bool, str | None]]:
        """Give each row its next token; whether it has ended, and with which error."""
        bad = broken(logits).tolist()
        for place, row in enumerate(rows):
            if row.bends and not bad[place]:
                ids: Any = torch.tensor([[*row.prompt, *row.tokens]], device=logits.device)
                logits[place] = row.bends(ids, logits[place : place + 1])[0]
        chosen = logits.argmax(dim=-1)
        groups: dict[tuple[Any, ...], list[int]] = {}
        for place, row in enumerate(rows):
            if row.request.temperature > 0 and not bad[place]:
                groups.setdefault(distribution(row.request), []).append(place)
        for places in groups.values():
            numbers = torch.stack([rows[place].number() for place in places])
            chosen[places] = sample(logits[places], rows[places[0]].request, numbers)
        results: list[tuple[bool, str | None]] = []
        for row, token, wrong in zip(rows, chosen.tolist(), bad, strict=True):
            if wrong:
                results.append((True, not_finite("logits", self.forward.model.dtype)))
                continue
            row.tokens.append(token)
            results.append((row.reading.ended(row.tokens), None))
        return results


def _enter(slots: Slots, live: list[Row | None], starts: Sequence[Start]) -> None:
    """Put prompts that have been read into rows that have ended, and into new ones."""
    free = [place for place, row in enumerate(live) if row is None]
    for place, start in zip(free, starts, strict=False):
        slots.replace(place, start.keys_values)
        live[place] = start.row
    more = starts[len(free) :]
    if more:
        slots.add([start.keys_values for start in more])
        live += [start.row for start in more]


@dataclass
class _Collected:
    """The completions of one request so far."""

    request: GenerateRequest
    ids: list[int]
    kept: int
    """Prompt tokens that are read; the others are cut off from the left."""
    room: int
    """Tokens that fit behind them."""
    done: dict[int, Generation] = field(default_factory=dict)

    @property
    def prompt(self) -> tuple[int, ...]:
        """The prompt's tokens that are read."""
        return tuple(self.ids[len(self.ids) - self.kept :])

    @property
    def missing(self) -> list[int]:
        """Numbers of the completions that are still to be generated; greedy ones are all equal."""
        return [copy for copy in range(self.request.n if self._sampled else 1) if copy not in self.done]

    @property
    def _sampled(self) -> bool:
        return self.request.temperature > 0

    def take(self, row: Row, error: str | None) -> Completion | None:
        """Add a row that has ended, a greedy one for all n; the completion when it was the last or had an error."""
        cut = len(self.ids) - self.kept
        if error:
            return Completion((), self.kept, cut, error)
        generation = row.reading.finish(row.tokens)
        self.done.update(dict.fromkeys([row.copy] if self._sampled else range(self.request.n), generation))
        if len(self.done) < self.request.n:
            return None
        return Completion(tuple(self.done[copy] for copy in range(self.request.n)), self.kept, cut)
