"""The table of methods against the modules that it names, and methods from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from audit.core.config import ExplainConfig, RunConfig
from audit.core.errors import UsageError
from audit.explain.attribute import How, attribute_one, prepare
from audit.explain.methods import registry
from audit.explain.methods.registry import METHODS, Imported, Method, check, check_effort, find, methods
from audit.explain.prompt.game import MaskedPrompt, MethodValues


@pytest.mark.parametrize("name", METHODS)
def test_the_table_names_what_the_module_has(name: str) -> None:
    imported = METHODS[name].attribute
    assert isinstance(imported, Imported)
    place, _, file = imported.module.rpartition(".")
    assert (file, imported.name) == (name, "attribute")
    module = import_module(f"audit.explain.methods.{place}.{name}")
    assert callable(module.attribute)
    assert METHODS[name].design == (Imported(imported.module, "design") if hasattr(module, "design") else None)


def length(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """The longest word matters most."""
    return MethodValues(np.array([float(len(feature.text.strip())) for feature in prompt.features.records]))


def longest(count: int, seed: int, evaluations: int | None = None) -> Any:
    return ~np.eye(count, dtype=np.bool_)


MINE = Method("length", "length of a word", "0", length, longest)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that another package brings."""
    monkeypatch.setattr(registry, "methods", lambda: {**METHODS, MINE.name: MINE})


def test_a_method_of_another_package_is_its_function(linear: Any) -> None:
    made = attribute_one(prepare(linear, "one three five", " x", max_features=9), MINE, How(seed=1))
    assert (made.method, made.values, made.unit) == ("length", [3.0, 5.0, 4.0], "nats")
    assert made.verdict in {"believable", "weak", "do not believe"}


@pytest.mark.usefixtures("known")
def test_it_is_found_by_name_as_the_others_are() -> None:
    assert find("length") is MINE
    check(RunConfig(explain=ExplainConfig(methods=["occlusion", "length"])))
    with pytest.raises(UsageError, match=r"unknown attribution method 'lenght'.*Did you mean 'length'"):
        find("lenght")


def test_the_effort_of_a_method_from_elsewhere_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    sampling = replace(MINE, name="sampling", effort="evaluations")
    monkeypatch.setitem(registry.JOINED, "sampling", sampling)
    check_effort([sampling], None, 16)
    with pytest.raises(UsageError, match=r"^evaluations has no effect on length: name one of .*surrogate, sampling$"):
        check_effort([MINE], None, 16)
    with pytest.raises(UsageError, match=r"^--steps has no effect on sampling: name one of integrated_gradients, "):
        check_effort([sampling], 8, None, "--")


def test_the_methods_of_this_package_are_there_without_plug_ins() -> None:
    assert dict(methods()) == METHODS
    assert list(METHODS) == [method.name for method in METHODS.values()]
