"""What a configuration says of sizes and windows."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import CheckpointError
from audit.engine.local.plan.architecture import narrowed, shape_of, values_of, windows_of
from tests.engine.whole.tiny_types import WINDOW, configuration, random_model


def test_sizes_are_the_largest_of_any_layer() -> None:
    config = configuration("gemma4_text")  # heads of 8 where the window slides, of 512 where it does not
    assert values_of(config, "head_dim") == [8, 512]
    assert shape_of(random_model(config)).head == 512


def test_a_window_that_differs_by_layer_is_not_shared(loaded: Any) -> None:
    # Such a Mistral loads, and transformers refuses to run it: one line, and no crash of ours.
    layers = {"0": {"sliding_window": 8}, "1": {"sliding_window": None}}
    assert windows_of(configuration("mistral", per_layer_config=layers)) == {}
    with pytest.raises(CheckpointError, match="a forward pass of 58 tokens failed"):
        loaded("mistral", per_layer_config=layers)


def test_narrow_windows_are_put_back() -> None:
    config = configuration("mistral")
    with narrowed(config, 16):
        assert (config.sliding_window, windows_of(config)) == (16, {"full_attention": 16})
    assert config.sliding_window == WINDOW
    with pytest.raises(KeyError), narrowed(config, 16):
        raise KeyError
    assert config.sliding_window == WINDOW
