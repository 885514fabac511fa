"""Real worker processes on a tiny checkpoint: the answers of one process, whoever is killed or stopped."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError, DeviceLost, WhiteBoxUnavailable
from audit.core.progress import Silent
from audit.engine import GenerateRequest, ScoreRequest
from audit.engine.workers.engine import WorkersEngine, start_workers
from audit.engine.workers.pool import LoadedByWorkers, Pool
from audit.engine.workers.scheduler import Limits
from tests.engine.workers.forked import fork_workers
from tests.engine.workers.in_threads import PLANNING, RECORD, Pretended, Threads

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

ASKED = [
    ScoreRequest((*range(5, 5 + place % 40), place + 1), (7, 8 + place % 3), place % 2 == 0) for place in range(90)
]
TEXTS = [GenerateRequest(f"{place} apples", max_new_tokens=6, temperature=place % 2, seed=place) for place in range(20)]


class Heard(Silent):
    def __init__(self) -> None:
        self.alive: list[tuple[int, int]] = []
        self.messages: list[str] = []

    def workers(self, alive: int, of: int) -> None:
        self.alive.append((alive, of))

    def say(self, message: str) -> None:
        self.messages.append(message)


def pids(engine: Any) -> list[int]:
    return [process._popen.pid for process in engine._pool._transport._running.values()]


def gone(processes: list[int]) -> bool:
    """Whether none of them is left within ten seconds."""
    for _ in range(1000):
        if not any(os.path.exists(f"/proc/{pid}") for pid in processes):  # noqa: PTH110 - no file
            return True
        time.sleep(0.01)
    return False


@pytest.mark.slow
def test_two_processes_answer_as_one_does_whoever_is_killed_or_stopped(
    tiny: TransformersEngine, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_workers(monkeypatch)
    config = RunConfig(model=str(tiny_model), device="cpu", workers=2, threads=2)
    heard = Heard()
    engine = start_workers(config, heard, Limits(silence=4.0))
    started = pids(engine)
    try:
        engine.check_sound()
        assert engine.record == tiny.record
        expected = tiny.score(ASKED)
        assert engine.score(ASKED) == expected, "to the last bit"
        assert engine.generate(TEXTS) == tiny.generate(TEXTS)
        while engine._pool.alive < 2:
            engine._pool._turn()
        killed, stopped = pids(engine)
        os.kill(stopped, signal.SIGSTOP)
        threading.Timer(0.01, os.kill, (killed, signal.SIGKILL)).start()
        assert engine.score(ASKED) == expected
        assert any("killed by SIGKILL" in one for one in heard.messages) or gone([killed])
        started += pids(engine)
        assert engine.model.num_parameters() == tiny.model.num_parameters()  # type: ignore[operator]
        assert gone(started), "before the checkpoint is loaded here"
        assert heard.alive[-1] == (0, 0)
        assert engine.score(ASKED[:3]) == tiny.score(ASKED[:3])
        assert engine.generate(TEXTS[:1]) == tiny.generate(TEXTS[:1])
        assert engine.embed(["apples"]).shape == tiny.embed(["apples"]).shape
        engine.check_sound()
    finally:
        engine.close()


def test_what_is_asked_while_workers_compute_goes_to_the_pool(tiny: TransformersEngine) -> None:
    pool = Pool(Threads(lambda *_: Pretended(tiny.record)), 2, {}, tiny.record.digest)
    loaded = pool.start()
    assert isinstance(loaded, LoadedByWorkers)
    engine = WorkersEngine(pool, tiny.tokenizer, loaded, lambda: tiny)
    engine.progress = heard = Heard()
    assert [score.total for score in engine.score([ScoreRequest((4, 5), (1,))] * 2)] == [9.0, 9.0]
    assert engine.generate([GenerateRequest("a")])[0].generations[0].text == "a"
    engine.check_sound()
    assert heard.alive[0][1] == 2
    assert loaded.planning == PLANNING
    assert engine.model is tiny.model
    assert engine.score([ScoreRequest((4, 5), (1,))]) == tiny.score([ScoreRequest((4, 5), (1,))])
    assert engine.generate([GenerateRequest("a", max_new_tokens=1)])[0].error is None
    assert engine.embed(["a"]).shape[0] == 1
    engine.check_sound()
    engine.close()


def test_weights_that_are_others_here_are_not_looked_at(tiny: TransformersEngine) -> None:
    pool = Pool(Threads(lambda *_: Pretended()), 1, {}, RECORD.digest)
    engine = WorkersEngine(pool, tiny.tokenizer, pool.start(), lambda: tiny)
    with pytest.raises(WhiteBoxUnavailable, match="another in this process than in the workers: digest"):
        _ = engine.model
    with pytest.raises(DeviceLost):
        engine.score([ScoreRequest((4, 5), (1,))])


def test_weights_that_compute_another_way_here_do_not_go_on_with_the_run(tiny: TransformersEngine) -> None:
    flexible = tiny.record.model_copy(update={"ways": ["flex attention"]})
    pool = Pool(Threads(lambda *_: Pretended(flexible)), 1, {}, tiny.record.digest)
    engine = WorkersEngine(pool, tiny.tokenizer, pool.start(), lambda: tiny)
    with pytest.raises(WhiteBoxUnavailable, match="none, the run's: flex attention"):
        _ = engine.model


def test_a_server_computes_by_itself() -> None:
    with pytest.raises(ConfigError, match="computes on its server: leave out --workers"):
        start_workers(RunConfig(model="openai:http://127.0.0.1:1/v1#m", workers=2), Silent())
    with pytest.raises(ConfigError, match="vllm spreads its work itself: leave out --workers"):
        start_workers(RunConfig(model="vllm:owner/name", workers=2), Silent())
