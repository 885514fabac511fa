"""Steps that are recorded once and replayed. What a GPU records is computed again here, from that state alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine import GenerateRequest
from audit.engine.local.model.step_graph import EAGER_STEPS, StepGraphs

if TYPE_CHECKING:
    from audit.engine.local.engine import TransformersEngine
    from audit.engine.local.model.slots import Slots


class Recomputed(StepGraphs):
    """Replays by computing again what was recorded: with the tensors of that time, as a GPU does."""

    recorded = replayed = 0

    def _record(self, slots: Slots, state: torch.Tensor) -> bool:
        self.recorded += 1
        self._slots, self._buffers = slots, [list(layer.buffers) for layer in slots.layers]
        self._state, self._graph = state.clone(), object()  # type: ignore[assignment]
        return True

    def replay(self) -> None:
        self.replayed += 1
        for layer, buffers in zip(self._slots.layers, self._buffers, strict=True):
            assert layer.buffers[0] is buffers[0]
            assert layer.buffers[1] is buffers[1]
        self._logits = self._compute(self._slots, self._state)


@pytest.mark.parametrize("slots", [1, 3, 64])
def test_recorded_steps_give_the_same_texts(tiny: TransformersEngine, slots: int) -> None:
    prompts = ["The quick brown fox", "Question: who?\nAnswer:", "x", "Der Hund schläft. " * 6]
    requests = [
        GenerateRequest(prompt, max_new_tokens=count, temperature=heat, seed=count)
        for prompt in prompts for count, heat in ((1, 0.0), (9, 0.0), (70, 0.0), (20, 0.9))
    ]  # fmt: skip
    expected = tiny.generate(requests)
    tiny._generator.decoder.slots = slots
    tiny._forward._graphs = graphs = Recomputed(tiny._forward._step_in_place)
    assert tiny.generate(requests) == expected
    assert graphs.replayed > 10 * graphs.recorded > 0


def test_a_step_that_cannot_be_recorded_is_computed_call_by_call(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [GenerateRequest("The quick brown fox", max_new_tokens=12)]
    expected = tiny.generate(requests)
    tried: list[Any] = []

    def refuse(graph: Any) -> Any:
        tried.append(graph)
        msg = "operation not permitted when stream is capturing\nmore advice"
        raise RuntimeError(msg)

    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "graph", refuse)
    tiny._forward._graphs = StepGraphs(tiny._forward._step_in_place)
    assert tiny.generate(requests) == expected
    assert len(tried) == 1


def test_new_buffers_are_recorded_again(tiny: TransformersEngine) -> None:
    class Held:
        place: object = "first"

    held: Any = Held()
    graphs = Recomputed(lambda _, state: state * 2)
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
