"""Definitions of other packages: found by name, and where one is missing, the line says which package it takes."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from audit.core.errors import ConfigError
from audit.core.records import Metric, Sample
from audit.core.text import printable
from audit.stats import definitions
from audit.stats.definitions import Mean, is_mean_of_items, measured, of_packages
from audit.stats.definitions.base import Estimate
from audit.stats.interval import Interval
from audit.stats.recompute import recomputed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SAMPLES = [
    Sample(sample_id=str(index), suite="evals", task="sums", prompt="", score=score)
    for index, score in enumerate([0.0, 1.0, 5.0])
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubled(Mean):
    """Twice the mean."""

    NAME = "their-package.doubled"
    scale: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picky(Mean):
    """One that refuses some arguments when it is made."""

    NAME = "their-package.picky"
    scale: float = 2.0

    def __post_init__(self) -> None:
        if self.scale == 0:
            raise ValueError("scale: must\nnot be 0")
        if self.scale < -1:
            sys.exit(0)
        if self.scale < 0:
            raise KeyError(self.scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaking(Mean):
    """One whose code raises when it computes."""

    NAME = "their-package.breaking"

    raised: ClassVar[BaseException] = RuntimeError("text of a sample")

    def select(self, samples: Sequence[Sample], where: Mapping[str, str] | None) -> list[Sample]:
        raise self.raised


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBreaking(Breaking):
    """The same as one of this package."""

    NAME = "breaking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning(Mean):
    """One whose code returns anything."""

    NAME = "their-package.returning"

    returns: ClassVar[Any] = None

    def estimate(self, samples: Sequence[Sample], **_: Any) -> Estimate:
        return self.returns


class Package:
    """A distribution as the entry point of an installed package has it."""

    def __init__(self, name: str) -> None:
        self.name = name


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Make packages look installed: entry points by name, value and package."""

    def points(*given: tuple[str, str, str]) -> None:
        made = []
        for name, value, package in given:
            point = EntryPoint(name, value, of_packages.GROUP)
            vars(point)["dist"] = Package(package)
            made.append(point)
        found: Any = lambda *, group, name: [p for p in made if (p.group, p.name) == (group, name)]  # noqa: E731
        monkeypatch.setattr(of_packages, "entry_points", found)
        of_packages.find.cache_clear()

    points()
    yield points
    of_packages.find.cache_clear()


HERE = f"{__name__}:Doubled"


def test_a_number_is_derived_again_with_the_package_s_own_kind(install: Callable[..., None]) -> None:
    install(("their-package.doubled", HERE, "their-package"))
    metric = measured(Doubled(), SAMPLES, metric="doubled", unit="score", higher_is_better=True)
    assert metric.value == 4.0  # twice (0 + 1 + 5) / 3
    assert metric.definition is not None
    assert metric.definition["name"] == "their-package.doubled"
    assert recomputed(metric, SAMPLES) == metric
    assert is_mean_of_items(metric)


def test_another_package_with_the_same_name_hides_nothing(install: Callable[..., None]) -> None:
    name = "their-package.doubled"
    install((name, f"{__name__}:SAMPLES", "aaa"), (name, HERE, "their-package"), (name, f"{__name__}:Picky", "zzz"))
    assert definitions.read({"name": name}) == Doubled()


