"""Memory that runs out: what is taken for it, what is tried, and how the rest of a run goes on."""

from __future__ import annotations

import errno
import itertools
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine import GenerateRequest, ScoreRequest
from audit.engine.local.memory import KEPT, LEAST_TOKENS, Allowance, MemoryRoom, halve_when_full, is_out_of_memory
from audit.engine.local.model.forward import Forward
from audit.engine.local.model.shortcuts import Shortcuts
from audit.engine.local.plan.passes import Trunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine.local.engine import TransformersEngine

    Patch = pytest.MonkeyPatch

MANY = [ScoreRequest(tuple(3 + (7 * i + j) % 300 for j in range(60)), (3 + i, 9)) for i in range(200)]
FEW = [ScoreRequest((5, 6, 7, 8), (9, 10)), ScoreRequest((50, 6, 7, 8), (9, 10))]

SAYS_MEMORY: list[BaseException] = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    MemoryError(),
    MemoryError("Unable to allocate 7.45 GiB for an array with shape (1000000000,) and data type float64"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("CUDA driver error: CUDA_ERROR_OUT_OF_MEMORY"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDA error: HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`"),
    RuntimeError("miopenStatusAllocFailed"),
    RuntimeError("HIP out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError("MPS backend out of memory (MPS allocated: 5.96 GB, other allocations: 1.20 GB)"),
    RuntimeError("Invalid buffer size: 18.00 GB"),
    RuntimeError("XPU out of memory. Tried to allocate 1.00 GiB"),
    RuntimeError("level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4096 bytes."),
    RuntimeError("std::bad_alloc"),
    RuntimeError("bad allocation"),
]
SAYS_OTHER: list[BaseException] = [
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
    OSError(errno.ENOSPC, "No space left on device"),
    ValueError("out of memory"),
]


@pytest.mark.parametrize("error", SAYS_MEMORY, ids=str)
def test_an_allocator_says_so_in_many_words(error: BaseException) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", SAYS_OTHER, ids=str)
def test_other_errors_are_not_taken_for_it(error: BaseException) -> None:
    assert not is_out_of_memory(error)


class Passes:
    """Counts the calls of the model's layers, and lets some of them run out of memory."""

    def __init__(self, engine: TransformersEngine, patch: Patch, full: Callable[[int, int], bool]) -> None:
        self.sizes: list[int] = []
        self.failed: list[int] = []
        forward = engine.model.base_model.forward  # type: ignore[union-attr]

        def watched(*args: Any, **kwargs: Any) -> Any:
            size = kwargs["input_ids"].numel()
            if full(len(self.sizes) + len(self.failed), size):
                self.failed.append(size)
                msg = "CUDA out of memory"
                raise torch.OutOfMemoryError(msg)
            self.sizes.append(size)
            return forward(*args, **kwargs)

        patch.setattr(engine.model.base_model, "forward", watched)


@pytest.mark.slow
@pytest.mark.parametrize("times", [0, 1, 2], ids=["never", "once", "twice"])
def test_a_small_pass_that_memory_ran_out_on_costs_the_others_nothing(
    tiny: TransformersEngine, monkeypatch: Patch, times: int
) -> None:
    expected = [tiny.score(FEW), tiny.score(MANY)]
    undisturbed = Passes(tiny, monkeypatch, lambda _number, _size: False)
    tiny.score(MANY)
    monkeypatch.undo()
    seen = Passes(tiny, monkeypatch, lambda number, _size: number < times)
    first = tiny.score(FEW)
    assert all(size <= 12 for size in seen.failed)
    assert len(seen.failed) == times
    seen.sizes.clear()
    assert [score.log_probs for score in first] == [pytest.approx(s.log_probs, abs=1e-5) for s in expected[0]]
    assert tiny.score(MANY) == expected[1]
    assert len(seen.sizes) == len(undisturbed.sizes)


@pytest.mark.slow
def test_the_budget_grows_back_after_a_large_pass_failed(tiny: TransformersEngine, monkeypatch: Patch) -> None:
    undisturbed = Passes(tiny, monkeypatch, lambda _number, _size: False)
    tiny.score(MANY)
    monkeypatch.undo()
    seen = Passes(tiny, monkeypatch, lambda number, _size: number < 6)  # three passes in a row, each tried twice
    tiny.score(MANY)
    assert len(seen.failed) == 6
    assert tiny._scorer.allowance.now < tiny._scorer.budget.tokens
    for _ in range(4):
        tiny.score(MANY)
    assert tiny._scorer.allowance.now >= tiny._scorer.budget.tokens
    seen.sizes.clear()
    tiny.score(MANY)
    assert len(seen.sizes) == len(undisturbed.sizes)


@pytest.mark.slow
def test_memory_that_stays_small_is_not_tried_in_vain_for_ever(tiny: TransformersEngine, monkeypatch: Patch) -> None:
    expected = tiny.score(MANY)
    seen = Passes(tiny, monkeypatch, lambda _number, size: size > 130)
    for _ in range(3):
        found = tiny.score(MANY)
        assert [s.log_probs for s in found] == [pytest.approx(s.log_probs, abs=1e-5) for s in expected]
    assert len(seen.failed) < len(seen.sizes) / 4


def test_what_is_kept_is_dropped_before_a_pass_is_halved(
    tiny: TransformersEngine, monkeypatch: Patch, listener: Any
) -> None:
    expected = tiny.score(FEW)
    tiny._forward._trunks[Trunk((1, 2, 3))] = []
    seen = Passes(tiny, monkeypatch, lambda _number, _size: bool(tiny._forward._trunks))
    assert tiny.score(FEW) == expected
    assert len(seen.failed) == 1
    assert listener.messages == []


def test_rows_of_generated_text_come_back_in_the_next_call(tiny: TransformersEngine, monkeypatch: Patch) -> None:
    asked = [GenerateRequest(f"{i} apples", max_new_tokens=4) for i in range(8)]
    expected = tiny.generate(asked)
    decoder = tiny._generator.decoder
    forward, steps = tiny._forward.step, itertools.count()

    def step(*args: Any) -> Any:
        if next(steps) == 0:
            msg = "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"
            raise RuntimeError(msg)
        return forward(*args)

    monkeypatch.setattr(tiny._forward, "step", step)
    assert tiny.generate(asked) == expected
    assert decoder.fits <= 4
    tiny.generate([GenerateRequest(f"{i} pears", max_new_tokens=4) for i in range(64)])
    assert decoder.fits == decoder.slots


def test_an_allowance_forgives_one_small_failure_and_grows_back() -> None:
    allowance = Allowance(1024, patience=2)
    allowance.failed(11)
    assert allowance.now == 1024
    allowance.failed(11)
    assert allowance.now == 5
    for _ in range(40):
        allowance.worked()
    assert allowance.now == 1024
    allowance.failed(1000)
    assert allowance.now == 500


def test_a_batch_is_tried_again_with_nothing_kept_before_it_is_halved() -> None:
    kept, tried, said = [True], [], list[str]()

    def compute(items: Any) -> list[int]:
        tried.append(len(items))
        if kept:
            raise MemoryError
        return [2 * item for item in items]

    assert halve_when_full([1, 2, 3], compute, lambda _item: -1, kept.clear, said.append) == [2, 4, 6]
    assert (tried, said) == ([3, 3], [])


def test_an_allowance_follows_its_maximum_unless_less_was_found_to_fit() -> None:
    allowance = Allowance(1024)
    allowance.allow(256)
    assert allowance.now == 256
    allowance.allow(1024)
    assert allowance.now == 1024
    allowance.failed(200)
    allowance.failed(200)
    allowance.allow(2048)
    assert (allowance.now, allowance.most) == (100, 2048)


class Card:
    """A pretended card: what the driver has free, and what torch has reserved and uses of it."""

    def __init__(self, patch: Patch, free: int) -> None:
        self.free, self.reserved, self.used, self.asked = free, 0, 0, 0
        patch.setattr(torch.cuda, "mem_get_info", self._info)
        patch.setattr(torch.cuda, "memory_reserved", lambda _device: self.reserved)
        patch.setattr(torch.cuda, "memory_allocated", lambda _device: self.used)

    def _info(self, device: torch.device) -> tuple[int, int]:
        self.asked += 1
        return self.free // (1 + (device.index or 0)), 2 * self.free  # each further card has less


CARD, SECOND = torch.device("cuda:0"), torch.device("cuda:1")


def test_free_memory_is_asked_again_and_small_changes_are_no_load(monkeypatch: Patch) -> None:
    card = Card(monkeypatch, 10_000_000)
    room = MemoryRoom([CARD], 1000, 5000.0, 100.0, 2_000_000)
    assert (room.tokens, room.cached, room.kept_bytes) == (700, 11_200, KEPT * 10_000_000)
    card.free = 9_500_000
    assert not room.ask(0)
    card.free = 5_000_000  # another model
    assert room.ask(0)
    assert (room.tokens, room.cached, room.kept_bytes) == (350, 5600, KEPT * 5_000_000)
    card.free = 2_000_000
    assert not room.ask(3_000_000), "trunks of its own can be dropped"
    card.free, card.reserved, card.used = 2_000_000, 9_000_000, 6_000_000
    assert not room.ask(0), "blocks that torch has freed are free"
    card.free = card.reserved = card.used = 0
    assert room.ask(0)
    assert (room.tokens, room.cached, room.kept_bytes) == (LEAST_TOKENS, LEAST_TOKENS, 0)
    card.free = 100_000_000  # the other models are gone: no more than was wanted
    assert room.ask(0)
    assert (room.tokens, room.cached, room.kept_bytes) == (1000, 16_000, 2_000_000)


def test_the_fullest_card_decides_and_what_the_user_asked_for_stays(monkeypatch: Patch) -> None:
    card = Card(monkeypatch, 10_000_000)
    assert MemoryRoom([CARD, SECOND], 1000, 5000.0, 100.0, 10**9).tokens == 350
    room = MemoryRoom([CARD], 1000, 5000.0, 1000.0, 10**9, fixed=True)
    assert (room.tokens, room.cached) == (1000, 3500)
    card.free = 5_000_000
    assert room.ask(0)
    assert (room.tokens, room.cached) == (1000, 1750)


def test_a_cpu_is_asked_once(monkeypatch: Patch) -> None:
    room = MemoryRoom([torch.device("cpu")], 1000, 5000.0, 100.0, 10**9)
    monkeypatch.setattr("psutil.virtual_memory", lambda: pytest.fail("a CPU's plan must not change"))
    assert not room.ask(0)


@pytest.mark.slow
def test_passes_become_smaller_when_another_model_is_loaded_and_large_again_when_it_goes(
    tiny: TransformersEngine, monkeypatch: Patch
) -> None:
    expected = tiny.score(MANY)
    undisturbed = Passes(tiny, monkeypatch, lambda _number, _size: False)
    tiny.score(MANY)
    monkeypatch.undo()
    card = Card(monkeypatch, 10**12)
    live = tiny._room._live_bytes
    monkeypatch.setattr(tiny._room, "devices", [CARD])
    seen = Passes(tiny, monkeypatch, lambda _number, _size: False)
    tiny._forward._trunks.update({Trunk((number,)): [(torch.zeros(1, 1, 1, 8),) * 2] for number in (1, 2, 3)})
    card.free = int(100 * live / 0.35)
    found = tiny.score(MANY)
    assert [s.log_probs for s in found] == [pytest.approx(s.log_probs, abs=1e-5) for s in expected]
    assert max(seen.sizes) <= tiny._scorer.budget.tokens <= 101
    assert tiny._generator.decoder.budget == tiny._scorer.budget
    assert tiny._forward.kept_bytes == pytest.approx(KEPT * card.free, rel=0.01)
    for call in (
        lambda: tiny.generate([GenerateRequest("Hi", max_new_tokens=1)]),
        lambda: tiny.embed(["Hi"]),
        lambda: list(tiny.logits(FEW)),
        lambda: list(tiny.score_work(FEW, [0], lambda _: None)),
        lambda: list(tiny.generate_work([GenerateRequest("Hi", max_new_tokens=1)], [0], lambda _: None)),
    ):
        asked = card.asked
        call()
        assert card.asked > asked
    card.free = 10**12
    seen.sizes.clear()
    assert [s.log_probs for s in tiny.score(MANY)] == [pytest.approx(s.log_probs, abs=1e-5) for s in expected]
    assert len(seen.sizes) == len(undisturbed.sizes)
    tiny.plan_as(tiny.planning)
    planned = tiny.planning
    card.free = int(100 * live / 0.35)
    tiny.score(FEW)
    assert tiny.planning == planned, "a worker's passes are those of the other workers"
    assert tiny._forward.kept_bytes == pytest.approx(KEPT * card.free, rel=0.01)


def test_trunks_beyond_their_share_are_dropped_at_once(tiny: TransformersEngine) -> None:
    forward = tiny._forward
    forward._trunks.update({Trunk((number,)): [(torch.zeros(1, 1, 1, 8),) * 2] for number in (1, 2, 3)})
    assert forward.kept == 3 * 64
    forward.keep_at_most(130)
    assert list(forward._trunks) == [Trunk((2,)), Trunk((3,))]
    forward.keep_at_most(0)
    assert list(forward._trunks) == [Trunk((3,))], "the last one may be in use"


def test_layers_on_several_cards_are_asked_where_they_compute(tiny: TransformersEngine, monkeypatch: Patch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(
        tiny.model, "hf_device_map", {"a": 0, "b": "cuda:1", "c": 0, "d": "cpu", "e": "disk"}, raising=False
    )
    assert Forward(tiny.model, cpu, 0, Shortcuts()).devices == [CARD, SECOND]
    monkeypatch.setattr(tiny.model, "hf_device_map", {"": "cpu"}, raising=False)
    assert Forward(tiny.model, cpu, 0, Shortcuts()).devices == [cpu]
