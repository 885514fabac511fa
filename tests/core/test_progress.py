"""What a listener hears, and how far a task is said to be."""

from __future__ import annotations

import pytest

from audit.core.config import BudgetConfig
from audit.core.errors import BudgetSpent
from audit.core.progress import Meter, Remembering, Silent, Standing
from audit.core.records import RunCost

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
        "start": (5,), "advance": (5, 70), "withhold": (1,), "workers": (1, 2), "say": ("memory ran out",),
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


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_meter_adds_up_what_the_sittings_of_a_run_cost() -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    clock.now = 130.5
    meter.compute(7)
    meter.compute(0)
    assert meter.spent(RunCost(seconds=10.0, tokens=5)) == RunCost(seconds=40.5, tokens=12)
    assert meter.spent(None) is None


def test_time_ends_a_run_at_the_next_computed_answer() -> None:
    clock = Clock()
    remembering = Remembering(Silent(), meter=Meter(BudgetConfig(wall_time="1m30s"), clock))
    clock.now += 89.9
    remembering.advance(1, 5)
    clock.now += 0.1
    remembering.advance(1, 0)  # of the journal: it cost nothing
    with pytest.raises(BudgetSpent, match="1m30s"):
        remembering.advance(1, 5)
    with pytest.raises(BudgetSpent):  # and again, whoever caught the first
        remembering.sample_done()


def test_tokens_end_a_run_once_all_are_computed() -> None:
    remembering = Remembering(Silent(), meter=Meter(BudgetConfig(tokens=10)))
    remembering.advance(1, 9)
    with pytest.raises(BudgetSpent, match="10 tokens") as raised:
        remembering.advance(1, 1)
    assert raised.value.limit == "10 tokens"
