"""Ctrl-C, and the signals by which schedulers and closed terminals end a process, are one thing: an interruption.

Slurm, Kubernetes, Docker and cancelled CI jobs send SIGTERM, a terminal that goes away sends SIGHUP. Python by itself
dies of both on the spot; here they raise :class:`KeyboardInterrupt` as Ctrl-C does, and are handled with it.

Python acts on a signal between two of its own instructions. Where a library keeps the main thread longer than
``PATIENCE_SECONDS`` (a checkpoint that is read, a kernel), a second thread ends the process.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from audit.core.errors import ExitCode, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from audit.core.run_folder import RunFolder

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_SECONDS = 5.0
"""A cancelled job of GitHub Actions gets ten seconds until it is killed, a container 10 to 30."""

_interrupted = threading.Event()
_watchers: list[threading.Thread] = []
_last_words: list[Callable[[Interrupted], int]] = []
_folders: list[RunFolder] = []


def install(*, even_ignored: bool = False) -> None:
    """Make the next of the signals an interruption, and the one after it the end of the process at once.

    Args:
        even_ignored: Also signals that the parent had ignored: a shell does so with SIGINT behind ``&``, ``nohup``
            with SIGHUP.
    """
    for number in SIGNALS:
        if even_ignored or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    if not _watchers:
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end)  # written to as the signal arrives, whatever the main thread does
        _watchers.append(threading.Thread(target=_watch, args=(read_end,), daemon=True))
        _watchers[0].start()


def when_stuck(act: Callable[[Interrupted], int]) -> None:
    """What the second thread does before it ends the process; replaces what was said before.

    Args:
        act: Gets the interruption that the main thread did not raise; returns the exit code.
    """
    _last_words[:] = [act]


def began(run: RunFolder) -> None:
    """From now on an interruption is one of this run."""
    _folders[:] = [run]


def check() -> None:
    """Interrupt again where something has swallowed the interruption.

    Raises:
        KeyboardInterrupt: The process was interrupted and is still at work.
    """
    if _interrupted.is_set():
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """What the first signal does."""
    for number in SIGNALS:
        if signal.getsignal(number) == _interrupt:
            signal.signal(number, signal.SIG_DFL)
    _interrupted.set()
    raise KeyboardInterrupt


def _watch(read_end: int) -> None:
    """Wait for a signal, then for the main thread to act on it."""
    while os.read(read_end, 1)[0] not in SIGNALS:
        pass
    if not _interrupted.wait(PATIENCE_SECONDS):
        stopped = Interrupted(_folders[0].path if _folders else None)
        os._exit(_last_words[0](stopped) if _last_words else ExitCode.INTERRUPTED)
