"""A probe or scorer that breaks costs its own task and no other, whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, SafetyConfig, TaskConfig
from audit.core.errors import DeviceLost, WriteError
from audit.safety import suite
from audit.safety.metrics import ProbeMetric
from audit.safety.probe import Population, Probe, Requests
from audit.safety.scorers import plugin as scorers
from audit.stats.definitions import Mean, of_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.core.records import Sample, TaskResult
    from audit.engine import Engine
    from audit.safety.probe import Answered

SECRET = "secret text of the model"  # noqa: S105 - no password


def requests(item: str, engine: Engine, _config: RunConfig) -> Requests:
    return Requests(prompt=item, score=(engine.encode_pair(item, " yes"),))


def judge(answered: Answered[str]) -> Sample:
    return answered.sample.model_copy(update={"score": 1.0})


SOUND = Probe(
    name="sound",
    description="d",
    datasets=(),
    load=lambda: Population((("one", "two"),)),
    identity=str,
    requests=requests,
    judge=judge,
    metrics=(ProbeMetric("share", Mean(), "share", None, primary=True),),
    formula="f",
    direction="d",
    dependence="d",
    limits=(),
    content_warning=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Mean):
    """A definition that no package has."""

    NAME = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs(Mean):
    """A definition of a package."""

    NAME = "theirs.mean"


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*_given: object) -> Any:
        raise error

    return raises


def changed(**update: object) -> Callable[[Answered[str]], Any]:
    return lambda answered: answered.sample.model_copy(update={"score": 1.0, **update})


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    for name in ("sound", "broken"):
        suite.leave(name)
    for table in (scorers.JOINED, scorers.OWNERS):
        table.clear()


@pytest.fixture
def run(scripted: Any) -> Callable[..., list[TaskResult]]:
    """A run of a changed probe of the plug-in ``theirs`` and, behind it, the sound one."""

    def go(**changes: Any) -> list[TaskResult]:
        suite.join(replace(SOUND, name="broken", **changes), "theirs")
        suite.join(SOUND, "theirs")
        config = RunConfig(safety=SafetyConfig(tasks=[TaskConfig(name="broken"), TaskConfig(name="sound")]))
        assert suite.definitions_of_plugins(config) <= {"unknown"}  # asked first, for the manifest
        return list(suite.run_probes(scripted(lambda _context, _target: -1.0), config))

    return go


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"judge": raising(KeyError(SECRET))}, "KeyError"),
        ({"judge": raising(AssertionError(SECRET))}, "AssertionError"),
        ({"judge": raising(SystemExit(0))}, "SystemExit"),
        ({"judge": raising(GeneratorExit())}, "GeneratorExit"),
        ({"more_metrics": raising(SystemExit(0))}, "SystemExit"),
        ({"judge": lambda _answered: None}, "AttributeError"),
        ({"judge": lambda _answered: 3}, "AttributeError"),
        ({"judge": changed(score="high")}, "TypeError"),
        ({"judge": changed(output=3)}, "ValidationError"),
        ({"judge": changed(slices={"topic": 3})}, "ValidationError"),
        ({"load": lambda: None}, "AttributeError"),
        ({"requests": raising(ValueError(SECRET))}, "ValueError"),
        ({"scorer": raising(RuntimeError(SECRET))}, "RuntimeError"),
        ({"more_metrics": lambda _context: 3}, "TypeError"),
    ],
)
def test_a_probe_that_breaks_is_not_run_and_the_next_one_is(run: Any, changes: dict[str, Any], kind: str) -> None:
    broken, sound = run(**changes)
    assert broken.not_run is not None
    assert broken.not_run.startswith("plug-in theirs: probe broken broke (")
    assert f"({kind})" in broken.not_run
    assert SECRET not in broken.not_run
    assert (broken.metrics, broken.samples) == ([], [])
    assert sound.not_run is None
    assert sound.metrics[0].value == 1.0


def test_the_author_of_a_probe_reads_what_is_wrong_with_its_metrics(run: Any) -> None:
    broken, sound = run(more_metrics=lambda _context: [ProbeMetric("more", Unknown(), "share", None)])
    assert broken.not_run == (
        "plug-in theirs: probe broken: metric more: no known function is called 'unknown': "
        "a definition from elsewhere is an entry point audit.definitions of an installed package"
    )
    assert (broken.metrics, broken.samples) == ([], [])
    assert sound.not_run is None


def test_a_definition_that_only_the_scorer_asks_for(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_packages, "find", {Theirs.NAME: Theirs}.get)
    more = [ProbeMetric("more", Theirs(), "share", None)]
    broken, _ = run(
        scorer=lambda _context: SimpleNamespace(record=None),
        more_metrics=lambda context: context.scorer.record or more,
    )
    assert broken.not_run == (
        "plug-in theirs: probe broken: more_metrics adds definition theirs.mean only while the probe runs: "
        "list it in metrics, or let it depend on the configuration alone"
    )


@pytest.mark.parametrize("parts", [(), ((),), (("one",), ())])
def test_data_without_items(run: Any, parts: tuple[tuple[str, ...], ...]) -> None:
    broken, sound = run(load=lambda: Population(parts))
    assert broken.not_run == "plug-in theirs: probe broken: its data set has no items"
    assert sound.not_run is None


def test_a_probe_of_the_audit_that_breaks(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(suite.PROBES, "sound", replace(SOUND, judge=raising(KeyError(SECRET))))
    config = RunConfig(safety=SafetyConfig(tasks=[TaskConfig(name="sound")]))
    [result] = suite.run_probes(scripted(lambda _context, _target: -1.0), config)
    assert result.not_run == "probe sound broke (KeyError): --verbose shows where"


@pytest.mark.parametrize("error", [WriteError("disk full"), KeyboardInterrupt()])
def test_what_concerns_the_run_ends_it(run: Any, error: Exception) -> None:
    with pytest.raises(type(error)):
        run(judge=raising(error))


def test_a_lost_device_is_said_as_before(run: Any) -> None:
    broken, _ = run(judge=raising(DeviceLost("cuda:0 answers no more")))
    assert broken.not_run == "cuda:0 answers no more"
