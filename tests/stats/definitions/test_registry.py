"""Kinds of definitions by name, and what is known of a metric by its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003 - read at run time, as a hint of a field
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from audit.core.errors import ConfigError
from audit.core.records import Metric
from audit.stats.definitions import (
    Count,
    CountOfCompletions,
    Definition,
    LeftOut,
    Mean,
    Members,
    WorstCase,
    counts_pairs,
)
from audit.stats.definitions.registry import KINDS, check, counts_completions, is_count, is_mean_of_items, read


def test_every_kind_of_this_package_is_listed_by_its_import() -> None:
    def below(kind: type[Definition]) -> set[str]:
        name = kind.__dict__.get("NAME")
        mine = {name} if name and kind.__module__.startswith("audit.") else set()
        return mine.union(*map(below, kind.__subclasses__()))

    assert set(KINDS) == below(Definition)
    assert all(name == kind.NAME for name, kind in KINDS.items())


@pytest.mark.parametrize(("name", "fault"), [("median", "'median'"), (None, "None"), (["mean"], r"\['mean'\]")])
def test_an_unknown_name_is_refused(name: object, fault: str) -> None:
    with pytest.raises(TypeError, match=f"^no known function is called {fault}$"):
        read({"name": name})


def test_reading_leaves_what_was_written_as_it_is() -> None:
    written = {"name": "mean", "of": "scores.f1"}
    assert read(written) == KINDS["mean"](of="scores.f1")  # type: ignore[call-arg] # fields of this kind
    assert written == {"name": "mean", "of": "scores.f1"}


@pytest.mark.parametrize(
    ("definition", "mean", "completions"),
    [
        ({"name": "mean"}, True, False),
        ({"name": "mean_of_completions", "of": "toxicity"}, True, True),
        ({"name": "corpus", "function": "bleu"}, False, False),
        ({"name": "members", "members": {}}, False, False),
        ({"name": "their-package.unknown"}, False, False),
        ({"name": "unknown"}, False, False),
        ({"name": 3}, False, False),
        (None, False, False),
    ],
)
def test_what_a_kind_says_of_a_metric(definition: dict[str, Any] | None, mean: bool, completions: bool) -> None:
    fields: dict[str, Any] = {"name": "sums/x", "suite": "evals", "task": "sums", "metric": "x", "value": 1.0, "n": 1}
    metric = Metric(**fields, definition=definition)
    assert is_mean_of_items(metric) is mean
    assert counts_completions(metric) is completions


def test_which_metrics_count_items_of_several_samples() -> None:
    fields: dict[str, Any] = {"name": "sums/x", "suite": "evals", "task": "sums", "metric": "x", "value": 1.0, "n": 1}
    found = {kind.NAME: counts_pairs(Metric(**fields, definition={"name": kind.NAME})) for kind in (WorstCase, Mean)}
    assert found == {"worst_case": True, "mean": False}
    assert not counts_pairs(Metric(**fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested(Mean):
    """A kind with a field that JSON has no form for, inside another one."""

    NAME: ClassVar[str] = "nested"

    parts: Mapping[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize("parts", [{"a": (1, 2)}, {"a": math.nan}])
def test_a_definition_that_is_another_one_once_stored_is_refused(
    parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "nested", Nested)
    check(Nested(parts={"a": [1, 2]}))
    with pytest.raises(ConfigError, match=r"^definition nested is another one once stored and read"):
        check(Nested(parts=parts))
    with pytest.raises(ConfigError, match="not JSON serializable"):
        check(Nested(parts={"a": object}))


@pytest.mark.parametrize(
    ("definition", "count"),
    [
        (None, True),
        (Count(flags=()).written(), True),
        (CountOfCompletions(flags=()).written(), True),
        (LeftOut(drawn=3).written(), True),
        (Members(members={"a": Count(flags=()).written()}, total=True).written(), True),
        (Members(members={"a": Count(flags=()).written()}).written(), False),
        (Members(members={"a": Mean().written()}, total=True).written(), False),
        (Mean().written(), False),
        ({"name": "unknown"}, False),
        ({"name": "their-package.unknown"}, False),
    ],
)
def test_what_is_a_count_follows_from_the_definition(definition: dict[str, Any] | None, count: bool) -> None:
    fields: dict[str, Any] = {"name": "sums/x", "suite": "evals", "task": "sums", "metric": "x", "value": 1.0, "n": 1}
    assert is_count(Metric(**fields, unit="count", definition=definition)) is count
    assert not is_count(Metric(**fields, unit="score", definition=definition))


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied(Mean):
    """A kind that takes the name of another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing(Nested):
    """A kind that refuses what JSON makes of its field."""

    def __post_init__(self) -> None:
        if self.parts.get("a") == [1, 2]:
            raise ValueError("no lists")


def test_a_definition_with_the_name_of_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"^Copied is not the definition that is called mean: rename it$"):
        check(Copied())
    monkeypatch.setitem(KINDS, "nested", Refusing)
    with pytest.raises(ConfigError, match=r"^no lists: a definition from elsewhere is an entry point"):
        check(Refusing(parts={"a": (1, 2)}))


def test_kinds_of_packages_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.stats.definitions.of_packages.find", {"their-package.mean": Mean}.get)
    assert read({"name": "their-package.mean", "of": "scores.x"}) == Mean(of="scores.x")
    fields: dict[str, Any] = {"name": "sums/x", "suite": "evals", "task": "sums", "metric": "x", "value": 1.0, "n": 1}
    assert is_mean_of_items(Metric(**fields, definition={"name": "their-package.mean"}))
