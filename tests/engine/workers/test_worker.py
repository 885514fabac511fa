"""A worker by itself: what it leaves out, what it says of faults, and its end with the driver's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from audit.core.errors import DeviceLost
from audit.engine import GenerateRequest, ScoreRequest
from audit.engine.workers.messages import Channel, pack, pack_requests
from audit.engine.workers.worker import Worker
from tests.engine.workers.in_threads import Pipe, Pretended


def replies(*messages: list[Any], engine: Any = None, gone: Any = lambda: None) -> list[Any]:
    """What a worker replies before the driver ends."""
    down, up = Pipe(), Pipe()
    driver = Channel(up, down)  # type: ignore[arg-type]
    for message in messages:
        driver.send(pack(message))
    down.close()
    worker = Worker(Channel(down, up), lambda _: engine or Pretended(), gone=gone, beat=5.0)  # type: ignore[arg-type]
    worker.serve()
    up.close()
    found = []
    while (message := driver.receive()) is not None:
        found.append(message)
    return found


CALL = ["call", 1, "score", 4, pack_requests([ScoreRequest((place,), (1,)) for place in (1, 2, 3)])]


def test_units_of_another_call_and_units_to_be_left_out_are_not_computed() -> None:
    units = ["unit", 1, 10, [0]], ["unit", 2, 11, [1]], ["unit", 1, 12, [2]]
    found = replies(["leave", 12], ["load", {}], CALL, *units)
    assert [message[0] for message in found] == ["ready", "say", "answers", "done", "done"]
    assert found[4] == ["done", 1, 12], "it is left out, and may come again"
    assert found[2][1:] == [1, [[0, [1.0], [True]]], 1]
    over = replies(["over", 1], ["load", {}], CALL, ["unit", 1, 10, [0]])
    assert [message[0] for message in over] == ["ready"]


def test_texts_are_computed_in_the_batches_of_the_call() -> None:
    prompts = pack_requests([GenerateRequest(f"{place:02}") for place in range(6)])
    found = replies(["load", {}], ["call", 1, "generate", 2, prompts], ["unit", 1, 5, [0, 1, 2, 5]])
    batches = [[index for index, _ in message[2]] for message in found if message[0] == "answers"]
    assert batches == [[0, 1], [2], [5]]


def test_faults_are_said_and_a_lost_device_ends_the_worker() -> None:
    assert replies(["check"])[0] == ["failed", "AuditError", "no checkpoint is loaded", 0]

    def act(_: Any) -> None:
        msg = "cuda:0 no longer responds"
        raise DeviceLost(msg)

    with pytest.raises(DeviceLost):
        replies(["load", {}], ["check"], engine=Pretended(act=act))


def test_a_worker_whose_driver_is_gone_ends_while_it_computes() -> None:
    gone, down, up = threading.Event(), Pipe(), Pipe()
    engine = Pretended(act=lambda _: gone.wait(5))
    driver = Channel(up, down)  # type: ignore[arg-type]
    for message in (["load", {}], ["check"]):
        driver.send(pack(message))
    down.close()
    Worker(Channel(down, up), lambda _: engine, gone=gone.set, beat=0.05).serve()  # type: ignore[arg-type]
    assert gone.is_set()
