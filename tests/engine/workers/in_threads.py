"""Workers in threads of the test process: the loop of a worker and the pool of a driver, with a pretended engine."""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any

from audit.core.records import ModelRecord
from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.scoring_plan import Planning
from audit.engine.requests import Completion, Generation, Score
from audit.engine.workers.messages import Channel
from audit.engine.workers.processes import WorkerEvent
from audit.engine.workers.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

RECORD = ModelRecord(
    name="pretended",
    source="folder pretended",
    digest="d" * 64,
    files=[],
    architecture="Pretended",
    parameter_count=1,
    dtype="float32",
    max_length=64,
    device="cpu",
)
PLANNING = Planning(Cost(token=1e8, pair=1e2, copy=1e2, call=1e6), Budget(8, 64), 64)


class Pipe:
    """What is written comes out of it, in this process; it has no descriptor to be closed."""

    def __init__(self) -> None:
        self._parts: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._rest = b""

    def write(self, data: bytes) -> None:
        self._parts.put(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self._parts.put(b"")

    def read(self, count: int) -> bytes:
        while len(self._rest) < count and (part := self._parts.get()):
            self._rest += part
        found, self._rest = self._rest[:count], self._rest[count:]
        return found


class Died(BaseException):
    """A worker's process would end here."""


class Pretended:
    """Answers with what a request says: the sum of its ids, or its prompt."""

    device_type, vocabulary, texts, planning = "cpu", 100, 4, PLANNING

    def __init__(self, record: ModelRecord = RECORD, act: Callable[[Any], object] = lambda _: None) -> None:
        self.record = record
        self._act = act
        self.planned: list[Planning] = []

    def plan_as(self, planning: Planning) -> None:
        self.planned.append(planning)

    def check_sound(self) -> None:
        self._act("check")

    def score_work(
        self, requests: Sequence[Any], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Any], int]]:
        say("scores are pretended")
        for index in missing:
            self._act(requests[index])
            yield {index: Score((float(sum(requests[index].context_ids)),), (True,))}, 1

    def generate_work(
        self, requests: Sequence[Any], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Any], int]]:
        del say
        for index in missing:
            self._act(requests[index])
        yield {i: Completion((Generation(requests[i].prompt, 1, "length"),)) for i in missing}, len(missing)


class Threads:
    """A transport whose workers are threads; messages are packed as those of processes are.

    Args:
        load: Gives each worker its engine, by its number and how often it was started.
    """

    def __init__(self, load: Callable[[int, int], Any]) -> None:
        self._load = load
        self._events: queue.SimpleQueue[tuple[Channel, WorkerEvent]] = queue.SimpleQueue()
        self._channels: dict[int, Channel] = {}
        self.starts: dict[int, int] = {}
        self.killed: list[int] = []
        self.sent: list[tuple[int, int]] = []

    def start(self, worker: int) -> None:
        down, up = Pipe(), Pipe()
        theirs, mine = Channel(down, up), Channel(up, down)  # type: ignore[arg-type]
        self._channels[worker] = mine
        number = self.starts[worker] = self.starts.get(worker, 0) + 1
        threading.Thread(target=self._work, args=(worker, number, theirs), daemon=True).start()
        threading.Thread(target=self._listen, args=(worker, mine), daemon=True).start()

    def _work(self, worker: int, number: int, channel: Channel) -> None:
        reason = "over"
        try:
            Worker(channel, lambda _: self._load(worker, number), gone=lambda: None, beat=0.02).serve()
        except Died as died:
            reason = str(died)
        channel.send(["dead", reason])

    def _listen(self, worker: int, channel: Channel) -> None:
        while (message := channel.receive()) is not None:
            dead = message[0] == "dead"
            self._events.put((channel, WorkerEvent(worker, None if dead else message, str(message[-1]))))
            if dead:
                return

    def send(self, worker: int, message: bytes) -> None:
        self.sent.append((worker, len(message)))
        if worker in self._channels:
            self._channels[worker].send(message)

    def kill(self, worker: int) -> None:
        self.killed.append(worker)
        channel = self._channels.pop(worker, None)
        if channel is not None:
            channel._sink.close()

    def receive(self, seconds: float) -> list[WorkerEvent]:
        found: list[WorkerEvent] = []
        with contextlib.suppress(queue.Empty):
            while True:
                channel, event = self._events.get(timeout=0 if found else seconds)
                if self._channels.get(event.worker) is channel:
                    found.append(event)
        return found

    def close(self) -> None:
        for channel in self._channels.values():
            channel._sink.close()
        self._channels.clear()
