"""Which unit of work goes to which worker, and what happens when a worker dies or hangs.

Pure logic, with a clock that is handed in: local processes, other transports and simulations use the same.

A unit is *queued*, *under way* (a worker computes it), *next* (it waits behind the one under way, so that its worker
need not wait for the driver) or *over*. A worker without work takes a unit that is next elsewhere when the queue is
empty; where there is none, it computes that of a worker which has fallen silent, too. Answers count one by one, whoever
gives them, and the first one counts: a unit that two workers have computed does no harm.

A worker that dies gives its units back. One that was under way remembers it: after :attr:`Limits.attempts` deaths it is
cut in two, each half with one death fewer, until a request stands alone. A lone request that has cost
:attr:`Limits.lone_attempts` workers is *poisoned*: it is given up, and the others go on.
"""

from __future__ import annotations

import heapq
from array import array
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from audit.engine.workers.units import WorkUnit


@dataclass(frozen=True)
class Limits:
    """When a worker counts as lost, and how often what is lost is tried again. Times in seconds."""

    silence: float = 60.0
    """Without a sign of life from a worker."""
    doubt: float = 10.0
    """The same, until a worker without work computes its unit, too."""
    starting: float = 1800.0
    """From the start of a worker until it has loaded the checkpoint."""
    floor: float = 120.0
    """Least time that a worker gets for the next answers of a unit."""
    unmeasured: float = 1800.0
    """The same, as long as no unit of the kind has been computed."""
    patience: float = 10.0
    """Time for the next answers, in times of what the unit would take at the slowest rate seen."""
    attempts: int = 2
    """Workers that a unit of several requests may cost before it is cut in two."""
    lone_attempts: int = 3
    """Workers that a lone request may cost."""
    strikes: int = 3
    """Deaths in a row, without an answer, after which a worker is not started again."""
    restarts: int = 20
    """Starts of one worker after the first."""


class Order(NamedTuple):
    """An instruction for a worker."""

    worker: int
    unit: int
    """Number of the unit, which no other unit of the scheduler has."""
    indices: tuple[int, ...]
    """Requests that it is to answer; empty where it is to leave out a unit that it has not begun."""


OVER = -1
"""Stands for the unit of a request that is answered, given up or not asked for."""


@dataclass(slots=True)
class _Task:
    """A unit that is not over."""

    indices: tuple[int, ...]
    cost: float
    deaths: int
    left: int
    """Requests without an answer."""
    workers: int = 0
    """That compute it."""


@dataclass(slots=True)
class _Worker:
    """What is known of a worker that is at work."""

    heard: float
    due: float
    """When it must have answered, or be ready."""
    current: int | None = None
    following: int | None = None
    began: float = 0.0
    cost: float = 0.0
    """Of the unit under way."""
    ready: bool = False
    spoke: bool = False
    """Whether it has given a sign of life: importing libraries takes a while."""


@dataclass(slots=True)
class _History:
    """Of a worker through all its starts."""

    strikes: int = 0
    starts: int = 0


@dataclass(slots=True)
class _Call:
    """The work at hand."""

    kind: str = ""
    tasks: dict[int, _Task] = field(default_factory=dict)
    unit_of: array[int] = field(default_factory=lambda: array("q"))
    """Number of each request's unit, or ``OVER``."""
    queue: deque[int] = field(default_factory=deque)
    left: int = 0
    """Requests without an answer."""


