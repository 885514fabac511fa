"""Components keep the distances of standardised states, and no single dimension decides them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import zscore

from audit.stats.subgroups.components import DIMENSIONS, principal_components


@pytest.mark.slow
def test_distances_are_those_of_standardised_states() -> None:
    states = np.random.default_rng(1).normal(size=(50, 20)).astype(np.float32)
    found = principal_components(states)
    np.testing.assert_allclose(pdist(found), pdist(zscore(states.astype(np.float64))), rtol=1e-4)
    rogue = states * np.array([3_000.0, *[1.0] * 19], dtype=np.float32) + 500
    np.testing.assert_allclose(np.abs(principal_components(rogue)), np.abs(found), atol=1e-2)
    constant = np.column_stack([states, np.full(50, 7, dtype=np.float32)])
    np.testing.assert_allclose(pdist(principal_components(constant)), pdist(found), rtol=1e-4)
    assert principal_components(np.tile(states, (2, 10))).shape == (100, DIMENSIONS)
