"""Items that could not be perturbed."""

from __future__ import annotations

import math

import numpy as np

from audit.stats.definitions import NotPerturbed
from tests.stats.definitions.conftest import a_sample, metric

SAMPLES = [
    a_sample(f"{pair}{name}", pair=pair, slices={"perturbation": name})
    for pair, names in {"a": ("case", "typos"), "b": ("typos",), "c": ("typos",)}.items()
    for name in names
]


def test_items_without_a_sample_are_counted() -> None:
    found = metric(NotPerturbed(items=5), SAMPLES, unit="count")
    assert (found.value, found.n, found.ci_low, found.no_interval) == (2.0, 5, None, None)


def test_of_one_perturbation() -> None:
    for name, count in (("typos", 2), ("case", 4), ("option_order", 5)):
        definition = NotPerturbed(items=5, by="perturbation", value_of=name, columns=("perturbation",))
        found = metric(definition, SAMPLES, unit="count", slice={"perturbation": name})
        assert (found.value, found.n, found.slice) == (count, 5, {"perturbation": name})


def test_nothing_is_drawn() -> None:
    drawn = NotPerturbed(items=5).resample(SAMPLES)
    assert drawn.units == ()
    assert math.isnan(drawn.value(np.ones(0)))
