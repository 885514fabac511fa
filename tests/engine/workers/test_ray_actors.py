"""Workers as actors, on a pretended Ray; ``benchmarks/scale/ray_nodes.py`` runs the same on a real cluster."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError
from audit.engine.requests import ScoreRequest
from audit.engine.workers.messages import pack
from audit.engine.workers.pool import Pool
from audit.engine.workers.ray_actors import Host, RayActors
from tests.engine.workers.in_threads import RECORD, Died, Pretended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class RayError(Exception):
    """Any error of Ray's."""


class Ref:
    """What a call of an actor will return."""

    def __init__(self, value: Callable[[], Any]) -> None:
        self.value = value


class PretendedRay(types.ModuleType):
    """The functions of Ray that are used, with its parameters; actors live in this process.

    Attributes:
        acts: What the engine of each actor does before it answers, in the order of their start.
        put_bytes: Bytes put into the store.
    """

    def __init__(self, acts: list[Callable[[Any], object]]) -> None:
        super().__init__("ray")
        self.acts = acts
        self.put_bytes = 0
        self.dead: set[int] = set()
        self.hosts: list[Host] = []
        self.options: dict[str, Any] = {}
        self.exceptions = types.SimpleNamespace(RayError=RayError)
        self.is_down = False

    def init(
        self, address: str | None = None, *, include_dashboard: bool = True, log_to_driver: bool, logging_level: str
    ) -> None:
        del include_dashboard, log_to_driver, logging_level
        if address == "nowhere:1":
            msg = "Failed to connect to Ray cluster at nowhere:1\nmore"
            raise ConnectionError(msg)

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0, "GPU": 1.0}

    def remote(self, *, concurrency_groups: dict[str, int]) -> Callable[[type], Any]:
        assert concurrency_groups == {"in": 1, "out": 1}, "messages stay in order"
        return lambda _: types.SimpleNamespace(options=self._options)

    def _options(
        self, *, num_cpus: int, num_gpus: int, max_restarts: int, max_task_retries: int, runtime_env: dict[str, Any]
    ) -> Any:
        self.options = {"num_cpus": num_cpus, "num_gpus": num_gpus, **runtime_env}
        assert max_restarts == max_task_retries == 0
        return types.SimpleNamespace(remote=self._start)

    def _start(self) -> Any:
        number = len(self.hosts)
        act = self.acts[number] if number < len(self.acts) else lambda _: None
        host = Host(lambda _: Pretended(RECORD, act), end=lambda _: self.dead.add(number))
        self.hosts.append(host)

        def deliver(message: Any) -> Ref:
            host.deliver(message.value() if isinstance(message, Ref) else message)
            return Ref(lambda: None)

        def collect(_: float) -> Ref:
            return Ref(lambda: self._collected(number))

        def options(call: Callable[[Any], Ref]) -> Any:
            return types.SimpleNamespace(options=lambda *, concurrency_group: types.SimpleNamespace(remote=call))

        return types.SimpleNamespace(deliver=options(deliver), collect=options(collect), number=number)

    def _collected(self, number: int) -> Any:
        messages = self.hosts[number].collect(0.01)
        if not messages and number in self.dead:
            msg = "The actor died\nbecause of this and that"
            raise RayError(msg)
        return messages

    def put(self, value: bytes) -> Ref:
        self.put_bytes += len(value)
        return Ref(lambda: value)

    def wait(self, refs: list[Ref], *, num_returns: int, timeout: float) -> tuple[list[Ref], list[Ref]]:
        del num_returns, timeout
        return refs, []

    def get(self, ref: Ref) -> Any:
        return ref.value()

    def kill(self, actor: Any, *, no_restart: bool) -> None:
        assert no_restart
        self.dead.add(actor.number)

    def shutdown(self) -> None:
        self.is_down = True


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendedRay]:
    pretended = PretendedRay([])
    monkeypatch.setitem(sys.modules, "ray", pretended)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    yield pretended
    for host in pretended.hosts:
        host.close()


def config(**values: Any) -> RunConfig:
    return RunConfig(model="m", workers=2, ray="local", threads=4, **values)


def test_actors_answer_and_a_dead_one_costs_nothing(ray: PretendedRay) -> None:
    def dies(asked: Any) -> None:
        if asked != "check":
            raise Died

    ray.acts = [dies]
    actors = RayActors(config())
    assert ray.options == {
        "num_cpus": 2,
        "num_gpus": 1,
        "env_vars": {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"},
    }
    pool = Pool(actors, 2, {}, RECORD.digest)
    said: list[str] = []
    pool.say = said.append
    pool.start()
    requests = [ScoreRequest((1, number), (2,)) for number in range(40)]
    found: dict[int, Any] = {}
    for answers, _ in pool.work("score", requests, range(40), said.append):
        found |= answers
    assert {index: score.log_probs for index, score in found.items()} == {n: (1.0 + n,) for n in range(40)}
    pool.close()
    assert ray.is_down
    assert len(ray.dead) == len(ray.hosts), "none is left"


def test_a_long_message_is_put_into_the_store_once(ray: PretendedRay) -> None:
    actors = RayActors(config())
    for worker in range(2):
        actors.start(worker)
    long = pack(["over", 0, "x" * 200_000])
    for worker in range(2):
        actors.send(worker, long)
        actors.send(worker, pack(["over", 0]))
    actors.send(7, long)
    assert ray.put_bytes == len(long)
    actors.close()


def test_the_end_of_an_actor_is_an_event_with_its_reason(ray: PretendedRay) -> None:
    actors = RayActors(config())
    assert actors.receive(0.0) == []
    actors.start(0)
    ray.dead.add(0)
    (event,) = actors.receive(0.0)
    assert event == (0, None, "RayError: The actor died")
    actors.kill(0)
    assert actors.receive(0.0) == []


@pytest.mark.usefixtures("ray")
def test_without_a_cluster_there_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"--ray nowhere:1: no Ray cluster: ConnectionError: Failed to connect"):
        RayActors(RunConfig(model="m", workers=2, ray="nowhere:1"))


def test_without_ray_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"--ray local: Ray is not installed: pip install"):
        RayActors(config())
