"""Samples for definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.records import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.stats.definitions import Definition


def a_sample(name: str, **fields: Any) -> Sample:
    return Sample(**{"sample_id": name, "suite": "evals", "task": "sums", "prompt": "?", **fields})


def texts(pairs: Sequence[tuple[str | None, str | None]]) -> list[Sample]:
    """One sample per (reference, output)."""
    return [a_sample(str(i), reference=ref, output=out, score=1.0) for i, (ref, out) in enumerate(pairs)]


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
            for copy in range(names.get(sample.cluster or sample.sample_id, 0))
        ]
        expected = definition.estimate(repeated, unit=unit, interval=False).value
        assert expected is not None
        assert drawn.value(np.array(weights, dtype=np.float64)) == pytest.approx(expected)

    return check
