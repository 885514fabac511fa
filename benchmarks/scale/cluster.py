"""Simulated workers as a transport of a real :class:`~audit.engine.workers.pool.Pool`: messages are real, time is not.

The driver is one process that handles one message after the other: the seconds that it really takes are added to the
simulated clock, so that a slow driver shows as a longer run. What a worker would do costs the driver nothing. Reading
a message is the driver's work; the system calls of a pipe are left out.
"""

from __future__ import annotations

import heapq
import json
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from audit.core.records import ModelRecord
from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.scoring_plan import Planning
from audit.engine.requests import Score
from audit.engine.workers.messages import pack, pack_answers
from audit.engine.workers.processes import WorkerEvent
from audit.engine.workers.worker import BEAT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

TOGETHER = 16
"""Requests of a pass, whose answers arrive together."""
MESSAGE = 0.002
"""Seconds that a message is under way."""
LOADING = 60.0
"""Seconds until a worker that was started again has loaded the checkpoint."""
HANGS = 0.1
"""Share of the failures in which a process stops answering instead of dying."""
DIGEST = "d" * 64
RECORD = ModelRecord(
    name="simulated", source="nowhere", digest=DIGEST, files=[], architecture="Simulated", parameter_count=1,
    dtype="float32", max_length=2048, device="cpu",
)  # fmt: skip
PLANNING = Planning(Cost(token=1e8, pair=1e2, copy=1e2, call=1e6), Budget(1024, 16384), 2048)
READY = json.dumps(
    [
        "ready",
        RECORD.model_dump(mode="json"),
        {"planning": asdict(PLANNING), "texts": 4, "device_type": "cpu", "vocabulary": 49152},
    ]
).encode()
ANSWER = Score(
    (-1.2345678901234567, -0.034567890123456, -7.345678901234567, -2.345678901234567), (False, True, False, True)
)
"""Of four tokens."""


@dataclass(slots=True)
class Process:
    """A simulated worker."""

    speed: float
    start: int = 0
    """How often it was started; events of an earlier process do not happen."""
    orders: deque[tuple[int, int, tuple[int, ...]]] = field(default_factory=deque)
    """Call, unit and requests."""
    began: float | None = None
    """When it began its pass; None while it has nothing to do."""
    hangs: bool = False


@dataclass
class Lost:
    """Seconds of workers that answered nothing."""

    work: float = 0.0
    """In passes that were not finished."""
    twice: float = 0.0
    """In passes of which each request had been answered."""
    away: float = 0.0
    """From the end of a process until the next one has loaded the checkpoint, or hung until it is noticed."""
    failures: int = 0


