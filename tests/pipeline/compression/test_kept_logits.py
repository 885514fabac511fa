"""Logits come back from disk as they were; the file has a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.pipeline.compression import kept_logits as module
from audit.pipeline.compression.kept_logits import KeptLogits, fitting_items

if TYPE_CHECKING:
    import pytest


def test_logits_come_back() -> None:
    draw = np.random.default_rng(0)
    parts = [draw.normal(size=(rows, 7)).astype(np.float32) for rows in (2, 1, 3)]
    with KeptLogits([2, 1, 3], 7) as kept:
        for place in (2, 0):
            kept.keep(place, parts[place])
        assert kept.there == {0, 2}
        for place in (0, 2):
            assert np.array_equal(kept.of(place), parts[place])


def test_the_file_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 4 * 10 * 5)  # five rows of ten numbers
    assert fitting_items([2, 2, 2, 1], 10) == 2
    assert fitting_items([1] * 5, 10) == 5
    with KeptLogits([], 10) as empty:
        assert empty.there == set()
