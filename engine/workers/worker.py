"""A worker: loads the checkpoint, then answers units of the calls that the driver sends.

Three threads: the main one computes, one reads messages, so that the driver never waits and its end is noticed, and one
sends signs of life.
"""

from __future__ import annotations

import os
import queue
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from audit.core.errors import AuditError, DeviceLost
from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.scoring_plan import Planning
from audit.engine.workers.messages import Channel, pack_answers, pack_error, unpack_requests
from audit.engine.workers.units import generate_batches, missing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.core.records import ModelRecord
    from audit.engine.workers.messages import Message

BEAT_SECONDS = 2.0


def _end() -> None:
    """End this process, whatever its other threads are doing."""
    os._exit(0)


class Computes(Protocol):
    """What a worker needs of an engine; :class:`audit.engine.local.engine.TransformersEngine` has it."""

    record: ModelRecord

    @property
    def device_type(self) -> str:
        """``cpu`` or ``cuda``."""

    @property
    def vocabulary(self) -> int:
        """Rows of the embedding."""

    @property
    def planning(self) -> Planning:
        """What its plans depend on."""

    @property
    def texts(self) -> int:
        """Texts that it generates together at most."""

    def plan_as(self, planning: Planning) -> None:
        """Plan as another process does."""

    def score_work(self, requests: Any, missing: Any, say: Any) -> Iterator[tuple[dict[int, Any], int]]:  # noqa: ANN401
        """Scores of some requests."""

    def generate_work(self, requests: Any, missing: Any, say: Any) -> Iterator[tuple[dict[int, Any], int]]:  # noqa: ANN401
        """Completions of some requests."""

    def check_sound(self) -> None:
        """Run two short texts."""


class Worker:
    """Answers what comes over a channel until it ends.

    Args:
        channel: To the driver.
        load: A checkpoint from a configuration.
        gone: Called where the channel ends while something is computed: nobody waits for it any more.
        beat: Seconds between two signs of life.
    """

    def __init__(
        self,
        channel: Channel,
        load: Callable[[dict[str, Any]], Computes],
        gone: Callable[[], object] = _end,
        beat: float = BEAT_SECONDS,
    ) -> None:
        self._channel = channel
        self._load = load
        self._gone = gone
        self._beat = beat
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._left: set[int] = set()
        """Units that are to be left out."""
        self._newest = 0
        """Number of the newest call that is not over."""
        self._number = 0
        self._kind = ""
        self._requests: list[Any] = []
        self._batches: list[tuple[tuple[int, ...], float]] = []
        self._engine: Computes | None = None

    def serve(self) -> None:
        """Work until the driver ends the channel.

        Raises:
            DeviceLost: The device no longer responds: only a new process can use it.
        """
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._live, daemon=True).start()
        try:
            while (message := self._inbox.get()) is not None:
                name, *rest = message
                try:
                    getattr(self, f"_on_{name}")(*rest)
                except DeviceLost:
                    raise
                except AuditError as error:
                    self._channel.send(["failed", *pack_error(error), rest[0] if name == "unit" else 0])
        except BrokenPipeError:  # the driver is gone
            return
        finally:
            self._over.set()

    def _read(self) -> None:
        """Put messages where the main thread finds them; what is to be left out must be known at once."""
        while (message := self._channel.receive()) is not None:
            if message[0] == "leave":
                self._left.add(message[1])
            elif message[0] == "over":
                self._newest = message[1]
            else:
                self._inbox.put(message)
        self._inbox.put(None)
        if not self._over.wait(self._beat):
            self._gone()

    def _live(self) -> None:
        """Send signs of life."""
        while not self._over.wait(self._beat):
            try:
                self._channel.send(["beat"])
            except OSError:
                return

    def _on_load(self, config: dict[str, Any]) -> None:
        """Load the checkpoint."""
        engine = self._engine = self._load(config)
        self._channel.send(
            [
                "ready",
                engine.record.model_dump(mode="json"),
                {
                    "planning": asdict(engine.planning),
                    "texts": engine.texts,
                    "device_type": engine.device_type,
                    "vocabulary": engine.vocabulary,
                },
            ]
        )

    def _on_plan(self, planning: dict[str, Any]) -> None:
        """Plan as the driver says."""
        self._loaded.plan_as(planning_of(planning))
        self._channel.send(["planned"])

    def _on_check(self) -> None:
        """Look whether the checkpoint is sound."""
        self._loaded.check_sound()
        self._channel.send(["sound"])

    def _on_call(self, number: int, kind: str, texts: int, requests: Sequence[Any]) -> None:
        """Take the requests of a call."""
        self._number, self._kind, self._requests = number, kind, unpack_requests(requests)
        self._batches = generate_batches(self._requests, texts) if kind == "generate" else []

    def _on_unit(self, call: int, number: int, indices: Sequence[int]) -> None:
        """Answer some of them."""
        if number in self._left:  # whoever took it over may have died: it may come again
            self._left.discard(number)
            self._channel.send(["done", call, number])
            return
        if call != self._number or self._newest >= call:
            return
        for part in self._parts(indices):
            for answers, tokens in self._work(part):
                self._channel.send(["answers", call, pack_answers(answers), tokens])
                if self._newest >= call:
                    return
        self._channel.send(["done", call, number])

    def _parts(self, indices: Sequence[int]) -> list[Collection[int]]:
        """Batches of texts, so that a text has the same company whoever computes it; scores follow the plan anyway."""
        if self._kind == "score":
            return [indices]
        return [batch for batch, _ in missing_of(self._batches, indices)]

    def _work(self, indices: Collection[int]) -> Iterator[tuple[dict[int, Any], int]]:
        """Answers as they arrive."""
        work = self._loaded.score_work if self._kind == "score" else self._loaded.generate_work
        return work(self._requests, indices, self._say)

    def _say(self, message: str) -> None:
        """Send a message for the user."""
        self._channel.send(["say", message])

    @property
    def _loaded(self) -> Computes:
        """The engine.

        Raises:
            AuditError: There is none yet.
        """
        if self._engine is None:
            msg = "no checkpoint is loaded"
            raise AuditError(msg)
        return self._engine


def planning_of(values: dict[str, Any]) -> Planning:
    """A planning from its JSON.

    Raises:
        TypeError: A field is missing or unknown.
    """
    return Planning(**{**values, "cost": Cost(**values["cost"]), "budget": Budget(**values["budget"])})
