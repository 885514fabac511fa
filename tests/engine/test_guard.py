"""An engine that fails costs one task; one that has ended is asked nothing more."""

from __future__ import annotations

import pytest

from audit.core.errors import DeviceLost, EngineFault, WriteError
from audit.engine.guard import Guard

RAISED = RuntimeError("first line\nadvice")


def test_a_fault_is_one_line_and_the_next_call_goes_through() -> None:
    guard = Guard("the engine", lambda _: None)
    for _ in range(2):
        with pytest.raises(EngineFault) as caught, guard():
            raise RAISED
        assert type(caught.value) is EngineFault
        assert str(caught.value) == "the engine failed on a request (RuntimeError: first line)"
    with guard():
        pass


def test_what_has_ended_is_asked_nothing_more() -> None:
    seen: list[BaseException] = []
    guard = Guard("the engine", lambda error: seen.append(error) or "it is gone")  # type: ignore[func-returns-value]
    with pytest.raises(DeviceLost) as caught, guard():
        raise RAISED
    assert str(caught.value) == "it is gone (RuntimeError: first line)"
    assert seen == [RAISED]
    with pytest.raises(DeviceLost, match="it is gone"), guard():
        raise AssertionError


def test_errors_with_a_line_of_their_own_and_interruptions_go_through() -> None:
    guard = Guard("the engine", lambda _: "it is gone")
    for error in (WriteError("disk full"), KeyboardInterrupt()):
        with pytest.raises(type(error)), guard():
            raise error
    guard.close("closed")
    with pytest.raises(DeviceLost, match=r"^closed$"), guard():
        raise AssertionError
