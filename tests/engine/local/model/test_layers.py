"""The stack of decoder layers: the outermost list that is as long as the configuration says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from audit.engine.local.model.layers import decoder_layers
from tests.engine.whole.tiny_types import configuration, random_model


def with_layers(depth: int | None, *lists: int) -> Any:
    """A model with lists of that many modules, one after the other."""
    model: Any = nn.Module()
    for place, length in enumerate(lists):
        setattr(model, f"list{place}", nn.ModuleList(nn.Linear(1, 1) for _ in range(length)))
    text = SimpleNamespace() if depth is None else SimpleNamespace(num_hidden_layers=depth)
    model.config = SimpleNamespace(get_text_config=lambda: text)
    return model


def test_a_list_of_another_length_is_passed_over() -> None:
    model = with_layers(3, 2, 3, 3)
    assert decoder_layers(model) is model.list1


@pytest.mark.parametrize(("depth", "lists"), [(3, (2, 4)), (None, (2,)), (2, ())])
def test_there_may_be_none(depth: int | None, lists: tuple[int, ...]) -> None:
    assert decoder_layers(with_layers(depth, *lists)) is None


@pytest.mark.parametrize(("kind", "path"), [("llama", "model.layers"), ("gpt2", "transformer.h")])
def test_layers_of_transformers_models(kind: str, path: str) -> None:
    model = random_model(configuration(kind))
    assert decoder_layers(model) is model.get_submodule(path)
