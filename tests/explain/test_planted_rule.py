"""Whether the methods find what a model was trained to look at, and whether they notice that its weights are gone.

``docs/explanation/faithfulness.md`` gives these numbers for three models (seeds 0 to 2) and 40 texts each.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from audit.explain.methods.registry import METHODS
from tests.explain import planted

if TYPE_CHECKING:
    from audit.engine import Engine

pytestmark = pytest.mark.slow
LEAST = {"integrated_gradients": 0.4, "integrated_gradients_mean": 0.5, "attention_rollout": 0.4, "attention_flow": 0.4}
"""Recall that a model of any seed should reach; perturbation methods reach 0.75. The others promise nothing."""
ROUGH = {"gradient_x_input", "layer_gradient_x_activation", "gradient_x_attention", "attention"}
"""Methods that find the triggers seldom; the documentation says so."""

STEPS = 300
"""Fewer than for the documentation: the rule is known by then."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    # Rounding differs from processor to processor: a seed that does not learn the rule there is left out.
    for seed in range(3):
        model = planted.network(seed)
        if planted.train(model, seed + 1, STEPS) >= 0.99:
            return planted.save(model, tmp_path_factory.mktemp("planted"))
    pytest.fail("no network learnt the rule")


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return planted.save(planted.network(100), tmp_path_factory.mktemp("random"))


@pytest.fixture(scope="module")
def items() -> list[planted.Item]:
    draw = random.Random(5)  # noqa: S311 - no secret
    return [planted.whole_item(draw) for _ in range(10)]


@pytest.mark.parametrize("name", [name for name in METHODS if name not in ROUGH])
def test_the_triggers_are_found_and_the_decoy_is_not(
    name: str, trained: Engine, untrained: Engine, items: list[planted.Item]
) -> None:
    found = planted.look(METHODS[name], trained, None if name in LEAST else untrained, items)
    assert found.recall >= LEAST.get(name, 0.75)
    if name not in LEAST:
        assert found.decoy <= 0.25
        assert abs(found.randomised) <= 0.7


def test_mean_attention_finds_no_more_than_leaving_out(trained: Engine, items: list[planted.Item]) -> None:
    attention = planted.look(METHODS["attention"], trained, None, items)
    occlusion = planted.look(METHODS["occlusion"], trained, None, items)
    assert attention.recall <= occlusion.recall
    assert attention.decoy >= occlusion.decoy
