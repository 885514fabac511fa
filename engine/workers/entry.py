"""How a worker's process begins: its streams, its end with the driver, its threads, then :class:`Worker`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any, BinaryIO

import torch

from audit.core import assets
from audit.core.config import RunConfig, validate
from audit.core.errors import CheckpointError
from audit.engine.configured import engine_of
from audit.engine.local.engine import TransformersEngine
from audit.engine.workers.messages import Channel
from audit.engine.workers.processes import PARENT_VARIABLE, STREAMS_VARIABLE
from audit.engine.workers.worker import Worker

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Work for the driver that started this process."""
    die_with(int(os.environ.get(PARENT_VARIABLE, "0")))
    source, sink = streams()
    Worker(Channel(source, sink), load).serve()
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


def streams() -> tuple[BinaryIO, BinaryIO]:
    """The streams from and to the driver. Standard output is not one of them: libraries print to it."""
    descriptors = [int(number) for number in os.environ[STREAMS_VARIABLE].split(",")]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # or a process that this one starts would keep them open
    source, sink = descriptors
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


def load(values: dict[str, Any]) -> TransformersEngine:
    """The checkpoint of a configuration, with the threads that it gives.

    Raises:
        UsageError: It cannot be loaded.
    """
    config = validate(RunConfig, values, "a worker's configuration")
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    torch.set_num_threads(config.threads or 1)
    engine = engine_of(config)
    if not isinstance(engine, TransformersEngine):
        msg = f"{config.model}: workers need a local checkpoint"
        raise CheckpointError(msg)
    return engine
