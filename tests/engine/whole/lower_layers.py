"""The embedded checkpoint without its upper layers, where what a test asks does not hang on its knowledge."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.engine import Engine


@contextmanager
def lower_layers(engine: Engine, count: int) -> Iterator[None]:
    """The engine with this many of its thirty layers; then as it was."""
    model: Any = engine.model
    forward: Any = engine._forward  # type: ignore[attr-defined]
    layers, depth = model.model.layers, model.config.num_hidden_layers
    forward._trunks.clear()  # states that all layers gave
    model.model.layers, model.config.num_hidden_layers = layers[:count], count
    try:
        yield
    finally:
        model.model.layers, model.config.num_hidden_layers = layers, depth
        forward._trunks.clear()