class Scheduler:
    """Hands out units and takes account of what becomes of them.

    Args:
        clock: Seconds that only grow.
        limits: When a worker is lost, and how often work is tried again.

    Attributes:
        poisoned: Requests that were given up; the caller takes them out.
        ready: Workers that can compute.
    """

    def __init__(self, clock: Callable[[], float], limits: Limits = Limits()) -> None:
        self._clock = clock
        self._limits = limits
        self._workers: dict[int, _Worker] = {}
        self._history: dict[int, _History] = {}
        self._call = _Call()
        self._number = 0
        self._idle: OrderedDict[int, None] = OrderedDict()
        self._hungry: OrderedDict[int, None] = OrderedDict()
        """Workers with a unit under way and none behind it."""
        self._next: OrderedDict[int, int] = OrderedDict()
        """Worker of each unit that is next."""
        self._checks: list[tuple[float, int]] = []
        self._looked = 0.0  # when no silent worker was found
        self._slowest: dict[str, float] = {}
        """Seconds per cost, by kind of call."""
        self.poisoned: list[int] = []
        self.ready: dict[int, None] = {}

    # ---- the work of a call

    def begin(self, units: Iterable[WorkUnit], kind: str = "") -> None:
        """Take up the units of a call, largest first; what was left of the call before is dropped.

        Args:
            units: No request is in two of them.
            kind: Of the call; rates are measured for each kind by itself.
        """
        units = list(units)
        size = 1 + max((max(unit.indices) for unit in units), default=-1)
        self._call = _Call(kind, unit_of=array("q", [OVER]) * size)
        self.poisoned = []
        self._next.clear()
        self._hungry.clear()
        for name, worker in self._workers.items():
            worker.current = worker.following = None
            if worker.ready:
                self._idle[name] = None
        for unit in units:
            self._add(unit.indices, unit.cost, 0)
            self._call.left += len(unit.indices)

    def _add(self, indices: tuple[int, ...], cost: float, deaths: int) -> None:
        """Put a unit at the end of the queue."""
        self._number += 1
        self._call.tasks[self._number] = _Task(indices, cost, deaths, len(indices))
        for index in indices:
            self._call.unit_of[index] = self._number
        self._call.queue.append(self._number)

    @property
    def finished(self) -> bool:
        """Whether every request is answered or given up."""
        return not self._call.left

    @property
    def alive(self) -> int:
        """Number of workers that can compute."""
        return len(self.ready)

    @property
    def gone(self) -> bool:
        """Whether no worker is left, and none is being started."""
        return not self._workers

    @property
    def stranded(self) -> bool:
        """Whether there is work, and no worker is left that could do it."""
        return not self.finished and self.gone

    def orders(self) -> Iterator[Order]:
        """Instructions for workers; each counts as given once it has been yielded."""
        call = self._call
        while call.queue and (self._idle or self._hungry):
            number = call.queue.popleft()
            if number in call.tasks:  # else it is over: another worker had begun it, too
                name, _ = (self._idle or self._hungry).popitem(last=False)
                yield self._give(name, number)
        while self._idle and self._next:
            number, owner = self._next.popitem(last=False)
            self._workers[owner].following = None
            self._hungry[owner] = None
            if number in call.tasks:
                yield Order(owner, number, ())
                name, _ = self._idle.popitem(last=False)
                yield self._give(name, number)
        while self._idle and (number := self._doubtful()):
            yield self._give(self._idle.popitem(last=False)[0], number)

    def _doubtful(self) -> int:
        """A unit whose only worker has fallen silent and that killed few, else 0; looked for once a second."""
        now = self._clock()
        if now >= self._looked + 1.0:
            for worker in self._workers.values():
                task = self._call.tasks.get(worker.current or 0)
                alone = task is not None and task.workers == 1 and task.deaths < self._limits.attempts
                if worker.current and alone and worker.heard + self._limits.doubt <= now:
                    return worker.current
            self._looked = now
        return 0

    def _give(self, name: int, number: int) -> Order:
        """A unit goes to a worker, which computes it now or after the one that it has."""
        worker, task = self._workers[name], self._call.tasks[number]
        if worker.current is None:
            self._start(worker, number)
            self._hungry[name] = None
        else:
            worker.following = number
            self._next[number] = name
        return Order(name, number, self._open(task))

    def _open(self, task: _Task) -> tuple[int, ...]:
        """The requests of a unit that have no answer."""
        if task.left == len(task.indices):
            return task.indices
        return tuple(index for index in task.indices if self._call.unit_of[index] != OVER)

    def _start(self, worker: _Worker, number: int) -> None:
        """A worker begins a unit."""
        task = self._call.tasks[number]
        task.workers += 1
        worker.current, worker.began, worker.cost = number, self._clock(), task.cost
        worker.due = worker.began + self._allowed(worker.cost)

    def _allowed(self, cost: float) -> float:
        """Seconds that a worker has for the next answers of a unit."""
        limits, slowest = self._limits, self._slowest.get(self._call.kind)
        return limits.unmeasured if slowest is None else limits.floor + limits.patience * slowest * cost

    def answered(self, name: int, indices: Sequence[int]) -> list[int]:
        """A worker has answered requests. Returns those that had no answer yet."""
        unit_of, size = self._call.unit_of, len(self._call.unit_of)
        new = [index for index in indices if 0 <= index < size and unit_of[index] != OVER]
        for index in new:
            self._settle(index)
        worker = self._workers.get(name)
        if worker is not None:
            self._history[name].strikes = 0
            self.heard(name)
            worker.due = max(worker.due, worker.heard + self._allowed(worker.cost))
        return new

    def _settle(self, index: int) -> None:
        """A request is answered or given up."""
        call = self._call
        number, call.unit_of[index] = call.unit_of[index], OVER
        call.left -= 1
        task = call.tasks[number]
        task.left -= 1
        if not task.left:
            del call.tasks[number]

    def done(self, name: int, number: int) -> None:
        """A worker has come to the end of a unit; requests that it did not answer are given to another."""
        worker = self._workers.get(name)
        if worker is None:
            return
        self.heard(name)
        if worker.current != number:  # it had begun the unit before the instruction to leave it out
            return
        if worker.cost > 0:
            rate = (worker.heard - worker.began) / worker.cost
            self._slowest[self._call.kind] = max(self._slowest.get(self._call.kind, 0.0), rate)
        self._after(name, worker)
        if number in self._call.tasks:
            self._again(number)

    def _after(self, name: int, worker: _Worker) -> None:
        """What a worker does after its unit."""
        self._hungry.pop(name, None)
        following, worker.current, worker.following = worker.following, None, None
        if following is None:
            self._idle[name] = None
            return
        self._next.pop(following, None)
        if following in self._call.tasks:
            self._start(worker, following)
            self._hungry[name] = None
        else:
            self._idle[name] = None

    def _again(self, number: int) -> None:
        """A unit that was begun and not finished: it goes to another worker, in halves, or is given up."""
        call, task = self._call, self._call.tasks[number]
        left = self._open(task)
        task.deaths += 1
        task.workers -= 1
        if task.workers:  # another computes it, too
            return
        if len(left) == 1:
            if task.deaths >= self._limits.lone_attempts:
                self.poisoned.append(left[0])
                self._settle(left[0])
            else:
                call.queue.appendleft(number)
        elif task.deaths >= self._limits.attempts:
            del call.tasks[number]
            half = (len(left) + 1) // 2
            for part in (left[:half], left[half:]):
                self._add(part, task.cost * len(part) / len(task.indices), self._limits.attempts - 1)
                call.queue.appendleft(call.queue.pop())
        else:
            call.queue.appendleft(number)

    # ---- the workers

    def starting(self, name: int) -> None:
        """A worker is being started."""
        now = self._clock()
        self._workers[name] = _Worker(now, now + self._limits.starting)
        self._history.setdefault(name, _History()).starts += 1
        heapq.heappush(self._checks, (now + self._limits.silence, name))

    def joined(self, name: int) -> None:
        """A worker has loaded the checkpoint."""
        self.heard(name)
        self._workers[name].ready = True
        self.ready[name] = None
        self._idle[name] = None

    def heard(self, name: int) -> None:
        """A worker gave a sign of life."""
        worker = self._workers.get(name)
        if worker is not None:
            worker.heard, worker.spoke = self._clock(), True

    def left(self, name: int) -> bool:
        """A worker is dead; its units go to others. Returns whether it is to be started again."""
        worker = self._workers.pop(name, None)
        if worker is None:
            return False
        self.ready.pop(name, None)
        self._idle.pop(name, None)
        self._hungry.pop(name, None)
        history, suspect = self._history[name], False
        task = None if worker.current is None else self._call.tasks.get(worker.current)
        if task is not None and worker.current is not None:
            suspect = task.deaths > 0  # it has cost another worker before: this one is not to blame
            self._again(worker.current)
        if worker.following is not None:
            self._next.pop(worker.following, None)
            if worker.following in self._call.tasks:
                self._call.queue.appendleft(worker.following)
        history.strikes += not suspect
        return history.strikes < self._limits.strikes and history.starts <= self._limits.restarts

    def overdue(self) -> Iterator[tuple[int, str]]:
        """Workers that have been silent, or at one unit, for too long, and why in words; the caller ends them."""
        now = self._clock()
        while self._checks and self._checks[0][0] <= now:
            _, name = heapq.heappop(self._checks)
            worker = self._workers.get(name)
            if worker is None:
                continue
            silent = worker.heard + self._limits.silence if worker.spoke else worker.due
            busy = worker.current is not None or not worker.ready
            if silent <= now:
                yield name, f"no sign of life for {now - worker.heard:.0f} s"
            elif busy and worker.due <= now:
                yield name, "no answer in time" if worker.ready else "the checkpoint was not loaded in time"
            else:
                again = min(silent, now + self._limits.silence)  # it may have begun to speak by then
                heapq.heappush(self._checks, (min(again, worker.due) if busy else again, name))

    @property
    def wait(self) -> float | None:
        """Seconds until :meth:`overdue` may have something to say; None without workers."""
        return max(0.0, self._checks[0][0] - self._clock()) if self._checks else None
