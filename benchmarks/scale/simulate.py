"""A driver with a thousand workers: real scheduler, cutting and journal; simulated time, costs and failures.

The driver is one process that handles one message after the other: the seconds that scheduler and journal really take
are added to the simulated clock, so that a slow driver shows as a longer run. Each worker has its speed, costs differ
from the modelled ones, messages take time, processes die, hang and are started again, and one request kills each worker
that begins it.

The ideal is the work of all requests at the sum of all speeds: no start, no failure, no message, perfect division.

python benchmarks/scale/simulate.py
python benchmarks/scale/simulate.py --requests 100000 --workers 100 --costs realistic
"""

from __future__ import annotations

import argparse
import heapq
import json
import resource
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from measure import markdown

from audit.core.records import digest_of
from audit.engine.journal import Journal
from audit.engine.workers.scheduler import Limits, Scheduler
from audit.engine.workers.units import cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOGETHER = 16
"""Requests of a pass, whose answers arrive together."""
MESSAGE = 0.002
"""Seconds that a message is under way."""
LOADING = 60.0
"""Seconds until a worker that was started again has loaded the checkpoint."""
HEARTBEAT = 15.0
HANGS = 0.1
"""Share of the failures in which a process stops answering instead of dying."""
HEADINGS = (
    "workers, requests", "costs", "failures per worker and minute", "ideal, s", "simulated, s", "overhead",
    "driver busy", "failures", "requests given up", "answered", "driver memory, GB",
)  # fmt: skip


@dataclass(slots=True)
class Process:
    """A simulated worker."""

    speed: float
    start: int = 0
    """How often it was started; messages of an earlier process are not heard."""
    orders: deque[tuple[int, tuple[int, ...]]] = field(default_factory=deque)
    working: bool = False
    hangs: bool = False


