"""Workers that are forks of the test process: real processes, without the seconds that importing torch takes."""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest


class Forked(subprocess.Popen[bytes]):
    """A worker that runs what ``python -c CODE`` or ``python -m PACKAGE`` would run, in a fork of this process."""

    def __init__(self, command: Sequence[str], *, pass_fds: Sequence[int] = (), **given: Any) -> None:
        def go_on() -> None:  # in the child; its standard streams and its session are those of a new process
            code = 1
            gc.freeze()  # what this process has stays shared: the child's collector need not look at it
            try:
                _close_all_but(pass_fds)
                os.environ.clear()
                os.environ.update(given["env"])
                sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115 - descriptors
                _execute(*command[1:])
                code = 0
            except BaseException:  # noqa: BLE001 - as the interpreter does
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)

        if pass_fds:
            given["preexec_fn"] = go_on
        super().__init__(command, pass_fds=pass_fds, **given)


def _close_all_but(kept: Sequence[int]) -> None:
    """What else this process has open is not the child's: a pipe of another child would never end."""
    bounds = [2, *sorted(kept), os.sysconf("SC_OPEN_MAX")]
    for low, high in itertools.pairwise(bounds):
        os.closerange(low + 1, high)


def _execute(option: str, code: str, *words: str) -> None:
    sys.argv = [option, *words]
    if option == "-m":
        code = f"from {code}.__main__ import main; main()"
    exec(code, {"__name__": "__main__"})  # noqa: S102 - the test's own


def fork_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have workers forked, as long as the test lasts."""
    monkeypatch.setattr("audit.engine.workers.processes.subprocess.Popen", Forked)
