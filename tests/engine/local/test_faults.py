"""A model that fails in the middle of a call, and a device that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.core.errors import DeviceLost, EngineFault, WriteError
from audit.engine import GenerateRequest, ScoreRequest
from audit.engine.journal import Journal
from audit.engine.local import faults
from audit.engine.local.faults import answers, guard_of

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

ASSERTED = "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported"
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(ASSERTED),
        torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
        IndexError("index out of range in self"),
        NotImplementedError("'aten::…' is not implemented"),
        TypeError("tuple indices must be integers"),
        KeyError("mean"),
        SystemExit(0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failing_model_is_one_line_that_names_the_error(error: BaseException) -> None:
    with pytest.raises(EngineFault, match=r"^the model failed on a request \(") as caught, guard_of(CPU)():
        raise error
    assert not isinstance(caught.value, DeviceLost)
    assert type(error).__name__ in str(caught.value)
    assert "\n" not in str(caught.value)


def test_errors_with_a_line_of_their_own_keep_it_and_ctrl_c_goes_through() -> None:
    guard = guard_of(CPU)
    with pytest.raises(WriteError), guard():
        raise WriteError("disk full")
    with pytest.raises(KeyboardInterrupt), guard():
        raise KeyboardInterrupt


def test_a_lost_device_is_asked_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "answers", lambda _device: False)
    guard, entered = guard_of(CPU), []

    def ask() -> None:
        with guard():
            entered.append(1)
            raise RuntimeError(ASSERTED)

    for _ in range(3):
        with pytest.raises(DeviceLost, match="device-side assert"):
            ask()
    assert len(entered) == 1


def test_a_device_that_computes_answers() -> None:
    assert answers(CPU)
    assert not answers(torch.device("cuda:77"))


@pytest.mark.parametrize("kind", ["score", "generate"])
def test_what_was_answered_before_the_fault_is_kept(
    tiny: TransformersEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, listener: Any
) -> None:
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    scored = [ScoreRequest((5 + i,) * 60, (7, 8)) for i in range(80)]
    asked = [GenerateRequest(f"{i} apples", max_new_tokens=1 + i) for i in range(6)]
    ask: Any = (lambda: tiny.score(scored)) if kind == "score" else lambda: tiny.generate(asked)
    run, calls = tiny._forward.tiles, []

    def tiles(*args: Any) -> Any:
        calls.append(1)
        if len(calls) > 2:
            raise torch.AcceleratorError(ASSERTED)
        return run(*args)

    step = tiny._forward.step
    steps: list[int] = []

    def failing_step(*args: Any) -> Any:
        steps.append(1)
        if len(steps) > 3:
            raise torch.AcceleratorError(ASSERTED)
        return step(*args)

    expected = ask()
    tiny.journal.close()
    tiny.journal = Journal(tmp_path / "other.sqlite")
    monkeypatch.setattr(
        tiny._forward, "tiles" if kind == "score" else "step", tiles if kind == "score" else failing_step
    )
    with pytest.raises(EngineFault):
        ask()
    kept = len(tiny.journal)
    assert 0 < kept < len(expected)
    monkeypatch.undo()
    listener.reset()
    assert ask() == expected
    assert listener.answered == len(expected)
    assert len(tiny.journal) == len(expected)
