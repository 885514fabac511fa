"""Occlusion, LIME and the surrogate: against naive loops on the model itself, other tools, games with known answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.explain.attribute import prepare
from audit.explain.methods.perturbation import kernel_shap, lime, occlusion, shap_partition, shapley, surrogate
from tests.explain.games import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine import Engine

# Importing shap takes seconds.
SHAP = [pytest.param(module.attribute, marks=pytest.mark.slow) for module in (shap_partition, kernel_shap)]


LINEAR_METHODS = [occlusion.attribute, shapley.attribute, lime.attribute, *SHAP]


@pytest.mark.parametrize("method", LINEAR_METHODS)
@pytest.mark.parametrize("text", [TEXT, "one", "one two"])
def test_a_linear_game_gives_its_weights_back(linear: Any, method: Callable[..., object], text: str) -> None:
    prompt = prepare(linear, text, " x", max_features=48)
    ids = prompt.features.request.context_ids
    expected = [sum(linear.weight(ids[p]) for p in owned) for owned in prompt.features.positions]
    found = method(prompt, seed=3)
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("method", [shapley.attribute, lime.attribute, surrogate.attribute, SHAP[1]])
def test_sampling_is_seeded_and_leaves_the_global_generator_alone(tiny: Engine, method: Callable[..., object]) -> None:
    np.random.seed(5)  # noqa: NPY002 - the generator that must stay as it is
    expected = np.random.get_state()[1].copy()  # noqa: NPY002 - see above
    first = method(prepare(tiny, TEXT, " x", max_features=48), seed=1).values
    np.testing.assert_array_equal(np.random.get_state()[1], expected)  # noqa: NPY002 - see above
    np.testing.assert_array_equal(method(prepare(tiny, TEXT, " x", max_features=48), seed=1).values, first)
    assert (method(prepare(tiny, TEXT, " x", max_features=48), seed=2).values != first).any()
