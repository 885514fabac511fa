"""Two values for one weight are refused; what is loaded twice is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file, save_file

from audit.core.errors import CheckpointError
from audit.engine import load
from tests.engine.checkpoint.test_weights import score
from tests.engine.checkpoints import change_weights, rename, shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize("twin", ["norm.weight", "model.model.norm.weight"])
@pytest.mark.parametrize("wrapper", ["", "_orig_mod."])
def test_two_values_for_one_weight_are_refused(copy: Path, twin: str, wrapper: str) -> None:
    """transformers adds and takes off ``model.`` as it fits, and takes the value that comes last."""
    expected = score(copy)
    rename(copy, lambda name: f"{wrapper}{name}")

    def twice(by: float) -> Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
        return lambda weights: weights | {twin: weights[f"{wrapper}model.norm.weight"] + by}

    change_weights(copy, twice(5))
    with pytest.raises(CheckpointError, match=r"one weight has two values, .*norm\.weight in model\.safetensors and"):
        load(str(copy), device="cpu")
    change_weights(copy, twice(0))
    assert score(copy) == expected


def test_one_weight_in_two_shards_is_refused(copy: Path) -> None:
    """Shards of two trainings: transformers takes the later one, whatever the index says."""
    shard(copy)
    first, second = sorted(copy.glob("model-*.safetensors"))
    weights, others = load_file(first), load_file(second)
    name = min(weights)
    save_file(others | {name: weights[name].clone()}, second, {"format": "pt"})
    assert load(str(copy), device="cpu").record.remarks == []
    save_file(others | {name: weights[name] + 1}, second, {"format": "pt"})
    with pytest.raises(CheckpointError, match=rf"one weight has two values, {name} in {first.name} and {name} in"):
        load(str(copy), device="cpu")


def test_what_is_loaded_twice_is_the_same(copy: Path) -> None:
    """Each load draws anew what it does not find: equal scores say that nothing was drawn."""
    first, second = (load(str(copy), device="cpu").model.state_dict() for _ in range(2))
    stored = load_file(copy / "model.safetensors")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(torch.equal(first[name], stored[name]) for name in first)
