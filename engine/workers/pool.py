"""The driver's side: workers are started, get units, and their answers come out as those of one engine.

Whatever carries messages (:class:`Transport`), the decisions are :class:`~audit.engine.workers.scheduler.Scheduler`'s.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from audit.core.errors import CheckpointError, DeviceLost
from audit.core.records import ModelRecord
from audit.engine.requests import Completion, Score
from audit.engine.workers.messages import pack, pack_requests, unpack_answers, unpack_error
from audit.engine.workers.scheduler import Limits, Scheduler
from audit.engine.workers.units import cut, generate_batches, missing_of
from audit.engine.workers.worker import planning_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.core.errors import AuditError
    from audit.engine.local.scoring_plan import Planning
    from audit.engine.workers.messages import Message
    from audit.engine.workers.processes import WorkerEvent

POISONED = "each worker that computed this request died ({reason})"
TURN_SECONDS = 1.0
"""Longest time between two looks at what has become overdue."""
TOGETHER = 8192
"""Answers from which on no more are waited for, so that they are stored: what a crash may cost."""
TOGETHER_SECONDS = 0.5
"""The same in time."""
SAME = ("digest", "dtype", "quantization", "max_length")
"""Of the record of a checkpoint: what workers must agree in."""


class Transport(Protocol):
    """Starts workers and carries messages; :class:`audit.engine.workers.processes.Processes` is one."""

    def start(self, worker: int) -> None:
        """Start a worker, which will read messages; it may be one that has died."""

    def send(self, worker: int, message: bytes) -> None:
        """Have a packed message sent, without waiting; to a dead worker, nothing is."""

    def kill(self, worker: int) -> None:
        """End a worker; no event of it comes any more."""

    def receive(self, seconds: float) -> list[WorkerEvent]:
        """Messages and deaths since the last call; waits this long for a first one."""

    def close(self) -> None:
        """End all workers."""


@dataclass(frozen=True)
class LoadedByWorkers:
    """What the workers have loaded."""

    record: ModelRecord
    planning: Planning
    """Of the first worker; all plan by it."""
    texts: int
    """Texts that a worker generates together at most."""
    device_type: str
    vocabulary: int
    """Rows of the embedding."""


class Pool:
    """Workers that have one checkpoint.

    Args:
        transport: Carries messages.
        count: Number of workers.
        config: By which they load the checkpoint, as JSON.
        digest: Of the checkpoint's files, as the driver sees them.
        limits: When a worker is lost, and how often work is tried again.
        clock: Seconds that only grow.

    Attributes:
        say: Receives what a user must know.
        changed: Receives the number of workers at work whenever it changes.
    """

    def __init__(
        self,
        transport: Transport,
        count: int,
        config: dict[str, Any],
        digest: str,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.count = count
        self.say: Callable[[str], None] = lambda _: None
        self.changed: Callable[[int], None] = lambda _: None
        self._transport = transport
        self._load = pack(["load", config])
        self._digest = digest
        self._limits = limits or Limits()
        self._clock = clock
        self._scheduler = Scheduler(clock, self._limits)
        self._loaded: LoadedByWorkers | None = None
        self._kind = ""
        self._number = 0
        """Of the call; calls are counted."""
        self._events: deque[WorkerEvent] = deque()
        """What was received and is not taken account of."""
        self._informed: set[int] = set()
        """Workers that have the requests of the call."""
        self._said: set[str] = set()
        self._reason = "none was started"
        self._closed = False
        self._error: AuditError | None = None
        self._sound: set[int] = set()
        """Workers that found the checkpoint sound."""

    # ---- the life of the pool

    def start(self) -> LoadedByWorkers:
        """Start all workers and wait for the first one; the others join when they are ready.

        Raises:
            CheckpointError: The checkpoint cannot be loaded.
            DeviceLost: All workers died.
        """
        for worker in range(self.count):
            self._start(worker)
        while self._loaded is None:
            self._turn()
            self._raise()
        return self._loaded

    def close(self) -> None:
        """End all workers; nothing is answered afterwards."""
        self._closed = True
        self._transport.close()

    @property
    def alive(self) -> int:
        """Number of workers that can compute."""
        return self._scheduler.alive

    def check_sound(self) -> None:
        """Have a worker run two short texts.

        Raises:
            CheckpointBroken: See :meth:`audit.engine.Engine.check_sound`.
            CheckpointError: See there.
            DeviceLost: All workers died.
        """
        asked: dict[int, float] = {}
        while not self._sound:
            self._raise()
            if not asked.keys() & self._scheduler.ready:
                asked = dict.fromkeys(list(self._scheduler.ready)[:1], self._clock())
                for worker in asked:
                    self._transport.send(worker, pack(["check"]))
            self._turn()
            for worker, since in asked.items():
                if self._clock() - since > self._limits.unmeasured and worker in self._scheduler.ready:
                    self._transport.kill(worker)
                    self._lost(worker, "no answer in time")

    def work(
        self, kind: str, requests: Sequence[Any], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Any], int]]:
        """Answers by index as they arrive, with the number of tokens computed; see :class:`Answering`.

        Args:
            kind: ``score`` or ``generate``.
            requests: All distinct requests of the call.
            missing: Those to be answered.
            say: Receives messages for the user.

        Raises:
            TaskUnavailable: A worker raised it on a request.
            DeviceLost: No worker is left.
        """
        self.say = say
        self._forget()
        self._number += 1
        number, self._kind, loaded = self._number, kind, self._loaded
        if loaded is None:
            raise DeviceLost(self._gone)
        batches = loaded.planning.batches(requests) if kind == "score" else generate_batches(requests, loaded.texts)
        self._scheduler.begin(cut(missing_of(batches, missing), self.count), kind)
        packed = pack(["call", number, kind, loaded.texts, pack_requests(requests)])
        try:
            while not self._scheduler.finished:
                self._raise()
                self._hand_out(packed)
                answers, tokens = self._turn()
                answers.update(self._given_up())
                if answers or tokens:
                    yield answers, tokens
            self._raise()
        finally:
            if self._number == number:
                self._forget()

    def _forget(self) -> None:
        """The call is over, whatever is left of it."""
        self._scheduler.begin([])
        self._error = None
        for worker in self._informed:
            self._transport.send(worker, pack(["over", self._number]))
        self._informed = set()

    def _hand_out(self, packed: bytes) -> None:
        """Send units, and before a worker's first one the requests of the call."""
        for order in self._scheduler.orders():
            if order.worker not in self._informed:
                self._informed.add(order.worker)
                self._transport.send(order.worker, packed)
            instruction = ["unit", self._number, order.unit, order.indices] if order.indices else ["leave", order.unit]
            self._transport.send(order.worker, pack(instruction))

    def _given_up(self) -> dict[int, Any]:
        """Answers to requests that cost each worker its life."""
        error = POISONED.format(reason=self._reason)
        answer = Score((), (), error=error) if self._kind == "score" else Completion(error=error)
        poisoned, self._scheduler.poisoned = self._scheduler.poisoned, []
        return dict.fromkeys(poisoned, answer)

    def _raise(self) -> None:
        """Raise what a worker has raised.

        Raises:
            AuditError: A worker raised it.
            DeviceLost: No worker is left.
        """
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._closed or self._scheduler.gone:
            raise DeviceLost(self._gone)

    @property
    def _gone(self) -> str:
        """That no worker is left, in words."""
        return f"no worker is left ({self._reason})"

    # ---- events

    def _turn(self) -> tuple[dict[int, Any], int]:
        """Wait for events and take account of those that have come, within bounds: under load, more are stored at once.

        Returns:
            New answers, and the tokens computed for them.
        """
        answers: dict[int, Any] = {}
        tokens = 0
        events = self._events
        looked = not events
        if looked:
            wait = self._scheduler.wait
            events.extend(self._transport.receive(TURN_SECONDS if wait is None else min(wait, TURN_SECONDS)))
        until = self._clock() + TOGETHER_SECONDS
        while events and not (answers and (len(answers) >= TOGETHER or self._clock() >= until)):
            event = events.popleft()
            if event.message is None:
                self._lost(event.worker, event.reason)
            elif event.message[0] == "answers":
                tokens += self._take(event.worker, event.message, answers)
            else:
                self._scheduler.heard(event.worker)
                self._hear(event.worker, event.message)
        if not looked and not events:  # others may have spoken while answers were stored
            events.extend(self._transport.receive(0.0))
        if not events:  # all that they have said is known
            for worker, reason in self._scheduler.overdue():
                self._transport.kill(worker)
                self._lost(worker, reason)
        return answers, tokens

    def _take(self, worker: int, message: Message, answers: dict[int, Any]) -> int:
        """Add a worker's answers, if they are to the call at hand. Returns the tokens computed for them."""
        _, call, packed, tokens = message
        if call != self._number:
            self._scheduler.heard(worker)
            return 0
        found = unpack_answers(packed, self._kind)
        answers.update({index: found[index] for index in self._scheduler.answered(worker, list(found))})
        return int(tokens)

    def _hear(self, worker: int, message: Message) -> None:
        """Any other message."""
        name, *rest = message
        if name == "done":
            self._scheduler.done(worker, rest[1])
        elif name == "ready":
            self._welcome(worker, *rest)
        elif name == "planned":
            self._scheduler.joined(worker)
            self.changed(self._scheduler.alive)
        elif name == "sound":
            self._sound.add(worker)
        elif name == "say":
            self._say_once(str(rest[0]))
        elif name == "failed":
            self._failed(worker, unpack_error(rest[:2]), rest[2])

    def _failed(self, worker: int, error: AuditError, call: int) -> None:
        """A worker has raised an error: on a request of a call, or before it could compute anything."""
        if worker in self._scheduler.ready:
            if call in {0, self._number}:
                self._error = error
        elif self._loaded is None:
            self._error = error
        else:
            self._refuse(worker, str(error))

    def _welcome(self, worker: int, record: dict[str, Any], facts: dict[str, Any]) -> None:
        """A worker has loaded the checkpoint: it is the driver's, or the worker is refused."""
        new = ModelRecord.model_validate(record)
        wrong = self._difference(new)
        if wrong is not None:
            reason = f"worker {worker} loaded another checkpoint ({wrong}): leave its files alone until the run ends"
            if self._loaded is None:
                self._error = CheckpointError(reason)
            self._refuse(worker, reason)
            return
        if self._loaded is None:
            self._loaded = LoadedByWorkers(new, **{**facts, "planning": planning_of(facts["planning"])})
        self._transport.send(worker, pack(["plan", asdict(self._loaded.planning)]))

    def _difference(self, new: ModelRecord) -> str | None:
        """What makes a worker's checkpoint another than the driver's, or than that of the workers before it."""
        if new.digest != self._digest:
            return f"digest {new.digest[:12]}, expected {self._digest[:12]}"
        if self._loaded is not None and new.device.partition(":")[0] != self._loaded.record.device.partition(":")[0]:
            return f"on {new.device}, the others on {self._loaded.record.device}"
        then = new if self._loaded is None else self._loaded.record
        return next(
            (f"{name} {getattr(new, name)}" for name in SAME if getattr(new, name) != getattr(then, name)), None
        )

    # ---- workers that are lost

    def _start(self, worker: int) -> None:
        """Start a worker."""
        self._transport.start(worker)
        self._scheduler.starting(worker)
        self._transport.send(worker, self._load)

    def _refuse(self, worker: int, reason: str) -> None:
        """Do without a worker."""
        self._transport.kill(worker)
        self._scheduler.left(worker)
        self._reason = reason
        self._say_once(f"{reason}: going on without worker {worker}")

    def _lost(self, worker: int, reason: str) -> None:
        """A worker has died or was killed: its work goes to others, and it is started again, within limits."""
        again = self._scheduler.left(worker)
        self._reason = reason
        self._informed.discard(worker)
        self.changed(self._scheduler.alive)
        what = "its work is done again" if again else "it is not started again"
        self._say_once(f"worker {worker} was lost ({reason}): {what}")
        if again:
            self._start(worker)

    def _say_once(self, message: str) -> None:
        """Tell the user what was not said before."""
        if message not in self._said:
            self._said.add(message)
            self.say(message)
