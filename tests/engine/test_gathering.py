"""Texts of several tasks in one call: what is asked when, what each task gets, and what a fault costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from audit.core.errors import EngineFault, TaskUnavailable
from audit.engine import Completion, GenerateRequest, Generation, ScoreRequest
from audit.engine import gathering as module
from audit.engine.gathering import Gathering, Watched, _Noting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Calls:
    """An engine that repeats prompts, and its own listener: both note what they hear."""

    def __init__(self, fault: str = "") -> None:
        self.heard: list[Any] = []
        self.progress = self
        self.fault = fault
        self.max_length = 64

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        self.heard.append([one.prompt for one in requests])
        if self.fault in self.heard[-1]:
            raise EngineFault(self.fault)
        return [Completion((Generation(one.prompt, 1, "stop"),)) for one in requests]

    def score(self, requests: Sequence[ScoreRequest]) -> list[str]:
        self.heard.append("score")
        return ["scored" for _ in requests]

    def check_scoring(self) -> None:
        self.heard.append("can score")

    def task(self, suite: str, task: str) -> None:
        self.heard.append(f"{suite} {task}")

    def start(self, requests: int) -> None:
        self.heard.append(("start", requests))

    def advance(self, requests: int, tokens: int) -> None:
        self.heard.append(("advance", requests, tokens))

    def expect(self) -> None:
        self.heard.append("one line more")


def texts(*prompts: str, n: int = 1) -> Any:
    """A task that wants these texts, then scores."""

    def run(engine: Any) -> Iterator[list[str]]:
        engine.progress.task("tests", "rehearsed aloud")
        asked = [GenerateRequest(prompt, n=n) for prompt in prompts]
        yield [one.generations[0].text for one in engine.generate(asked)]
        engine.score([])

    return run


def scores(engine: Any) -> Iterator[Any]:
    """A task of likelihoods."""
    engine.check_scoring()
    yield engine.score([])


def broken(engine: Any) -> Iterator[Any]:
    """A task whose own code fails, at a place where the engine is as it always was."""
    yield engine.max_length / 0


def run(engine: Gathering, tasks: dict[str, Any]) -> dict[str, Any]:
    """The result of each task, or what it raised."""
    found: dict[str, Any] = {}
    for name, task in tasks.items():
        engine.before(name)
        try:
            found[name] = list(task(engine))
        except (TaskUnavailable, ZeroDivisionError) as error:
            found[name] = error
    return found


def test_texts_of_all_tasks_are_one_call_before_the_first_of_them() -> None:
    tasks = {"a": scores, "b": texts("1", "2", "1"), "c": broken, "d": texts("2", "3"), "e": scores}
    calls = Calls()
    found = run(Gathering(calls, tasks, calls.expect), tasks)  # type: ignore[arg-type]
    assert found["b"] == [["1", "2", "1"]]
    assert found["d"] == [["2", "3"]]
    assert isinstance(found["c"], ZeroDivisionError)
    assert found["a"] == found["e"] == [[]]
    b = ["tests rehearsed aloud", ("start", 3), ("advance", 3, 0), "score"]
    d = ["tests rehearsed aloud", ("start", 1), ("advance", 1, 0), ["2"], "score"]  # handed out once
    first = ["can score", "score", "one line more", "texts of 2 tasks", ["1", "2", "3"]]
    assert calls.heard == [*first, *b, *d, "can score", "score"]


def test_a_request_that_fails_costs_the_task_that_wanted_it() -> None:
    tasks = {"a": texts("1"), "b": texts("bad"), "c": texts("2")}
    calls = Calls(fault="bad")
    found = run(Gathering(calls, tasks, calls.expect), tasks)  # type: ignore[arg-type]
    assert found["a"] == [["1"]]
    assert found["c"] == [["2"]]
    assert str(found["b"]) == "bad"
    assert [one for one in calls.heard if isinstance(one, list)] == [["1", "bad", "2"], ["1"], ["bad"], ["2"]]


@pytest.mark.parametrize(
    "tasks", [{"a": texts("1")}, {"a": texts("1"), "b": texts("2", n=9)}, {"a": texts(), "b": scores}]
)
def test_one_task_and_a_task_with_many_texts_ask_for_themselves(
    tasks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TEXTS", 8)
    calls = Calls()
    run(Gathering(calls, tasks, calls.expect), tasks)  # type: ignore[arg-type]
    assert "one line more" not in calls.heard
    assert ("start", 1) not in calls.heard


def test_an_interruption_ends_the_run() -> None:
    class Stopped(Calls):
        def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
            raise KeyboardInterrupt

    calls = Stopped()
    tasks = {"a": texts("1"), "b": texts("2")}
    with pytest.raises(KeyboardInterrupt):
        run(Gathering(calls, tasks, calls.expect), tasks)  # type: ignore[arg-type]


def test_calls_on_which_the_engine_fails_are_counted() -> None:
    engine = Calls("bad")
    watched = Watched(cast("Any", engine))
    asked = GenerateRequest("good", 4)
    assert [one.generations[0].text for one in watched.generate([asked])] == ["good"]
    assert watched.score([]) == []
    assert (watched.faults, watched.max_length) == (0, 64)
    with pytest.raises(EngineFault):
        watched.generate([GenerateRequest("bad", 4)])
    assert watched.faults == 1


def test_a_rehearsal_looks_at_no_weights() -> None:
    """They may be in the memory of workers, which would end for it."""
    noting = _Noting(cast("Any", Calls()))
    with pytest.raises(TaskUnavailable):
        _ = noting.model
    with pytest.raises(TaskUnavailable):
        noting.embed(["a"])
    with pytest.raises(TaskUnavailable):
        noting.check_scoring()
