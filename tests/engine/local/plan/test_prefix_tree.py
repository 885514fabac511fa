"""Sequences as a prefix tree."""

from __future__ import annotations

import numpy as np
import pytest

from audit.engine.local.plan.prefix_tree import common_prefix


@pytest.mark.parametrize(
    ("left", "right", "length"), [((1, 2, 3), (1, 2, 4), 2), ((1,), (1, 2), 1), ((1,), (2,), 0), ((1, 2), (1, 2), 2)]
)
def test_common_prefix(left: tuple[int, ...], right: tuple[int, ...], length: int) -> None:
    assert common_prefix(np.array(left), np.array(right)) == length
