"""How long work tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Listener of an audit. The command line draws bars; tests and scripts stay silent."""

    def task(self, suite: str, task: str) -> None:
        """A task of a suite begins."""

    def start(self, requests: int) -> None:
        """The engine took on this many requests for the current task."""

    def advance(self, requests: int, tokens: int) -> None:
        """This many requests were answered, at the cost of this many computed tokens."""

    def say(self, message: str) -> None:
        """Something a reader must know; it is kept in the manifest's warnings too."""


class Silent:
    """A listener that does nothing."""

    def task(self, suite: str, task: str) -> None:
        """Ignore it."""

    def start(self, requests: int) -> None:
        """Ignore it."""

    def advance(self, requests: int, tokens: int) -> None:
        """Ignore it."""

    def say(self, message: str) -> None:
        """Ignore it."""