class Simulation:
    """One run.

    Args:
        arguments: Of the command line.
        costs: ``realistic`` or ``heavy``.
        failures: Per worker and minute.
    """

    def __init__(self, arguments: argparse.Namespace, costs: str, failures: float, folder: str) -> None:
        self.random = np.random.default_rng(arguments.seed)
        self.modelled, self.real = self._costs(arguments.requests, arguments.mean, costs)
        self.failures = failures
        self.poison = int(self.random.integers(arguments.requests)) if failures else -1
        self.now = 0.0
        self.busy = 0.0
        self.failed = 0
        self.scheduler = Scheduler(lambda: self.now, Limits())
        speeds = self.random.uniform(0.8, 1.2, arguments.workers)
        self.processes = [Process(float(speed)) for speed in speeds]
        self.ideal = float(self.real.sum() / speeds.sum())
        self.events: list[tuple[float, int, str, int, int, Any]] = []
        self.order = count()
        self.answered = 0
        self.journal = Journal(Path(folder) / "journal.sqlite")
        self.written: list[tuple[str, str]] = []

    def _costs(self, requests: int, mean: float, kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Modelled and real seconds of each request; the model errs by a fifth."""
        if kind == "realistic":  # of an audit: three quarters are short options, the rest are texts of some length
            short = self.random.random(requests) < 0.75
            drawn = np.where(
                short, self.random.lognormal(-2.0, 0.5, requests), self.random.lognormal(1.0, 0.8, requests)
            )
        else:  # Pareto with infinite variance, cut at a thousand times the least
            drawn = np.minimum(1.0 + self.random.pareto(1.3, requests), 1000.0)
        modelled = drawn * mean / drawn.mean()
        return modelled, modelled * self.random.lognormal(0.0, 0.2, requests)

    def run(self) -> None:
        """Until every request is answered or given up."""
        names = range(len(self.processes))
        started = time.perf_counter()
        indices = range(len(self.real))
        passes = [tuple(indices[low : low + TOGETHER]) for low in range(0, len(indices), TOGETHER)]
        units = cut([(one, float(self.modelled[list(one)].sum())) for one in passes], len(names))
        for name in names:
            self.scheduler.starting(name)
            self.scheduler.joined(name)
            self._later(self.random.uniform(0, HEARTBEAT), "heartbeat", name)
            self._fail_later(name)
        self.scheduler.begin(units, "score")
        self._charge(started)
        self._hand_out()
        while not self.scheduler.finished:
            at, _, kind, name, start, what = heapq.heappop(self.events)
            self.now = max(self.now, at)
            if self.processes[name].start == start:
                getattr(self, f"_{kind}")(name, what)
            if self.scheduler.stranded:
                msg = "no worker is left"
                raise RuntimeError(msg)
        self._write()

    def _charge(self, started: float) -> None:
        """The driver was busy since."""
        seconds = time.perf_counter() - started
        self.busy += seconds
        self.now += seconds

    def _later(self, seconds: float, kind: str, name: int, what: Any = None) -> None:
        heapq.heappush(
            self.events, (self.now + seconds, next(self.order), kind, name, self.processes[name].start, what)
        )

    def _fail_later(self, name: int) -> None:
        if self.failures:
            self._later(self.random.exponential(60 / self.failures), "fails", name)

    def _hand_out(self) -> None:
        """Hand out units; workers hear of them a moment later."""
        started = time.perf_counter()
        orders = list(self.scheduler.orders())
        self._charge(started)
        for order in orders:
            self._later(MESSAGE, "ordered", order.worker, order)

    # ---- at a worker

    def _ordered(self, name: int, order: Any) -> None:
        process = self.processes[name]
        if not order.indices:
            process.orders = deque(one for one in process.orders if one[0] != order.unit)
            return
        process.orders.append((order.unit, order.indices))
        if not process.working:
            self._computes(name, None)

    def _computes(self, name: int, rest: tuple[int, tuple[int, ...]] | None) -> None:
        """The next pass of a unit."""
        process = self.processes[name]
        if process.hangs:
            return
        if rest is None:
            if not process.orders:
                process.working = False
                return
            rest = process.orders.popleft()
        process.working = True
        unit, indices = rest
        batch = indices[:TOGETHER]
        seconds = float(self.real[list(batch)].sum()) / process.speed
        if self.poison in batch:
            self._later(seconds / 2, "dies", name)
            return
        self._later(seconds, "computed", name, (unit, batch, indices[TOGETHER:]))

    def _computed(self, name: int, what: tuple[int, tuple[int, ...], tuple[int, ...]]) -> None:
        unit, batch, rest = what
        self._later(MESSAGE, "arrives", name, (batch, None if rest else unit))
        self._computes(name, (unit, rest) if rest else None)

    def _fails(self, name: int, _: None) -> None:
        self.failed += 1
        if self.random.random() < HANGS:
            self.processes[name].hangs = True
        else:
            self._dies(name, None)

    def _dies(self, name: int, _: None) -> None:
        process = self.processes[name]
        process.start += 1  # nothing that it would have done happens
        self._later(MESSAGE, "dead", name)

    # ---- at the driver

    def _arrives(self, name: int, what: tuple[tuple[int, ...], int | None]) -> None:
        if self.processes[name].hangs:
            return
        batch, unit = what
        started = time.perf_counter()
        new = self.scheduler.answered(name, batch)
        self.answered += len(new)
        self.written.extend((digest_of("score", index), ANSWER) for index in new)
        if unit is not None:
            self.scheduler.done(name, unit)
        self._charge(started)
        if len(self.written) >= 1000:
            self._write()
        self._hand_out()

    def _write(self) -> None:
        started = time.perf_counter()
        self.journal.write(self.written)
        self.written = []
        self._charge(started)

    def _dead(self, name: int, _: None) -> None:
        started = time.perf_counter()
        again = self.scheduler.left(name)
        self._charge(started)
        process = self.processes[name]
        process.orders.clear()
        process.working = process.hangs = False
        if again:
            self.scheduler.starting(name)
            self._later(LOADING, "loaded", name)
        self._hand_out()

    def _loaded(self, name: int, _: None) -> None:
        self.scheduler.joined(name)
        self._later(HEARTBEAT, "heartbeat", name)
        self._fail_later(name)
        self._hand_out()

    def _heartbeat(self, name: int, _: None) -> None:
        started = time.perf_counter()
        if not self.processes[name].hangs:
            self.scheduler.heard(name)
        lost = [one for one, _ in self.scheduler.overdue()]
        self._charge(started)
        for one in lost:
            self.processes[one].start += 1
            self._dead(one, None)
        self._later(HEARTBEAT, "heartbeat", name)


ANSWER = json.dumps(
    {"log_probs": [-1.2345678901234567] * 4, "is_argmax": [True, False, True, False], "mean_log_probs": None,
     "std_log_probs": None, "truncated": 0, "error": None}
)  # fmt: skip
"""Of four tokens."""


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--mean", type=float, default=1.0, help="seconds of a request at speed 1")
    parser.add_argument("--costs", choices=("realistic", "heavy"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rows = []
    for costs in (arguments.costs,) if arguments.costs else ("realistic", "heavy"):
        for failures in (0.0, 0.01):
            with tempfile.TemporaryDirectory() as folder:
                one = Simulation(arguments, costs, failures, folder)
                one.run()
                written = len(one.journal)
                one.journal.close()
            poisoned = one.scheduler.poisoned
            if sorted(poisoned) != ([one.poison] if failures else []) or written != arguments.requests - len(poisoned):
                msg = f"{written:,} answers, given up {poisoned}, poisoned {one.poison}"
                raise RuntimeError(msg)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            rows.append(
                [
                    f"{arguments.workers:,}, {arguments.requests:,}",
                    costs,
                    f"{failures:.0%}",
                    f"{one.ideal:.0f}",
                    f"{one.now:.0f}",
                    f"{one.now / one.ideal - 1:.1%}",
                    f"{one.busy / one.now:.0%}",
                    f"{one.failed:,}",
                    f"{len(poisoned)}",
                    f"{one.answered:,}",
                    f"{memory:.2f}",
                ]
            )
            print(f"{costs}, {failures:.0%}: driver handled {one.answered / one.busy:,.0f} answers/s", file=sys.stderr)
    print(markdown(HEADINGS, rows))


if __name__ == "__main__":
    main()