@pytest.mark.parametrize("package", ["Their_Package", "their.package", "THEIR-PACKAGE", "their__package"])
def test_every_spelling_of_a_package_is_the_same_package(package: str, install: Callable[..., None]) -> None:
    """As pip has it: PEP 503."""
    install(("their-package.doubled", HERE, package))
    assert definitions.read({"name": "their-package.doubled"}) == Doubled()


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "no installed package their-package has it: install the plug-in their-package that the run was made with"),
        ([("their-package.doubled", HERE, "another")], "no installed package their-package has it"),
        ([("their-package.doubled", f"{__name__}:SAMPLES", "their-package")], "is no subclass of Definition with this"),
        ([("their-package.doubled", "audit.stats.definitions:Mean", "their-package")], "is no subclass of Definition"),
        ([("their-package.doubled", "no_such_module:X", "their-package")], "cannot be imported (ModuleNotFoundError: "),
    ],
)
def test_what_cannot_be_found_is_one_line_and_no_number(
    points: list[tuple[str, str, str]], message: str, install: Callable[..., None]
) -> None:
    install(*points)
    with pytest.raises(ConfigError) as raised:
        definitions.read({"name": "their-package.doubled"})
    assert str(raised.value).startswith("metric definition 'their-package.doubled': ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    fields: dict[str, Any] = {"name": "sums/x", "suite": "evals", "task": "sums", "metric": "x", "value": 1.0, "n": 1}
    assert not is_mean_of_items(Metric(**fields, definition={"name": "their-package.doubled"}))


@pytest.mark.parametrize(
    ("scale", "reason"), [(0.0, "ValueError: scale: must not be 0"), (-1.0, "KeyError: -1.0"), (-2.0, "SystemExit: 0")]
)
def test_what_the_package_refuses_to_make_is_one_line(scale: float, reason: str, install: Callable[..., None]) -> None:
    install(("their-package.picky", f"{__name__}:Picky", "their-package"))
    assert definitions.read({"name": "their-package.picky", "scale": 1.0}) == Picky(scale=1.0)
    with pytest.raises(ConfigError) as raised:
        definitions.read({"name": "their-package.picky", "scale": scale})
    assert str(raised.value) == (
        f"metric definition 'their-package.picky': it cannot be made ({reason}):"
        " install the version of their-package that the run was made with"
    )
    assert raised.value.exit_code == 2
    with pytest.raises(TypeError, match="size"):  # as for this package's own kinds
        definitions.read({"name": "their-package.picky", "size": 1.0})


def test_a_definition_that_breaks_gives_no_number_and_no_traceback() -> None:
    metric = measured(Breaking(), SAMPLES, metric="m", unit="score", higher_is_better=True)
    assert (metric.value, metric.error) == (None, "it cannot be computed: their-package.breaking broke (RuntimeError)")
    with pytest.raises(RuntimeError):  # a fault of this package is not hidden
        measured(OwnBreaking(), SAMPLES, metric="m", unit="score", higher_is_better=True)


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit()])
def test_a_definition_ends_no_program(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Breaking, "raised", error)
    metric = measured(Breaking(), SAMPLES, metric="m", unit="score", higher_is_better=True)
    reason = f"it cannot be computed: their-package.breaking broke ({type(error).__name__})"
    assert (metric.value, metric.error) == (None, reason)
    monkeypatch.setattr(Breaking, "raised", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        measured(Breaking(), SAMPLES, metric="m", unit="score", higher_is_better=True)


ENDS = Interval(0.1, 0.9, "t", 0.95)


@pytest.mark.parametrize(
    "returned",
    [
        None,
        0.5,
        Estimate("half", 3),  # type: ignore[arg-type]
        Estimate(0.5, 3.5),  # type: ignore[arg-type]
        Estimate(0.5, -1),
        Estimate(0.5, 3, -1),
        Estimate(0.5, 3, interval=(0.1, 0.9)),  # type: ignore[arg-type]
        Estimate(0.5, 3, interval=replace(ENDS, method=None)),  # type: ignore[arg-type]
        Estimate(0.5, 3, interval=replace(ENDS, low=None)),  # type: ignore[arg-type]
        Estimate(0.5, 3, no_interval=7),  # type: ignore[arg-type]
        Estimate(None, 3, error=["it broke"]),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_estimate_gives_no_number(returned: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Returning, "returns", returned)
    metric = measured(Returning(), SAMPLES, metric="m", unit="score", higher_is_better=True)
    assert (metric.value, metric.n, metric.ci_low) == (None, 3, None)
    assert (metric.error or "").startswith("it cannot be computed: their-package.returning broke (")


def test_numbers_of_numpy_are_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Interval(np.float32(0.25), np.float64(0.75), "t", 0.95)
    monkeypatch.setattr(Returning, "returns", Estimate(np.float32(0.5), np.int64(3), np.int64(1), ends))  # type: ignore[arg-type]
    metric = measured(Returning(), SAMPLES, metric="m", unit="score", higher_is_better=True)
    assert (metric.value, metric.n, metric.missing, metric.ci_low, metric.ci_high) == (0.5, 3, 1, 0.25, 0.75)
    assert Metric.model_validate_json(metric.model_dump_json()) == metric


@pytest.mark.parametrize("name", ["median", "", None, 3, ["mean"]])
def test_a_name_without_a_package_is_nobody_s(name: object, install: Callable[..., None]) -> None:
    install(("median", HERE, "their-package"))
    with pytest.raises(TypeError, match="no known function is called"):
        definitions.read({"name": name})


class Foreign:
    """A class with the right name that is no definition."""

    NAME = "their-package.doubled"


def test_what_is_no_definition_or_of_no_package_is_refused(install: Callable[..., None]) -> None:
    install(("their-package.doubled", f"{__name__}:Foreign", "their-package"))
    with pytest.raises(ConfigError, match="is no subclass of Definition with this NAME: correct plug-in their-package"):
        of_packages.find("their-package.doubled")


def test_an_entry_point_of_no_package_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    points: Any = lambda **_: [EntryPoint("their-package.doubled", HERE, of_packages.GROUP)]  # noqa: E731
    monkeypatch.setattr(of_packages, "entry_points", points)
    of_packages.find.cache_clear()
    with pytest.raises(ConfigError, match="no installed package their-package has it"):
        of_packages.find("their-package.doubled")


def test_a_package_with_a_dot_and_long_names_and_reasons(install: Callable[..., None]) -> None:
    assert of_packages.is_of("their.package.doubled", "their-package")
    assert not of_packages.is_of("their.package.doubled", "their")
    package = "p" * 120
    with pytest.raises(ConfigError) as raised:
        of_packages.find(f"{package}.x")
    shown, short = printable(repr(f"{package}.x"), 100), printable(package, 60)
    assert str(raised.value) == (
        f"metric definition {shown}: no installed package {short} has it:"
        f" install the plug-in {short} that the run was made with"
    )
    assert len(short) <= 61


def test_a_long_reason_is_cut_and_the_package_is_all_before_the_last_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise ValueError("y" * 400)

    package = f"a.{'b' * 120}"
    monkeypatch.setattr(Doubled, "NAME", f"{package}.doubled")
    monkeypatch.setattr(Doubled, "read", refuse)
    with pytest.raises(ConfigError) as raised:
        of_packages.read(Doubled, {})
    shown, short = printable(repr(f"{package}.doubled"), 100), printable(package, 60)
    assert str(raised.value) == (
        f"metric definition {shown}: it cannot be made (ValueError: {printable('y' * 400, 300)}):"
        f" install the version of {short} that the run was made with"
    )
