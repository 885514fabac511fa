"""Kinds of definitions by name, and what is known of a metric by its kind."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import Metric
from audit.stats.definitions import Definition
from audit.stats.definitions.registry import KINDS, counts_completions, is_mean_of_items, read


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
