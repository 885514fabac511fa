"""Samples for definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.records import Sample, SampledText
from audit.stats.definitions import measured, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.stats.definitions import Definition


def a_sample(name: str, **fields: Any) -> Sample:
    return Sample(**{"sample_id": name, "suite": "evals", "task": "sums", "prompt": "?", **fields})


def texts(pairs: Sequence[tuple[str | None, str | None]]) -> list[Sample]:
    """One sample per (reference, output)."""
    return [a_sample(str(i), reference=ref, output=out, score=1.0) for i, (ref, out) in enumerate(pairs)]


VALUES = [(0.1, 0.7, 0.2), (0.3, 0.5, 0.3), (0.0, 0.49, 0.1), (0.9, 0.2, 0.6), (0.2, 0.2, 0.1), (0.8, 0.4, 0.5)]


def item(number: int, values: Sequence[float | None], **fields: Any) -> Sample:
    texts = [SampledText(text="t", value=value, labels={"half": None if value is None else value / 2}) for value in values]  # fmt: skip  # noqa: E501
    known = [value for value in values if value is not None]
    given = {"sample_id": f"s{number}", "suite": "safety", "task": "t", "prompt": "p", "completions": texts}
    return Sample.model_validate({**given, "score": max(known, default=None), **fields})


ITEMS = [item(number, values) for number, values in enumerate(VALUES)]


def metric(definition: Definition, samples: Sequence[Sample], unit: str = "share", **more: Any) -> Any:
    made = measured(definition, samples, metric="m", unit=unit, higher_is_better=False, **more)
    assert read(made.definition or {}) == definition  # what is written down is what was computed
    return made


AGREEMENTS = {
    "a": {"true_positives": 80, "positives": 100, "true_negatives": 190, "negatives": 200},
    "b": {"true_positives": 30, "positives": 50, "true_negatives": 99, "negatives": 100},
}


def scored(number: int, scores: dict[str, float], **fields: Any) -> Sample:
    given = {"sample_id": f"s{number}", "suite": "safety", "task": "t", "prompt": "p", "score": 1.0, "scores": scores}
    return Sample.model_validate({**given, **fields})


@pytest.fixture
def resamples_as_repeated() -> Callable[[Definition, Sequence[Sample], Sequence[int], str], None]:
    """Compare a resampling with the samples repeated by hand: unit i as often as weight i says."""

    def check(definition: Definition, samples: Sequence[Sample], weights: Sequence[int], unit: str) -> None:
        drawn = definition.resample(samples)
        assert len(drawn.units) == len(weights)
        names = {name: int(weight) for name, weight in zip(drawn.units, weights, strict=True)}
        repeated = [
            sample.model_copy(update={"sample_id": f"{sample.sample_id}/{copy}"})
            for sample in samples
            for copy in range(names.get(definition.unit_of(sample), 0))
        ]
        expected = definition.estimate(repeated, unit=unit, interval=False).value
        assert expected is not None
        assert drawn.value(np.array(weights, dtype=np.float64)) == pytest.approx(expected)

    return check
