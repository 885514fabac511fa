"""How a worker's process begins: its streams, its end with the driver, its threads, then :class:`Worker`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from audit.engine.workers.worker import Computes

PR_SET_PDEATHSIG = 1
PARENT_VARIABLE = "AUDIT_WORKER_PARENT"
"""Process id of the driver."""


def main() -> None:
    """Work for the driver that started this process."""
    die_with(int(os.environ.get(PARENT_VARIABLE, "0")))
    source, sink = private_streams()
    from audit.engine.workers.messages import Channel  # noqa: PLC0415 - the streams first: imports may print
    from audit.engine.workers.worker import Worker  # noqa: PLC0415 - see above

    Worker(Channel(source, sink), load).run()
    sys.stderr.flush()
    os._exit(0)  # CUDA's and Python's ends may take seconds, and nothing is left to be written


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, whatever it is doing then.

    The end of the channel says the same, but a kernel that never returns keeps a thread from noticing. Only Linux can.

    Args:
        parent: Process id of the driver; 0 where it is not known, or another thread than its main one started this.
    """
    if not parent:
        return
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (AttributeError, OSError, TypeError):
        return
    if os.getppid() != parent:  # it ended before
        os._exit(0)


def private_streams() -> tuple[BinaryIO, BinaryIO]:
    """The streams to and from the driver, which nothing else reads or prints to from now on."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return source, sink


def load(values: dict[str, Any]) -> Computes:
    """The checkpoint of a configuration, with the threads that it gives.

    Raises:
        UsageError: It cannot be loaded.
    """
    import torch  # noqa: PLC0415 - takes seconds: signs of life come first

    from audit.core import assets  # noqa: PLC0415 - see above
    from audit.core.config import RunConfig, validate  # noqa: PLC0415 - see above
    from audit.core.errors import CheckpointError  # noqa: PLC0415 - see above
    from audit.engine.configured import engine_of  # noqa: PLC0415 - see above
    from audit.engine.local.engine import TransformersEngine  # noqa: PLC0415 - see above

    config = validate(RunConfig, values, "a worker's configuration")
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    torch.set_num_threads(config.threads or 1)
    engine = engine_of(config)
    if not isinstance(engine, TransformersEngine):
        msg = f"{config.model}: workers need a local checkpoint"
        raise CheckpointError(msg)
    return engine
