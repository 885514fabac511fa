"""Continuous batching: a text that has ended leaves at once and the next prompt takes its slot.

Prompts are read like scoring requests are: as a prefix tree, so that what they share is computed once, and each of
several completions of one prompt starts from a copy of its keys and values.
"""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from audit.engine.local.continuation import Collected, Continuation
from audit.engine.local.endings import WatchedText
from audit.engine.local.memory import KINDS, OUT_OF_MEMORY, Allowance, fitting, free_memory, give_back, is_out_of_memory
from audit.engine.local.model.products import PackedWeights
from audit.engine.local.model.slots import Slots
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import plan
from audit.engine.local.plan.prefix_tree import PrefixTree
from audit.engine.local.processors import processors
from audit.engine.local.soundness import not_finite
from audit.engine.local.token_sampling import broken, distribution, likeliest, sample
from audit.engine.requests import Completion, GenerateRequest
from audit.engine.room import share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from audit.engine.local.endings import Endings
    from audit.engine.local.model.forward import Forward
    from audit.engine.local.model.keys_values import KeysValues
    from audit.engine.local.plan.cost import Budget

EMPTY_SHARE = 4
"""Prompts are read when at least one slot in four is empty: reading a few at a time is inefficient."""

LOGIT_BYTES = 32
"""Bytes for each word of the vocabulary and text: float32 logits of a prompt and of a step, and what drawing a token
computes in float64."""

WEIGHTS = 0.25
"""Share of free memory that copies of weights may take."""

Ended = tuple[Continuation, str | None]
"""A text that has ended, and its error if it has one."""


@dataclass
class Ready:
    """A text whose prompt has been read."""

    text: Continuation
    keys_values: KeysValues
    logits: torch.Tensor
    """Logits of its first token, shape (vocabulary,)."""


