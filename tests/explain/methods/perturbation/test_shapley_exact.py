"""Exact Shapley values against brute force over all subsets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.core.errors import UsageError
from audit.explain.attribute import prepare
from audit.explain.methods.perturbation import shapley_exact
from tests.explain.games import Simulated, brute_force, naive_game


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma2", "qwen3", "mamba"])
def test_enumeration_equals_brute_force_on_many_architectures(build: Any, architecture: str) -> None:
    engine = build(architecture)
    prompt = prepare(engine, "The dog sleeps, the fox jumps over it", " is lazy", max_features=48)
    expected = brute_force(len(prompt.features), naive_game(engine, prompt))
    found = shapley_exact.attribute(prompt, seed=0)
    assert len(prompt.features) == 8
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert sum(found.values) == pytest.approx(prompt.full - prompt.empty, abs=1e-6)


@pytest.mark.slow
def test_enumeration_of_ten_features_equals_brute_force() -> None:
    game = Simulated(3, 10, 30, 5)
    expected = brute_force(10, lambda present: float(game(np.isin(np.arange(10), present)[None])[0]))
    np.testing.assert_allclose(expected, game.exact, atol=1e-9)
    np.testing.assert_allclose(shapley_exact.attribute(game, seed=0).values, expected, atol=1e-9)


def test_enumeration_refuses_what_it_cannot_finish() -> None:
    with pytest.raises(UsageError, match="12 features at most, this prompt has 13: use shapley"):
        shapley_exact.attribute(Simulated(0, 13, 5, 2), seed=0)
