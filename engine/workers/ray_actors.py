"""Workers as actors of a Ray cluster: one actor for each, with GPUs or cores of its own on whichever node has them.

An actor holds its resources as long as it lives, all on one node: what a placement group of one bundle would do. Ray
restarts nothing and retries nothing here; the scheduler does.
"""

from __future__ import annotations

import contextlib
import io
import os
import queue
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError
from audit.core.text import first_line
from audit.engine.workers.messages import Channel, Message
from audit.engine.workers.placement import LOCAL, threads_each
from audit.engine.workers.processes import WorkerEvent
from audit.engine.workers.worker import Computes, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.config import RunConfig

COLLECT_SECONDS = 5.0
"""Time for which an actor waits for something to say."""
SHARED_BYTES = 100_000
"""Size from which a message that goes to several workers is put into Ray's object store once."""


class Stream(io.RawIOBase):
    """What is written comes out of it, in this process."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._rest = b""

    def write(self, data: Any) -> int:  # noqa: ANN401 - any bytes
        """Add bytes; none end it."""
        self._parts.put(bytes(data))
        return len(data)

    def read(self, count: int = -1) -> bytes:
        """This many bytes; fewer at the end."""
        parts, length = [self._rest], len(self._rest)
        while length < count and (part := self._parts.get()):
            parts.append(part)
            length += len(part)
        whole = b"".join(parts)
        self._rest = whole[count:]
        return whole[:count]


class Host:
    """A worker within an actor: takes messages for it and gives those that it sends.

    Args:
        load: A checkpoint from a configuration; None is what every worker process uses.
        end: Called when the worker has failed: only a new process can go on.
    """

    def __init__(
        self,
        load: Callable[[dict[str, Any]], Computes] | None = None,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        load = load or _load
        down, up = Stream(), Stream()
        self._down, self._channel = down, Channel(up, down)
        self._sent: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._end = end
        worker = Worker(Channel(down, up), load, gone=lambda: None)
        for work in (lambda: self._run(worker, up), self._listen):
            threading.Thread(target=work, daemon=True).start()

    def deliver(self, message: bytes) -> None:
        """Give the worker a packed message."""
        self._channel.send(message)

    def collect(self, seconds: float) -> list[Message]:
        """What the worker has sent since the last call; waits this long for a first message."""
        found: list[Message] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._sent.get(timeout=seconds))
            while True:
                found.append(self._sent.get_nowait())
        return found

    def close(self) -> None:
        """End the worker."""
        self._down.write(b"")

    def _run(self, worker: Worker, up: Stream) -> None:
        """Compute until the end, which is never a good one: an actor is killed."""
        try:
            worker.serve()
        except BaseException:  # noqa: BLE001 - whatever it is, this process is of no use any more
            traceback.print_exc()
            sys.stderr.flush()
        up.write(b"")
        self._end(1)

    def _listen(self) -> None:
        """Keep what the worker sends."""
        while (message := self._channel.receive()) is not None:
            self._sent.put(message)


class RayActors:
    """Workers of a Ray cluster.

    Args:
        config: With ``ray``, ``workers`` and ``gpus_per_worker``.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster at the address.
    """

    def __init__(self, config: RunConfig) -> None:
        self._ray = _connected(config)
        threads = threads_each(config)
        variables = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        gpus = config.gpus_per_worker or (1 if _has_gpus(self._ray, config) else 0)
        remote = self._ray.remote(concurrency_groups={"in": 1, "out": 1})(Host)
        self._host = remote.options(
            num_cpus=threads, num_gpus=gpus, max_restarts=0, max_task_retries=0, runtime_env={"env_vars": variables}
        )
        self._actors: dict[int, Any] = {}
        self._asked: dict[Any, int] = {}
        """Worker by the answer that is waited for."""
        self._shared: tuple[bytes, Any] | None = None
        """The last long message, and where the cluster has it."""

    def start(self, worker: int) -> None:
        """Start a worker, on any node that has the resources; it is waited for where none has."""
        self._actors[worker] = self._host.remote()
        self._ask(worker)

    def send(self, worker: int, message: bytes) -> None:
        """Have a packed message sent; in order, since an actor has one thread for what comes in."""
        actor = self._actors.get(worker)
        if actor is not None:
            what = self._in_store(message) if len(message) >= SHARED_BYTES else message
            actor.deliver.options(concurrency_group="in").remote(what)

    def kill(self, worker: int) -> None:
        """End a worker; no event of it comes any more."""
        actor = self._actors.pop(worker, None)
        self._asked = {ref: name for ref, name in self._asked.items() if name != worker}
        if actor is not None:
            self._ray.kill(actor, no_restart=True)

    def receive(self, seconds: float) -> list[WorkerEvent]:
        """Events since the last call; waits this long for a first one."""
        ready, _ = self._ray.wait([*self._asked], num_returns=1, timeout=seconds) if self._asked else ([], None)
        if ready:
            ready, _ = self._ray.wait([*self._asked], num_returns=len(self._asked), timeout=0)
        events: list[WorkerEvent] = []
        for ref in ready:
            worker = self._asked.pop(ref)
            try:
                messages = self._ray.get(ref)
            except self._ray.exceptions.RayError as error:
                self.kill(worker)
                events.append(WorkerEvent(worker, None, first_line(error)))
                continue
            self._ask(worker)
            events += [WorkerEvent(worker, message) for message in messages]
        return events

    def close(self) -> None:
        """End all workers, and leave the cluster."""
        for worker in [*self._actors]:
            self.kill(worker)
        self._shared = None
        self._ray.shutdown()

    def _ask(self, worker: int) -> None:
        """Wait for what a worker has to say."""
        ref = self._actors[worker].collect.options(concurrency_group="out").remote(COLLECT_SECONDS)
        self._asked[ref] = worker

    def _in_store(self, message: bytes) -> Any:  # noqa: ANN401 - a reference of Ray's
        """A reference to a message that is put into the cluster's memory once."""
        if self._shared is None or self._shared[0] is not message:
            self._shared = (message, self._ray.put(message))
        return self._shared[1]


def _load(config: dict[str, Any]) -> Computes:
    """The checkpoint, as every worker process loads it."""
    from audit.engine.workers.entry import load  # noqa: PLC0415 - of the actor: it looks for the driver's streams

    return load(config)


def _connected(config: RunConfig) -> Any:  # noqa: ANN401 - a module without types
    """Ray, connected to the cluster.

    Raises:
        ConfigError: It is not installed, or there is no cluster at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
    try:
        import ray  # noqa: PLC0415 - an option that few take
    except ImportError as error:
        msg = f"--ray {config.ray}: Ray is not installed: pip install 'checkpoint-audit[ray]'"
        raise ConfigError(msg) from error
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    where = {"include_dashboard": False} if config.ray == LOCAL else {"address": config.ray}
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**where, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        msg = f"--ray {config.ray}: no Ray cluster: {first_line(error)}"
        raise ConfigError(msg) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray's own would end the run without a word
    return ray


def _has_gpus(ray: Any, config: RunConfig) -> bool:  # noqa: ANN401 - a module without types
    """Whether workers compute on GPUs."""
    return config.device != "cpu" and ray.cluster_resources().get("GPU", 0) > 0