class Decoder:
    """Generates on one transformers model.

    Args:
        forward: Runs passes and steps.
        endings: When a text ends and what it is.
        max_length: Context length in tokens.
        slots: Texts at a time at most.
        budget: What fits into a pass that reads prompts.

    Attributes:
        allowance: Texts at a time that memory was seen to hold.
        fits: Those that free memory is estimated to hold in the present call; halved when it runs out.
    """

    def __init__(self, forward: Forward, endings: Endings, max_length: int, slots: int, budget: Budget) -> None:
        self.forward = forward
        self.endings = endings
        self.max_length = max_length
        self.slots = self.fits = slots
        self.allowance = Allowance(slots, patience=1)
        self.budget = budget

    def completions(
        self, requests: Sequence[tuple[int, GenerateRequest, list[int]]], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions of (index, request, prompt tokens), each as soon as its last text has ended."""
        unfinished = {
            index: Collected(request, ids, *share(len(ids), request.max_new_tokens, self.max_length))
            for index, request, ids in requests
        }
        # A buffer is copied when slots are added: for a moment there are two.
        longest = max((self._columns(collected) for collected in unfinished.values()), default=1)
        each = 2 * longest * self.forward.position_bytes + LOGIT_BYTES * self.forward.vocabulary
        self.fits = fitting(min(self.slots, self.allowance.now), each, free_memory(self.forward.devices))
        before = self.forward.computed
        enough = True
        with PackedWeights(self.forward.model, functools.partial(_room_for_weights, self.forward.devices)) as packed:
            while unfinished:
                full = False
                try:
                    for text, error in self._batch(unfinished, packed).ended_texts():
                        if text.index in unfinished:  # else another completion of the request had an error
                            done = unfinished[text.index].take(text, error)
                            if done is not None:
                                del unfinished[text.index]
                                yield {text.index: done}, self.forward.computed - before
                                before = self.forward.computed
                except KINDS as error:
                    if not is_out_of_memory(error):
                        raise
                    full = True
                if full:  # outside the handler, whose traceback holds what filled the memory
                    enough = False
                    yield self._make_room(unfinished, packed, say), 0
        if enough:
            self.allowance.worked()

    def _batch(self, unfinished: dict[int, Collected], packed: PackedWeights) -> Batch:
        """What remains to be generated. Nobody keeps it: it holds what is to be freed when memory runs out."""
        waiting = [text for index, collected in unfinished.items() for text in self._new_texts(index, collected)]
        return Batch(self.forward, self._read(waiting), len(waiting), self.fits, packed.count_step)

    def _columns(self, collected: Collected) -> int:
        """Positions that a text of a request is likely to need."""
        return collected.kept + min(self.endings.likely_tokens(collected.request), collected.room)

    def _new_texts(self, index: int, collected: Collected) -> list[Continuation]:
        """What remains to be generated for a request."""
        request, prompt = collected.request, collected.prompt
        return [
            Continuation(
                index,
                copy,
                request,
                prompt,
                WatchedText(self.endings, request, collected.room),
                processors(request, self.endings, prompt, collected.room),
            )
            for copy in collected.missing
        ]

    def _make_room(
        self, unfinished: dict[int, Collected], packed: PackedWeights, say: Callable[[str], None]
    ) -> dict[int, Completion]:
        """Out of memory: free what is cached, else halve the slots; with one slot, give up the largest request."""
        kept = packed.drop() | self.forward.forget()
        give_back()
        if kept:
            return {}
        texts = min(self.fits, sum(len(collected.missing) for collected in unfinished.values()))
        self.allowance.failed(texts)
        if texts > 1:
            self.fits = texts // 2
            say(f"out of memory while generating: continuing with {self.fits} texts at a time")
            return {}
        say(f"a request failed: {OUT_OF_MEMORY}")
        largest = max(unfinished, key=lambda index: self._columns(unfinished[index]))
        del unfinished[largest]
        return {largest: Completion(error=OUT_OF_MEMORY)}

    def _read(self, texts: Sequence[Continuation]) -> Iterator[Ready]:
        """Read the prompts, a pass at a time and only when needed; texts of one prompt come together."""
        by_prompt: dict[tuple[int, ...], list[Continuation]] = {}
        for text in texts:
            by_prompt.setdefault(text.prompt, []).append(text)
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
            logits, kept = self.forward.read(work, layout, members)
            for index, first, keys_values in zip(members, logits, kept, strict=True):
                for text in by_prompt[order[index]]:
                    yield Ready(text, keys_values, first)


class Batch:
    """Texts that are generated together.

    Each text is in exactly one of four states, and they only move forward::

        unread ──read()──> ready ──join()──> live ──step()──> ended
                                      └── ended with its first token ──┘

    An *unread* text is still to come out of ``prompts``. A *ready* one waits for a slot. A *live* one has a slot, and
    ``live[slot]`` is it; None is an empty slot. An *ended* one has been yielded. So the texts that are left are
    ``unread + len(ready) + live texts``, and there are never more live ones than ``fits``.

    Args:
        forward: Runs steps.
        prompts: Reads prompts as it is iterated over.
        unread: How many texts will come out of it.
        fits: Slots at most.
        before_step: Called before each step.
    """

    def __init__(
        self,
        forward: Forward,
        prompts: Iterator[Ready],
        unread: int,
        fits: int,
        before_step: Callable[[], None] = lambda: None,
    ) -> None:
        self.forward = forward
        self.prompts = prompts
        self.unread = unread
        self.fits = fits
        self.before_step = before_step
        self.ready: deque[Ready] = deque()
        self.live: list[Continuation | None] = []
        self.slots = Slots()

    @property
    def left(self) -> int:
        """Texts that have not ended."""
        return self.unread + len(self.ready) + self._count_live()

    def ended_texts(self) -> Iterator[Ended]:
        """All texts, as they end. Joining gives a text its first token, a step every later one."""
        while self.left:
            slots = min(self.fits, self.left)
            empty = slots - self._count_live()
            if empty * EMPTY_SHARE >= slots:
                self._read(empty)
            joining = [self.ready.popleft() for _ in range(min(empty, len(self.ready)))]
            yield from self._join(joining) if joining else self._step()

    def _count_live(self) -> int:
        return sum(text is not None for text in self.live)

    def _read(self, wanted: int) -> None:
        """Read prompts until this many texts are ready, or none is left."""
        while self.unread and len(self.ready) < wanted:
            self.ready.append(next(self.prompts))
            self.unread -= 1

    def _join(self, joining: Sequence[Ready]) -> list[Ended]:
        """Give ready texts their first token and then a slot; those that end with it need none."""
        texts = [start.text for start in joining]
        chosen = self._choose(torch.stack([start.logits for start in joining]), texts)
        going = deque(start for start, (end, _) in zip(joining, chosen, strict=True) if not end)
        for slot, text in enumerate(self.live):
            if text is None and going:
                self.slots.replace(slot, going[0].keys_values)
                self.live[slot] = going.popleft().text
        if going:
            self.slots.add([start.keys_values for start in going])
            self.live += [start.text for start in going]
        return [(text, error) for text, (end, error) in zip(texts, chosen, strict=True) if end]

    def _step(self) -> list[Ended]:
        """One more token for each live text; those that end with it leave their slots."""
        if not self.unread and not self.ready:
            self._close_empty_slots()
        self.before_step()
        logits = self.forward.step(self.slots, [text.tokens[-1] if text else self.forward.pad_id for text in self.live])
        self.slots.advance()
        going = [(slot, text) for slot, text in enumerate(self.live) if text]
        if len(going) < len(self.live):
            logits = logits[[slot for slot, _ in going]]
        chosen = self._choose(logits, [text for _, text in going])
        ended: list[Ended] = []
        for (slot, text), (end, error) in zip(going, chosen, strict=True):
            if end:
                ended.append((text, error))
                self.live[slot] = None
                self.slots.clear(slot)
        return ended

    def _close_empty_slots(self) -> None:
        """No more texts to come: keep only the slots in use, once enough are empty that copying the others pays."""
        if self.live.count(None) * EMPTY_SHARE >= len(self.live):
            self.slots.keep([slot for slot, text in enumerate(self.live) if text])
            self.live = [text for text in self.live if text]

    @torch.inference_mode()
    def _choose(self, logits: torch.Tensor, texts: Sequence[Continuation]) -> list[tuple[bool, str | None]]:
        """Give each text its next token; whether it has ended, and with which error."""
        bad = broken(logits).tolist()
        chosen = _next_tokens(logits, texts, bad).tolist()
        results: list[tuple[bool, str | None]] = []
        for text, token, is_bad in zip(texts, chosen, bad, strict=True):
            if is_bad:
                results.append((True, not_finite("logits", self.forward.model.dtype)))
            else:
                text.tokens.append(token)
                results.append((text.reading.ended(text.tokens), None))
        return results


def _next_tokens(logits: torch.Tensor, texts: Sequence[Continuation], bad: Sequence[bool]) -> torch.Tensor:
    """The next token of each text: the likeliest, or the one that its random number falls on.

    Args:
        logits: Shape (texts, vocabulary); those of texts with processors are overwritten.
        texts: In that order.
        bad: Rows without a usable distribution, whose tokens mean nothing.
    """
    for place, text in enumerate(texts):
        if text.processors and not bad[place]:
            ids: Any = torch.tensor([[*text.prompt, *text.tokens]], device=logits.device)
            logits[place] = text.processors(ids, logits[place : place + 1])[0]
    chosen = likeliest(logits)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, text in enumerate(texts):
        if text.request.temperature > 0 and not bad[place]:
            groups.setdefault(distribution(text.request), []).append(place)
    for places in groups.values():
        numbers = torch.stack([texts[place].number() for place in places])
        rows = logits if len(places) == len(texts) else logits[places]
        chosen[places] = sample(rows, texts[places[0]].request, numbers)
    return chosen


def _room_for_weights(devices: Sequence[torch.device]) -> float:
    """Bytes that copies of weights may take now."""
    return WEIGHTS * free_memory(devices)
