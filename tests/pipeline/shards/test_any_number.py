"""However many workers there are, and in whatever order answers arrive: the metrics of one process, to the byte."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.progress import Silent
from audit.engine.configured import engine_of
from audit.pipeline.audit import audit
from tests.engine.workers.in_threads import Threads

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.config import RunConfig
    from audit.core.run_folder import RunFolder


class Shuffled(Threads):
    """What one worker sends keeps its order; whose turn it is, is drawn."""

    def __init__(self, load: Any, seed: int) -> None:
        super().__init__(load)
        self._random = random.Random(seed)  # noqa: S311 - an order
        self._held: dict[int, list[Any]] = {}
        self.mixed = 0

    def receive(self, seconds: float) -> list[Any]:
        for event in super().receive(0.0 if any(self._held.values()) else seconds):
            self._held.setdefault(event.worker, []).append(event)
        found: list[Any] = []
        while waiting := [worker for worker, events in self._held.items() if events]:
            if found and self._random.random() < 0.2:
                break  # the others come later
            found.append(self._held[self._random.choice(waiting)].pop(0))
        self.mixed += len({event.worker for event in found}) > 1
        return found


@pytest.mark.slow
def test_metrics_are_those_of_one_process(
    sharded_config: RunConfig, whole_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = whole_run.metrics_path.read_bytes()
    mixed = 0
    for workers in (1, 2, 4):
        made: list[Shuffled] = []

        def transport(_places: Any, made: list[Shuffled] = made, workers: int = workers) -> Shuffled:
            made.append(Shuffled(lambda *_: engine_of(sharded_config), workers))
            return made[-1]

        monkeypatch.setattr("audit.engine.workers.engine.Processes", transport)
        update = {"workers": workers, "device": "cpu", "out": tmp_path / str(workers)}
        run = audit(sharded_config.model_copy(update=update), Silent())
        assert run.metrics_path.read_bytes() == expected
        assert len(made[0].starts) == workers
        mixed += made[0].mixed
    assert mixed > 0
