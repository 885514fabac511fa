"""What a listener hears, and how far a task is said to be."""

from __future__ import annotations

import pytest

from audit.core.progress import Remembering, Silent, Standing

HEARD = [name for name in vars(Silent) if not name.startswith("_")]


class Hearing(Silent):
    """Remembers the names of what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, tuple[object, ...]]] = []

    def __getattribute__(self, name: str) -> object:
        if name in HEARD:
            return lambda *given: self.heard.append((name, given))
        return super().__getattribute__(name)


def test_everything_is_passed_on_and_what_must_be_known_is_kept() -> None:
    listener = Hearing()
    remembering = Remembering(listener)
    calls: dict[str, tuple[object, ...]] = {
        "expect": (2,), "step": ("loading",), "task": ("evals", "boolq"), "samples": (3,), "sample_done": (),
        "start": (5,), "advance": (5, 70), "withhold": (1,), "say": ("memory ran out",),
        "failed": ("no card", OSError()), "show_prompt": ("boolq", "Is it?", None), "began": ("folder",),
    }  # fmt: skip
    assert set(calls) == set(HEARD)
    for name, given in calls.items():
        getattr(remembering, name)(*given)
    assert listener.heard == list(calls.items())
    assert (remembering.messages, remembering.run) == (["memory ran out"], "folder")


@pytest.mark.parametrize(
    ("standing", "total", "reached", "shown", "whole"),
    [
        (Standing(), None, 0, "0 of 0 requests", "0 requests"),
        (Standing(1200, 300), 1200, 300, "300 of 1,200 requests", "1,200 requests"),
        (Standing(1200, 300, 12, 3), 12, 3, "3 of 12 samples, 300 requests", "12 samples, 1,200 requests"),
        (Standing(1200, 300, 1, 0), None, 300, "300 requests", "1,200 requests"),
    ],
)
def test_how_far_a_task_is(standing: Standing, total: int | None, reached: int, shown: str, whole: str) -> None:
    assert (standing.total, standing.reached, str(standing), standing.whole) == (total, reached, shown, whole)


@pytest.mark.parametrize(
    ("standing", "over"),
    [(Standing(5, 4), False), (Standing(5, 5), True), (Standing(5, 5, 2, 1), False), (Standing(5, 4, 2, 2), True)],
)
def test_when_a_task_is_over(standing: Standing, over: bool) -> None:
    assert standing.is_over is over