class Cluster:
    """Simulated workers.

    Args:
        real: Seconds of each request at speed 1.
        speeds: Of the workers.
        random: Draws failures.
        failures: Per worker and minute.
        poison: Request that kills each worker which computes it; -1 for none.
        counts_processor: Whether the processor's clock is looked at, too.
        timer: Measures the driver: by the wall, or on a busy machine by the processor.
    """

    def __init__(
        self,
        real: NDArray[np.float64],
        speeds: NDArray[np.float64],
        random: np.random.Generator,
        failures: float,
        poison: int,
        *,
        counts_processor: bool,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.now = 0.0
        self.busy = 0.0
        """Seconds that the driver took."""
        self.processor = 0.0
        """Seconds of the processor among them."""
        self.bytes = {"call": 0, "unit": 0, "answers": 0, "others": 0}
        self.lost = Lost()
        self._real, self._random, self._failures, self._poison = real, random, failures, poison
        self._processes = [Process(float(speed)) for speed in speeds]
        self._events: list[tuple[float, int, str, int, int, Any]] = []
        self._order = count()
        self._found: list[tuple[int, bytes | None, str]] = []
        self._answered = bytearray(len(real))
        self.before: tuple[float, float, float] | None = None
        """Simulated seconds, those of the driver and of its processor when the first unit was sent."""
        self._timer = timer
        self._processor_clock = time.process_time if counts_processor else lambda: 0.0
        self._mark = (timer(), self._processor_clock())

    def clock(self) -> float:
        """Simulated seconds, with those that the driver has just taken."""
        return self.now + self._timer() - self._mark[0]

    def _charge(self) -> None:
        """The driver was busy."""
        seconds = self._timer() - self._mark[0]
        self.busy += seconds
        self.now += seconds
        self.processor += self._processor_clock() - self._mark[1]

    def _release(self) -> None:
        """The driver goes on."""
        self._mark = (self._timer(), self._processor_clock())

    # ---- the transport

    def start(self, worker: int) -> None:
        """Start a worker; the first ones have loaded the checkpoint at once."""
        process = self._processes[worker]
        process.start += 1
        self._later(LOADING if process.start > 1 else 0.0, "loaded", worker)

    def send(self, worker: int, message: bytes) -> None:
        """Deliver a message a moment later."""
        self._charge()
        kind = message[2:8].split(b'"')[0].decode()
        self.bytes[kind if kind in self.bytes else "others"] += len(message)
        if kind == "unit" and self.before is None:
            self.before = (self.now, self.busy, self.processor)
        if kind in {"unit", "leave", "over", "plan"}:
            self._later(MESSAGE, kind, worker, json.loads(message)[1:])
        self._release()

    def kill(self, worker: int) -> None:
        """End a worker."""
        self._end(worker)

    def receive(self, seconds: float) -> list[WorkerEvent]:
        """Events up to now; the clock moves on to the first one."""
        self._charge()
        limit = self.now + seconds
        while self._events and self._events[0][0] <= (self.now if self._found else max(self.now, limit)):
            at, _, kind, worker, start, what = heapq.heappop(self._events)
            self.now = max(self.now, at)
            if self._processes[worker].start == start:
                getattr(self, f"_on_{kind}")(worker, what)
        if not self._found:
            self.now = max(self.now, limit)
        found, self._found = self._found, []
        self.bytes["answers"] += sum(len(body) for _, body, _ in found if body is not None and body[2:5] == b"ans")
        self._release()
        return [WorkerEvent(name, None if body is None else json.loads(body), why) for name, body, why in found]

    def close(self) -> None:
        """End all workers."""

    def _later(self, seconds: float, kind: str, worker: int, what: Any = None) -> None:
        event = (self.now + seconds, next(self._order), kind, worker, self._processes[worker].start, what)
        heapq.heappush(self._events, event)

    def _say(self, worker: int, body: bytes) -> None:
        """A message for the driver, a moment later."""
        self._later(MESSAGE, "said", worker, body)

    # ---- what happens

    def _on_said(self, worker: int, body: bytes) -> None:
        self._found.append((worker, body, ""))

    def _on_loaded(self, worker: int, _: None) -> None:
        if self._processes[worker].start > 1:
            self.lost.away += LOADING
        self._say(worker, READY)
        self._later(float(self._random.uniform(0, BEAT_SECONDS)), "beats", worker)
        if self._failures:
            self._later(float(self._random.exponential(60 / self._failures)), "fails", worker)

    def _on_plan(self, worker: int, _: Any) -> None:
        self._say(worker, b'["planned"]')

    def _on_beats(self, worker: int, _: None) -> None:
        if not self._processes[worker].hangs:
            self._say(worker, b'["beat"]')
            self._later(BEAT_SECONDS, "beats", worker)

    def _on_unit(self, worker: int, what: list[Any]) -> None:
        process = self._processes[worker]
        call, unit, indices = what
        process.orders.append((call, unit, tuple(indices)))
        if process.began is None:
            self._computes(worker, None)

    def _on_leave(self, worker: int, what: list[Any]) -> None:
        process = self._processes[worker]
        process.orders = deque(one for one in process.orders if one[1] != what[0])

    def _on_over(self, worker: int, _: Any) -> None:
        self._processes[worker].orders.clear()

    def _computes(self, worker: int, rest: tuple[int, int, tuple[int, ...]] | None) -> None:
        """The next pass of a unit."""
        process = self._processes[worker]
        process.began = None
        if process.hangs:
            return
        if rest is None:
            if not process.orders:
                return
            rest = process.orders.popleft()
        process.began = self.now
        call, unit, indices = rest
        batch = indices[:TOGETHER]
        seconds = float(self._real[list(batch)].sum()) / process.speed
        if self._poison in batch:
            self._later(seconds / 2, "dies", worker)
        else:
            self._later(seconds, "computed", worker, (call, unit, batch, indices[TOGETHER:]))

    def _on_computed(self, worker: int, what: tuple[int, int, tuple[int, ...], tuple[int, ...]]) -> None:
        process = self._processes[worker]
        if process.hangs:
            return
        call, unit, batch, rest = what
        if all(self._answered[index] for index in batch):
            self.lost.twice += self.now - (process.began or 0.0)
        for index in batch:
            self._answered[index] = 1
        answers = pack_answers(dict.fromkeys(batch, ANSWER))
        self._say(worker, pack(["answers", call, answers, 4 * len(batch)]))
        if not rest:
            self._say(worker, f'["done",{call},{unit}]'.encode())
        self._computes(worker, (call, unit, rest) if rest else None)

    def _on_fails(self, worker: int, _: None) -> None:
        if self._random.random() < HANGS:
            self.lost.failures += 1
            process = self._processes[worker]
            process.hangs = True
            self.lost.away -= self.now  # until it is killed
        else:
            self._on_dies(worker, None)

    def _on_dies(self, worker: int, _: None) -> None:
        self.lost.failures += 1
        self._end(worker)
        self._found.append((worker, None, "killed by SIGKILL"))

    def _end(self, worker: int) -> None:
        """The process is no more, and nothing that it would have done happens."""
        process = self._processes[worker]
        if process.hangs:
            self.lost.away += self.now
        elif process.began is not None:
            self.lost.work += self.now - process.began
        process.start += 1
        process.hangs, process.began = False, None
        process.orders.clear()
