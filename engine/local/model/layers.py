"""The stack of decoder layers inside a transformers model."""

from __future__ import annotations

from typing import Any

from torch import nn


def decoder_layers(model: Any) -> nn.ModuleList | None:  # noqa: ANN401 - any transformers model
    """The outermost list of as many modules as the configuration has layers; None where there is none."""
    depth = getattr(model.config.get_text_config(), "num_hidden_layers", None)  # BLT has none
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return module
    return None
