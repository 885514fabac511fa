"""Progress in a notebook: one bar that is redrawn in place, by IPython's display alone."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from audit.core.errors import UsageError
from audit.core.progress import Silent, Standing
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.progress import Progress
    from audit.core.run_folder import RunFolder

REDRAWN_SECONDS = 0.2
"""The bar is drawn at most that often."""
BAR_WIDTH = 24
HEARS = tuple(name for name in vars(Silent) if not name.startswith("_"))
"""What a listener has."""


@contextmanager
def listening(progress: Progress | bool | None) -> Iterator[Progress]:
    """Who hears of the work, for as long as it takes.

    Args:
        progress: A listener; True draws a bar in a notebook and nothing elsewhere; False or None draws nothing.

    Raises:
        UsageError: It is something else.
    """
    progress = False if progress is None else progress
    missing = next((name for name in HEARS if not isinstance(progress, bool) and not hasattr(progress, name)), None)
    if missing is not None:
        msg = f"progress: give True, False or a listener; {printable(repr(progress), 60)} has no method {missing}"
        raise UsageError(msg)
    if not isinstance(progress, bool):
        yield progress
    elif progress and in_notebook():
        bar = Notebook()
        try:
            yield bar
        except BaseException:
            bar.end("stopped")
            raise
        bar.end("done")
    else:
        yield Silent()


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


class Notebook:
    """A bar over the requests or samples of the current task, and a line for each thing that the user must know."""

    def __init__(self) -> None:
        self._expected = self._begun = 0
        self._doing = "starting"
        self._standing = Standing()
        self._remarks: list[str] = []
        self._drawn = 0.0
        self._ended = False
        self._handle: Any = None

    def expect(self, tasks: int) -> None:
        """This many tasks will run."""
        self._expected = tasks

    def began(self, run: RunFolder) -> None:
        """The run has its folder."""
        self._remarks.append(f"run folder: {run.path}")

    def step(self, message: str) -> None:
        """A step between tasks."""
        self._now(message)

    def task(self, suite: str, task: str) -> None:
        """A task of a suite begins."""
        self._begun += 1
        self._now(f"{suite} {task}")

    def samples(self, count: int) -> None:
        """The current task goes through this many samples."""
        self._standing.samples = count
        self._draw()

    def sample_done(self) -> None:
        """One of these samples is finished."""
        self._standing.done += 1
        self._draw()

    def start(self, requests: int) -> None:
        """The engine took on this many requests for the current task."""
        self._standing.requests += requests
        self._draw()

    def advance(self, requests: int, tokens: int) -> None:
        """This many requests were answered."""
        del tokens
        self._standing.answered += requests
        self._draw()

    def workers(self, alive: int, of: int) -> None:
        """Worker processes that are at work; those that are lost are said."""

    def withhold(self, answers: int) -> None:
        """Answers that are not kept."""

    def say(self, message: str) -> None:
        """A warning for the user."""
        self._remarks.append(message)
        self._draw(always=True)

    def failed(self, what: str, error: BaseException) -> None:
        """Something that no result depends on went wrong."""
        self.say(f"{what}: {type(error).__name__}: {error}")

    def show_prompt(self, task: str, prompt: str, reference: str | None) -> None:
        """The first prompt of a task."""
        ending = "" if reference is None else f" → {reference}"
        self.say(f"first prompt of {task}: {prompt}{ending}")

    def end(self, how: str) -> None:
        """There is no more work.

        Args:
            how: ``done`` or ``stopped``.
        """
        self._expected, self._ended = 0, how == "done"
        self._now(how)

    def _now(self, doing: str) -> None:
        self._doing, self._standing = doing, Standing()
        self._draw(always=True)

    def _draw(self, *, always: bool = False) -> None:
        """Draw, or redraw what was drawn."""
        now = time.monotonic()
        if not always and now - self._drawn < REDRAWN_SECONDS and not self._standing.is_over:
            return
        self._drawn = now
        from IPython.display import display  # noqa: PLC0415 - there in a notebook; no dependency of the package

        if self._handle is None:
            self._handle = display(self.picture(), raw=True, display_id=True)
        else:
            self._handle.update(self.picture(), raw=True)

    def picture(self) -> dict[str, str]:
        """The bar as text and as HTML. Remarks may quote a checkpoint: control characters are shown escaped."""
        at = self._standing
        share = at.reached / at.total if at.total else float(self._ended)
        filled = round(share * BAR_WIDTH)
        tasks = f"{min(self._begun, self._expected)} of {self._expected} tasks · " if self._expected else ""
        count = f" · {at}" if at.requests else ""
        line = f"{tasks}{printable(self._doing, 200)}{count}"
        remarks = [printable(remark, 600) for remark in self._remarks]
        bar = f"{'█' * filled}{'░' * (BAR_WIDTH - filled)}"
        known = f' value="{share:.4f}"' if share or at.total else ""  # without one, a browser lets the bar swing
        html = f'<progress{known} max="1"></progress> {escape(line)}'
        return {
            "text/plain": "\n".join([f"{bar} {line}", *remarks]),
            "text/html": "<br>".join([html, *map(escape, remarks)]),
        }
