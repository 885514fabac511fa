"""What the indexes find is what one pass over the samples finds."""

from __future__ import annotations

import pytest

from audit.core.records import Sample
from audit.stats.definitions.indexed_samples import IndexedSamples, by_id, having

SLICES = [{"a": "x"}, {"a": "y", "b": "x"}, {}, {"a": "x", "b": "y"}, {"b": "x"}]
SAMPLES = [
    Sample(sample_id=str(place % 4), suite="evals", task="t", prompt=str(place), slices=slices)
    for place, slices in enumerate(SLICES)
]


@pytest.mark.parametrize("name", ["a", "b", "c"])
@pytest.mark.parametrize("value", ["x", "y", "z", None])
def test_a_slice_has_the_samples_with_that_value_in_order(name: str, value: str | None) -> None:
    expected = [sample for sample in SAMPLES if sample.slices.get(name) == value]
    indexed = IndexedSamples(SAMPLES)
    for _ in range(2):  # with the index, too
        assert having(indexed, name, value) == expected
    assert having(SAMPLES, name, value) == expected


@pytest.mark.parametrize("samples", [SAMPLES, IndexedSamples(SAMPLES)])
def test_of_two_samples_with_one_id_the_last_is_found(samples: list[Sample]) -> None:
    assert {name: sample.prompt for name, sample in by_id(samples).items()} == {"0": "4", "1": "1", "2": "2", "3": "3"}


def test_an_index_is_made_once() -> None:
    indexed = IndexedSamples(SAMPLES)
    assert by_id(indexed) is by_id(indexed)
    assert having(indexed, "a", "x") is having(indexed, "a", "x")
