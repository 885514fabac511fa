"""What a user sees while an audit works: bars in a terminal, a line per task elsewhere."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from audit.cli import interrupts
from audit.cli.console import err, print_failure
from audit.core.progress import Standing
from audit.core.text import printable

if TYPE_CHECKING:
    from types import TracebackType

    from audit.core.run_folder import RunFolder

LINE_SECONDS = 30.0
"""Seconds between two lines about a task where there is no terminal."""


class Bars:
    """Progress of an audit: one bar over all tasks, one over the requests or samples of the current task.

    Behind them: time so far and time that is left, tokens so far and tokens per second of the current task, over all
    workers. Without a terminal, a line at the end of each task and, in long ones, a line now and then.

    Args:
        quiet: Show nothing but what must be known.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.messages: list[str] = []
        self.tokens = 0
        self._quiet = quiet
        self._shown = err.is_terminal and not quiet
        self._task_started = time.monotonic()
        self._current = ""
        self._standing = Standing()
        self._task_tokens = self._known = 0
        self._keeps = False
        self._workers = ""
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[speed]}", markup=False),
            console=err,
            transient=True,
        )
        self._total: TaskID = self._bars.add_task("audit", total=None, speed="")
        self._task: TaskID = self._bars.add_task("", total=None, speed="", visible=False)

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._shown:
            self._bars.start()
        elif not self._quiet:
            self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; a task that did not come to its end is not reported as one that did."""
        self._over.set()
        if self._watcher.is_alive():
            self._watcher.join()
        if kind is None:
            self._end_task()
        if self._shown:
            self._bars.stop()
        if kind is not None:
            self._break_off("interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")

    def expect(self, tasks: int) -> None:
        """This many tasks will run."""
        self._bars.update(self._total, total=tasks)

    def began(self, run: RunFolder) -> None:
        """The run has its folder: what an interruption leaves is there."""
        self._keeps = True
        interrupts.began(run)

    def step(self, message: str) -> None:
        """A step between tasks, e.g. loading."""
        interrupts.check()
        self._end_task()
        if self._shown:
            self._bars.update(self._total, description=message)
        elif not self._quiet:
            err.print(message, markup=False, highlight=False, soft_wrap=True)

    def task(self, suite: str, task: str) -> None:
        """A task of a suite begins."""
        interrupts.check()
        self._end_task()
        self._current, self._standing = f"{suite} {task}", Standing()
        self._task_tokens = self._known = 0
        self._task_started = time.monotonic()
        self._bars.update(self._total, description="audit")
        self._new_bar()

    def samples(self, count: int) -> None:
        """The current task goes through this many samples."""
        self._standing.samples = count
        self._new_bar()

    def sample_done(self) -> None:
        """One of these samples is finished."""
        self._standing.done += 1
        self._draw()

    def start(self, requests: int) -> None:
        """The engine took on this many requests for the current task."""
        self._standing.requests += requests
        self._draw()

    def advance(self, requests: int, tokens: int) -> None:
        """This many requests were answered, at the cost of this many computed tokens."""
        interrupts.check()
        self.tokens += tokens
        self._task_tokens += tokens
        if not self._task_tokens:
            self._known += requests  # by the journal: they took no time
        self._standing.answered += requests
        self._draw()

    def workers(self, alive: int, of: int) -> None:
        """This many of the workers are at work."""
        self._workers = f", {alive} of {of} workers" if of else ""
        self._draw()

    def withhold(self, answers: int) -> None:
        """So many answers of the task are not in the journal: no personal data is written to it."""
        self._standing.withheld += answers

    def say(self, message: str) -> None:
        """Show a warning and keep it for the manifest."""
        self.messages.append(message)
        err.print(printable(message), markup=False, highlight=False, soft_wrap=True, style="yellow")

    def failed(self, what: str, error: BaseException) -> None:
        """Report a failure that affects no result."""
        print_failure(what, error)

    def show_prompt(self, task: str, prompt: str, reference: str | None) -> None:
        """A prompt exactly as the checkpoint saw it, but for what could steer the terminal, line by line."""
        lines = [printable(line) for line in prompt.split("\n")]
        ending = [] if reference is None else [f"--- reference: {printable(reference)}"]
        text = "\n".join([f"--- first prompt of {task}:", *lines, *ending, "---"])
        err.print(text, markup=False, highlight=False, soft_wrap=True)

    def _new_bar(self) -> None:
        """The bar of the current task; a new one, for Rich cannot take the end of a bar away."""
        self._bars.remove_task(self._task)
        at = self._standing
        self._task = self._bars.add_task(self._current, total=at.total, completed=at.reached, speed="")

    def _draw(self) -> None:
        """Move the bar of the current task to where the task is."""
        speed = f"{self._rate:,.0f} tokens/s{self._workers}"
        self._bars.update(self._task, total=self._standing.total, completed=self._standing.reached, speed=speed)
        self._bars.update(self._total, speed=f"{self.tokens:,} tokens")

    @property
    def _rate(self) -> float:
        """Computed tokens per second of the current task, of all workers together."""
        return self._task_tokens / max(time.monotonic() - self._task_started, 1e-9)

    @property
    def _left(self) -> str:
        """How long the current task will take at the rate so far, in words; empty where nothing is known."""
        at, seconds = self._standing, time.monotonic() - self._task_started
        computed = at.reached - (0 if at.samples else self._known)
        if at.total is None or computed <= 0 or at.is_over:
            return ""
        return f", about {seconds * (at.total - at.reached) / computed:,.0f} s left"

    def _end_task(self) -> None:
        """The current task is over."""
        if not self._current:
            return
        self._bars.advance(self._total)
        self._tell(self._standing.whole)
        self._current = ""

    def _break_off(self, how: str) -> None:
        """The current task ends before it is done: how far it came, and whether its answers are kept."""
        if self._current and not self._quiet:
            line = f"{self._current}: {how} after {self._standing}{self._kept() if self._keeps else ''}"
            err.print(line, markup=False, highlight=False, soft_wrap=True)
        self._current = ""

    def _kept(self) -> str:
        """What becomes of the answers of a task that broke off."""
        withheld = self._standing.withheld
        return ", kept for --resume" + (f" except {withheld:,} with personal data" if withheld else "")

    def _watch(self) -> None:
        """Report on a long task although nothing is answered: the first answers of a batch may take minutes."""
        while not self._over.wait(LINE_SECONDS):
            if time.monotonic() - self._task_started >= LINE_SECONDS:
                rate = f", {self._rate:,.0f} tokens/s" if self._task_tokens else ""
                self._tell(f"{self._standing}{rate}{self._workers}{self._left}")

    def _tell(self, standing: str) -> None:
        """Progress of the current task, where no bar shows it."""
        current, seconds = self._current, time.monotonic() - self._task_started
        if current and not self._shown and not self._quiet:
            err.print(f"{current}: {standing}, {seconds:.0f} s", markup=False, highlight=False, soft_wrap=True)
