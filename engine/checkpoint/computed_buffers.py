"""Buffers that a model computes when it is built and that no file stores, such as rotary frequencies.

transformers 5 builds every model without storage and computes these buffers afterwards. It knows how for its own
models; those of a checkpoint that brings its own code are left with whatever the memory held before.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet


def restore_buffers(model: Any, missing: AbstractSet[str]) -> set[str]:  # noqa: ANN401 - no typed base
    """Recompute the buffers of a model that no file stores, as its ``__init__`` does.

    Args:
        model: As loaded; changed in place.
        missing: Names of weights that were not in the files and that only a buffer may have.

    Returns:
        The names among ``missing`` that are buffers and have their values now.
    """
    buffers = dict(model.named_buffers())
    absent = missing & buffers.keys()
    if not absent and not model.is_custom_code():
        return set()
    stored = set(model.state_dict()) - absent
    wanted = {name: buffer for name, buffer in buffers.items() if name not in stored}
    if not wanted:
        return set()
    with _parameters_without_storage():
        computed = dict(type(model)(model.config).named_buffers())
    for name, buffer in wanted.items():
        buffer.data.copy_(computed[name])
    return absent


@contextmanager
def _parameters_without_storage() -> Iterator[None]:
    """Build modules whose parameters take no memory while buffers are computed."""
    register = nn.Module.register_parameter

    def without_storage(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        kept = None if parameter is None else nn.Parameter(parameter.to("meta"), requires_grad=parameter.requires_grad)
        register(module, name, kept)

    nn.Module.register_parameter = without_storage  # type: ignore[assignment, method-assign]
    try:
        with torch.random.fork_rng():
            yield
    finally:
        nn.Module.register_parameter = register  # type: ignore[method-assign]
