"""Progress reporting, independent of who displays it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder


class Progress(Protocol):
    """Listener of an audit: bars in a terminal, a bar in a notebook, or :class:`Silent`."""

    def expect(self, tasks: int) -> None:
        """This many tasks will run."""

    def began(self, run: RunFolder) -> None:
        """The run has its folder: from now on it can be resumed."""

    def note(self, message: str) -> None:
        """A step between tasks, e.g. loading."""

    def task(self, suite: str, task: str) -> None:
        """A task of a suite begins."""

    def start(self, requests: int) -> None:
        """The engine took on this many requests for the current task."""

    def advance(self, requests: int, tokens: int) -> None:
        """This many requests were answered, at the cost of this many computed tokens."""

    def say(self, message: str) -> None:
        """Something a reader must know; it is kept in the manifest's warnings too."""

    def failed(self, what: str, error: BaseException) -> None:
        """Something that no result depends on went wrong: ``what`` the user lacks, and why."""

    def show_prompt(self, task: str, prompt: str, reference: str | None) -> None:
        """The first prompt of a task, exactly as the checkpoint saw it."""


class Silent:
    """A listener that does nothing."""

    def expect(self, tasks: int) -> None:
        """Ignore it."""

    def began(self, run: RunFolder) -> None:
        """Ignore it."""

    def note(self, message: str) -> None:
        """Ignore it."""

    def task(self, suite: str, task: str) -> None:
        """Ignore it."""

    def start(self, requests: int) -> None:
        """Ignore it."""

    def advance(self, requests: int, tokens: int) -> None:
        """Ignore it."""

    def say(self, message: str) -> None:
        """Ignore it."""

    def failed(self, what: str, error: BaseException) -> None:
        """Ignore it."""

    def show_prompt(self, task: str, prompt: str, reference: str | None) -> None:
        """Ignore it."""


class Remembering:
    """A listener that passes on what it hears and remembers what a reader must know.

    Args:
        listener: Hears everything.
        run: The run folder, of a run that goes on.

    Attributes:
        messages: What a reader must know, for the manifest.
        run: The run folder; None until there is one.
    """

    def __init__(self, listener: Progress, run: RunFolder | None = None) -> None:
        self.messages: list[str] = []
        self.run = run
        self._listener = listener
        self.expect = listener.expect
        self.note = listener.note
        self.task = listener.task
        self.start = listener.start
        self.advance = listener.advance
        self.failed = listener.failed
        self.show_prompt = listener.show_prompt

    def began(self, run: RunFolder) -> None:
        """The run has its folder: from now on it can be resumed."""
        self.run = run
        self._listener.began(run)

    def say(self, message: str) -> None:
        """Something a reader must know; it is kept for the manifest's warnings too."""
        self.messages.append(message)
        self._listener.say(message)
