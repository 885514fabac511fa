"""The pool of a driver with workers in threads: the answers of one engine, whoever dies, hangs or refuses."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from audit.core.errors import CheckpointBroken, CheckpointError, DeviceLost, EngineFault, SettingUnavailable
from audit.engine import GenerateRequest, ScoreRequest
from audit.engine.workers.pool import Pool
from audit.engine.workers.processes import WorkerEvent
from audit.engine.workers.scheduler import Limits
from tests.engine.workers.in_threads import PLANNING, RECORD, Died, Pretended, Threads

ASKED = [ScoreRequest((place % 7 + 1, place + 1), (3,)) for place in range(40)]
POISON = ASKED[17]


def sums(answers: dict[int, Any]) -> dict[int, float]:
    return {index: score.log_probs[0] for index, score in answers.items() if not score.error}


def pool_of(threads: Threads, count: int, **limits: float) -> Pool:
    pool = Pool(threads, count, {}, RECORD.digest, Limits(**limits))  # type: ignore[arg-type]
    pool.messages = []  # type: ignore[attr-defined]
    pool.say = pool.messages.append  # type: ignore[attr-defined]
    return pool


def answers_of(pool: Pool, kind: str = "score", asked: Any = ASKED, missing: Any = None) -> dict[int, Any]:
    """All answers of a call; each request is answered once."""
    found: dict[int, Any] = {}
    for answers, _ in pool.work(kind, asked, range(len(asked)) if missing is None else missing, pool.say):
        assert not found.keys() & answers.keys()
        found |= answers
    return found


EXPECTED = {index: float(sum(request.context_ids)) for index, request in enumerate(ASKED)}


def test_any_number_of_workers_gives_the_answers_of_one_engine() -> None:
    for count in (1, 3):
        engines: list[Pretended] = []

        def load(_worker: int, _number: int, engines: list[Pretended] = engines) -> Pretended:
            engines.append(Pretended())
            return engines[-1]

        threads = Threads(load)
        pool, heard = pool_of(threads, count), []
        pool.changed = heard.append
        loaded = pool.start()
        assert (loaded.record, loaded.planning, loaded.texts, loaded.vocabulary) == (RECORD, PLANNING, 4, 100)
        assert sums(answers_of(pool)) == EXPECTED
        assert sums(answers_of(pool, missing=[3, 5, 39])) == {index: EXPECTED[index] for index in (3, 5, 39)}
        prompts = [GenerateRequest(f"prompt {place}") for place in range(9)]
        texts = answers_of(pool, "generate", prompts)
        assert [texts[index].generations[0].text for index in range(9)] == [one.prompt for one in prompts]
        pool.check_sound()
        pool.check_sound()
        while pool.alive < count:
            pool._turn()
        assert heard == list(range(1, count + 1))
        assert {one.planned[0] for one in engines} == {PLANNING}
        assert pool.messages == ["scores are pretended"], "once, not for each unit"  # type: ignore[attr-defined]
        pool.close()


class Waiting(Threads):
    """Hands out answers when some have queued up."""

    def receive(self, seconds: float) -> list[Any]:
        found = super().receive(seconds)
        if any(one.message is not None and one.message[0] == "answers" for one in found):
            time.sleep(0.02)
            found += super().receive(0.0)
        return found


def test_answers_that_have_queued_up_are_stored_together_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[list[int]] = []
    for together, seconds in ((8192, 60.0), (6, 60.0), (8192, 0.0)):
        monkeypatch.setattr("audit.engine.workers.pool.TOGETHER", together)
        monkeypatch.setattr("audit.engine.workers.pool.TOGETHER_SECONDS", seconds)
        pool = pool_of(Waiting(lambda *_: Pretended()), 1)
        pool.start()
        found.append([len(answers) for answers, _ in pool.work("score", ASKED, range(40), pool.say)])
        pool.close()
    assert [sum(groups) for groups in found] == [40] * 3
    assert max(found[0]) > 6
    assert max(found[1]) == 6
    assert max(found[2]) == 1


@pytest.mark.slow
def test_whoever_spoke_while_answers_were_stored_is_not_silent() -> None:
    """Storing may wait for another process that holds the journal, longer than a worker may be silent."""
    threads = Threads(lambda *_: Pretended())
    pool = pool_of(threads, 2, silence=0.3)
    pool.start()
    while pool.alive < 2:
        pool._turn()
    pool._events.append(WorkerEvent(0, ["say", "left over"], ""))
    time.sleep(0.4)
    pool._turn()
    assert threads.killed == []
    assert sums(answers_of(pool)) == EXPECTED
    assert threads.killed == []
    pool.close()


def test_a_poisoned_request_costs_itself_alone() -> None:
    def act(request: Any) -> None:
        if request == POISON:
            msg = "killed by SIGSEGV"
            raise Died(msg)

    threads = Threads(lambda *_: Pretended(act=act))
    pool = pool_of(threads, 2)
    pool.start()
    found = answers_of(pool)
    assert found[17].error == "each worker that computed this request died (killed by SIGSEGV)"
    assert sums(found) == {index: value for index, value in EXPECTED.items() if index != 17}
    assert sum(threads.starts.values()) > 3
    assert any("was lost (killed by SIGSEGV): its work is done again" in one for one in pool.messages)  # type: ignore[attr-defined]
    pool.close()


def test_a_poisoned_prompt_is_a_completion_with_an_error() -> None:
    def act(request: Any) -> None:
        if request.prompt == "b":
            raise Died

    pool = pool_of(Threads(lambda *_: Pretended(act=act)), 1)
    pool.start()
    found = answers_of(pool, "generate", [GenerateRequest("a"), GenerateRequest("b")])
    assert [bool(found[index].error) for index in range(2)] == [False, True]
    pool.close()


def test_where_all_workers_die_the_call_ends_in_one_line() -> None:
    def act(_: Any) -> None:
        msg = "exit code 1"
        raise Died(msg)

    pool = pool_of(Threads(lambda *_: Pretended(act=act)), 2)
    pool.start()
    line = r"^no worker is left \(exit code 1\)$"
    for _ in range(2):
        with pytest.raises(DeviceLost, match=line):
            answers_of(pool)
    with pytest.raises(DeviceLost, match=line):
        pool.check_sound()
    pool.close()


def test_a_worker_that_hangs_is_replaced() -> None:
    stuck = threading.Event()

    def load(worker: int, number: int) -> Pretended:
        first = worker == 0 and number == 1
        return Pretended(act=lambda _: stuck.wait(10) if first else None)

    threads = Threads(load)
    pool = pool_of(threads, 2, silence=0.2, unmeasured=0.3, floor=0.3)
    pool.start()
    while pool.alive < 2:
        pool._turn()
    assert sums(answers_of(pool)) == EXPECTED
    assert set(threads.killed) == {0}
    stuck.set()
    pool.close()


def test_a_check_that_hangs_is_given_to_another_worker() -> None:
    stuck = threading.Event()
    threads = Threads(lambda _, number: Pretended(act=lambda _: stuck.wait(10) if number == 1 else None))
    pool = pool_of(threads, 1, unmeasured=0.1)
    pool.start()
    pool.check_sound()
    assert set(threads.killed) == {0}
    stuck.set()
    pool.close()


def test_what_a_worker_raises_is_raised_here_and_the_next_call_is_answered() -> None:
    def act(request: Any) -> None:
        if request == "check":
            msg = "computes NaN"
            raise CheckpointBroken(msg)
        if request == POISON:
            msg = "the model failed on a request"
            raise EngineFault(msg)

    pool = pool_of(Threads(lambda *_: Pretended(act=act)), 2)
    pool.start()
    with pytest.raises(EngineFault, match="the model failed"):
        answers_of(pool)
    others = [one for one in ASKED if one != POISON]
    assert len(sums(answers_of(pool, asked=others))) == 39
    with pytest.raises(CheckpointBroken, match="computes NaN"):
        pool.check_sound()
    pool.close()


def test_a_call_that_is_broken_off_leaves_the_workers_free() -> None:
    pool = pool_of(Threads(lambda *_: Pretended(act=lambda _: time.sleep(0.001))), 1)
    pool.start()
    answers = pool.work("score", ASKED, range(40), pool.say)
    next(answers)
    del answers
    assert sums(answers_of(pool)) == EXPECTED
    pool.close()


def test_what_cannot_be_loaded_is_the_error_of_the_first_worker() -> None:
    def load(*_: int) -> Pretended:
        msg = "folder: no config.json"
        raise CheckpointError(msg)

    with pytest.raises(CheckpointError, match=r"folder: no config\.json"):
        pool_of(Threads(load), 2).start()
    with pytest.raises(SettingUnavailable):
        pool_of(Threads(lambda *_: _raise(SettingUnavailable("top_z"))), 1).start()


def _raise(error: Exception) -> Any:
    raise error


def test_another_checkpoint_is_refused() -> None:
    other = RECORD.model_copy(update={"digest": "e" * 64})
    with pytest.raises(CheckpointError, match=r"loaded another checkpoint .digest eeeeeeeeeeee, expected dddddddddddd"):
        pool_of(Threads(lambda *_: Pretended(other)), 1).start()
    first = threading.Event()

    def load(worker: int, _number: int) -> Pretended:
        if worker == 0:
            return Pretended()
        first.wait(5)
        return Pretended(RECORD.model_copy(update={"dtype": "bfloat16"}) if worker == 1 else other)

    threads = Threads(load)
    pool = pool_of(threads, 4)
    pool.start()
    first.set()
    while len(threads.killed) < 3:
        pool._turn()
    assert sums(answers_of(pool)) == EXPECTED
    assert threads.starts == {0: 1, 1: 1, 2: 1, 3: 1}, "none is started again"
    assert any("worker 1 loaded another checkpoint (dtype bfloat16)" in one for one in pool.messages)  # type: ignore[attr-defined]
    pool.close()


def test_without_a_start_there_is_nobody_to_ask() -> None:
    with pytest.raises(DeviceLost):
        answers_of(pool_of(Threads(lambda *_: Pretended()), 1))
