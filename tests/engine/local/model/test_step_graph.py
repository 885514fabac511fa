"""Steps that are recorded once and replayed. What a GPU records is computed again here, from that state alone."""

from __future__ import annotations

import contextlib
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine import GenerateRequest
from audit.engine.local.model.step_graph import EAGER_STEPS, StepGraphs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.engine.local.engine import TransformersEngine
    from audit.engine.local.model.slots import Slots


class Recomputed(StepGraphs):
    """Replays by computing again what was recorded: with the tensors of that time, as a GPU does."""

    recorded = replayed = 0

    def _record(self, slots: Slots, state: torch.Tensor) -> bool:
        type(self).recorded += 1
        self._slots, self._buffers = weakref.proxy(slots), [list(layer.buffers) for layer in slots.layers]
        self._state, self._graph = state.clone(), object()  # type: ignore[assignment]
        return True

    def replay(self) -> None:
        type(self).replayed += 1
        for layer, buffers in zip(self._slots.layers, self._buffers, strict=True):
            assert layer.buffers[0] is buffers[0]
            assert layer.buffers[1] is buffers[1]
        self._logits = self._compute(self._slots, self._state)


def counting() -> Any:
    """The class with counts of its own."""
    return type("Counting", (Recomputed,), {})


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 3, 64])
def test_recorded_steps_give_the_same_texts(tiny: TransformersEngine, slots: int) -> None:
    prompts = ["The quick brown fox", "Question: who?\nAnswer:", "x", "Der Hund schläft. " * 6]
    requests = [
        GenerateRequest(prompt, max_new_tokens=count, temperature=heat, seed=count)
        for prompt in prompts for count, heat in ((1, 0.0), (9, 0.0), (70, 0.0), (20, 0.9))
    ]  # fmt: skip
    expected = tiny.generate(requests)
    tiny._generator.decoder.slots = slots
    tiny._forward._records, tiny._forward.graphs = True, counting()
    assert tiny.generate(requests) == expected
    assert tiny._forward.graphs.replayed > 10 * tiny._forward.graphs.recorded > 0
    gc.collect()
    assert not tiny._forward._graphs, "what was recorded goes with its slots"


def test_a_step_that_cannot_be_recorded_is_computed_call_by_call(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [GenerateRequest("The quick brown fox", max_new_tokens=12)]
    expected = tiny.generate(requests)
    tried: list[Any] = []
    error: Exception = RuntimeError("operation not permitted when stream is capturing\nmore advice")
    used: list[Any] = []
    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: f"the stream before on {device}")
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: f"a stream of {device}")
    monkeypatch.setattr(torch.cuda, "device", contextlib.nullcontext)
    monkeypatch.setattr(torch.cuda, "set_stream", used.append)

    @contextlib.contextmanager
    def refuse(graph: Any, stream: Any) -> Iterator[None]:
        tried.append(stream)
        yield
        raise error

    monkeypatch.setattr(torch.cuda, "graph", refuse)
    tiny._forward._records = True
    assert tiny.generate(requests) == expected
    assert tiny.generate(requests) == expected
    assert tried == ["a stream of cpu"]
    assert used == ["the stream before on cpu"]
    error = torch.OutOfMemoryError()
    tiny._forward._records = True
    messages: list[str] = []
    tiny.progress.say = messages.append  # type: ignore[method-assign]
    assert [answer.error for answer in tiny.generate(requests)] != [None]


def test_new_buffers_are_recorded_again(tiny: TransformersEngine) -> None:
    class Held:
        place: object = "first"

    held: Any = Held()
    graphs = counting()(lambda _, state: state * 2)
    held.layers = []
    state = torch.arange(4)
    for place in ("first", "second"):
        held.place = place
        for _ in range(EAGER_STEPS):
            assert graphs.step(held, state) is None
        for _ in range(2):
            logits = graphs.step(held, state + 1)
            assert logits is not None
            assert logits.tolist() == [2, 4, 6, 8]
    assert (graphs.recorded, graphs.replayed) == (2, 4)
