"""Kernel SHAP: exact where all subsets are few, else close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from audit.core.records import Attribution
from audit.explain.attribute import How, attribute_all, prepare
from audit.explain.methods.perturbation import kernel_shap
from audit.explain.methods.registry import METHODS
from tests.explain.games import Simulated

if TYPE_CHECKING:
    from audit.engine import Engine


@pytest.mark.parametrize("count", [1, 2, 6, 7, 8])
def test_kernel_shap_enumerates_few_features(count: int) -> None:
    """Off by a quarter of the range with 128 of 256 masks; one sample for each of two seeds costs as many."""
    game = Simulated(9, count, 30, count)
    found = kernel_shap.attribute(game, seed=0)
    np.testing.assert_allclose(found.values, game.exact, atol=1e-9)
    assert game.rows == 2**count
    assert (found.stability, found.note) == (1.0, f"exact: all {2**count} subsets were scored")


def test_exact_values_are_not_computed_again_with_another_seed(tiny: Engine) -> None:
    prompt = prepare(tiny, "The dog sleeps, the fox jumps over it", " is lazy", max_features=48)
    exact, kernel = attribute_all(prompt, [METHODS["shapley_exact"], METHODS["kernel_shap"]], How(seed=0))
    assert isinstance(exact, Attribution)
    assert isinstance(kernel, Attribution)
    np.testing.assert_allclose(kernel.values, exact.values, atol=1e-9)
    assert kernel.faithfulness["stability"] == 1
    assert prompt.evaluations == 2**8


@pytest.mark.slow
def test_kernel_shap_samples_many_features() -> None:
    game = Simulated(9, 14, 40, 3)
    found = kernel_shap.attribute(game, seed=0)
    assert found.stability is None
    assert np.corrcoef(found.values, game.exact)[0, 1] > 0.95
