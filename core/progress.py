"""Progress reporting, independent of who displays it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from audit.core.config.budget import BudgetConfig, duration_seconds
from audit.core.errors import BudgetSpent
from audit.core.records import RunCost

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder


class Progress(Protocol):
    """Listener of an audit: bars in a terminal, a bar in a notebook, or :class:`Silent`."""

    def expect(self, tasks: int) -> None:
        """The run has this many tasks."""

    def began(self, run: RunFolder) -> None:
        """The run folder exists: from now on the run can be resumed."""

    def step(self, message: str) -> None:
        """A step between tasks, e.g. loading."""

    def task(self, suite: str, task: str) -> None:
        """A task of a suite begins."""

    def samples(self, count: int) -> None:
        """The current task has this many samples; the number of requests they take is not known in advance."""

    def sample_done(self) -> None:
        """One of these samples is done."""

    def start(self, requests: int) -> None:
        """The engine accepted this many requests for the current task."""

    def advance(self, requests: int, tokens: int) -> None:
        """This many requests were answered; they took this many computed tokens."""

    def workers(self, alive: int, of: int) -> None:
        """This many of the worker processes are at work; 0 of 0 where there are none any more."""

    def withhold(self, answers: int) -> None:
        """This many answers contain personal data: they are not kept for a run that is resumed."""

    def say(self, message: str) -> None:
        """Show a warning; it also goes into the manifest."""

    def failed(self, what: str, error: BaseException) -> None:
        """Report a failure that affects no result: ``what`` is missing, and why."""

    def show_prompt(self, task: str, prompt: str, reference: str | None) -> None:
        """The first prompt of a task, exactly as the checkpoint saw it."""


class Silent:
    """A listener that does nothing."""

    def expect(self, tasks: int) -> None:
        """Ignore it."""

    def began(self, run: RunFolder) -> None:
        """Ignore it."""

    def step(self, message: str) -> None:
        """Ignore it."""

    def task(self, suite: str, task: str) -> None:
        """Ignore it."""

    def samples(self, count: int) -> None:
        """Ignore it."""

    def sample_done(self) -> None:
        """Ignore it."""

    def start(self, requests: int) -> None:
        """Ignore it."""

    def advance(self, requests: int, tokens: int) -> None:
        """Ignore it."""

    def workers(self, alive: int, of: int) -> None:
        """Ignore it."""

    def withhold(self, answers: int) -> None:
        """Ignore it."""

    def say(self, message: str) -> None:
        """Ignore it."""

    def failed(self, what: str, error: BaseException) -> None:
        """Ignore it."""

    def show_prompt(self, task: str, prompt: str, reference: str | None) -> None:
        """Ignore it."""


@dataclass(slots=True)
class Standing:
    """Progress of a task, in requests, or in samples if their number is known and that of requests is not.

    >>> str(Standing(requests=100, answered=30))
    '30 of 100 requests'
    >>> str(Standing(requests=100, answered=30, samples=12, done=3))
    '3 of 12 samples, 30 requests'
    >>> str(Standing(requests=100, answered=30, samples=1))
    '30 requests'
    """

    requests: int = 0
    """Requests that the engine accepted so far."""
    answered: int = 0
    """Requests answered."""
    samples: int = 0
    """Samples of the task; 0 if it is counted in requests."""
    done: int = 0
    """Samples done."""
    withheld: int = 0
    """Answers with personal data, which the journal does not keep."""

    @property
    def total(self) -> int | None:
        """The end of a bar; None if not known yet."""
        if self.samples:
            return self.samples if self.samples > 1 else None
        return self.requests or None

    @property
    def reached(self) -> int:
        """The position of a bar."""
        return self.done if self.samples > 1 else self.answered

    @property
    def is_over(self) -> bool:
        """Whether everything known is done."""
        return self.reached >= (self.total or self.requests)

    @property
    def whole(self) -> str:
        """Summary of a finished task."""
        requests = f"{self.requests:,} requests"
        return f"{self.samples:,} samples, {requests}" if self.samples > 1 else requests

    def __str__(self) -> str:
        """Progress as shown to a reader."""
        if not self.samples:
            return f"{self.answered:,} of {self.requests:,} requests"
        answered = f"{self.answered:,} requests"
        return f"{self.done:,} of {self.samples:,} samples, {answered}" if self.samples > 1 else answered


class Meter:
    """What this command has cost so far, from the moment that the meter was made.

    Args:
        budget: What it may cost.
        clock: Seconds that only grow.
    """

    def __init__(self, budget: BudgetConfig | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget or BudgetConfig()
        self._clock = clock
        self._began = clock()
        self._tokens = 0

    def compute(self, tokens: int) -> None:
        """Count computed tokens.

        Raises:
            BudgetSpent: The budget is spent.
        """
        self._tokens += tokens
        if tokens:  # answers of the journal are free: without new ones, a resumed run would end where it began
            self.check()

    def check(self) -> None:
        """End the audit if nothing is left.

        Raises:
            BudgetSpent: The budget is spent.
        """
        budget = self._budget
        if budget.wall_time and self._clock() - self._began >= duration_seconds(budget.wall_time):
            raise BudgetSpent(budget.wall_time)
        if budget.tokens and self._tokens >= budget.tokens:
            limit = f"{budget.tokens:,} tokens"
            raise BudgetSpent(limit)

    def spent(self, before: RunCost | None, stopped_by: str | None = None) -> RunCost | None:
        """What the run has cost up to now.

        Args:
            before: What it had cost before this command; None if that is unknown, and then the sum is unknown, too.
            stopped_by: The limit that ends the run, in words.
        """
        if before is None:
            return None
        seconds = round(before.seconds + self._clock() - self._began, 3)
        return RunCost(seconds=seconds, tokens=before.tokens + self._tokens, stopped_by=stopped_by)


class Remembering:
    """A listener that passes everything on and remembers what the reader must know.

    Args:
        listener: Receives everything.
        run: The run folder, if a run is resumed.
        meter: Counts what the run costs, and ends it when its budget is spent.

    Attributes:
        messages: What a reader must know, for the manifest.
        run: The run folder; None until there is one.
        meter: What the run costs.
    """

    def __init__(self, listener: Progress, run: RunFolder | None = None, meter: Meter | None = None) -> None:
        self.messages: list[str] = []
        self.run = run
        self.meter = meter or Meter()
        self._listener = listener
        self.expect = listener.expect
        self.step = listener.step
        self.task = listener.task
        self.samples = listener.samples
        self.start = listener.start
        self.workers = listener.workers
        self.withhold = listener.withhold
        self.failed = listener.failed
        self.show_prompt = listener.show_prompt

    def began(self, run: RunFolder) -> None:
        """The run folder exists: from now on the run can be resumed."""
        self.run = run
        self._listener.began(run)

    def sample_done(self) -> None:
        """A sample is done.

        Raises:
            BudgetSpent: The budget of the run is spent.
        """
        self._listener.sample_done()
        self.meter.check()

    def advance(self, requests: int, tokens: int) -> None:
        """Requests were answered.

        Raises:
            BudgetSpent: The budget of the run is spent.
        """
        self._listener.advance(requests, tokens)
        self.meter.compute(tokens)

    def say(self, message: str) -> None:
        """Show a warning and keep it for the manifest."""
        self.messages.append(message)
        self._listener.say(message)
