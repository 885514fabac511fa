"""Two runs of the same items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.core.records import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence


def run_of(values: Sequence[float | None], **fields: Sequence[Any]) -> list[Sample]:
    """One sample per value; further fields are given by one value per sample."""
    return [
        Sample(
            sample_id=f"s{place}",
            suite="evals",
            task="sums",
            prompt="?",
            score=value,
            **{name: given[place] for name, given in fields.items()},
        )
        for place, value in enumerate(values)
    ]


def two_shares(better: int, worse: int, right: int, wrong: int) -> tuple[list[float], list[float]]:
    """Right and wrong answers of two runs, from the cells of their table."""
    before = [0.0] * better + [1.0] * worse + [1.0] * right + [0.0] * wrong
    after = [1.0] * better + [0.0] * worse + [1.0] * right + [0.0] * wrong
    order = np.random.default_rng(better).permutation(len(before))
    return [before[place] for place in order], [after[place] for place in order]
