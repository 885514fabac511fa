"""The forward pass against that of transformers; adapters against changed weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from audit.safety.scorers.encoder.network import ADAPTED, BERT, Transformer, adapt, mean_pooled

if TYPE_CHECKING:
    from transformers import BertModel

IDS = torch.tensor([[2, 5, 9, 11, 3, 3], [2, 7, 3, 0, 0, 0]])
KINDS = torch.tensor([[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])


def expected(bert: BertModel) -> list[torch.Tensor]:
    with torch.no_grad():
        found = bert(input_ids=IDS, token_type_ids=KINDS, attention_mask=MASK, output_hidden_states=True)
    return list(found.hidden_states[1:])


def test_states_are_those_of_transformers(bert: BertModel) -> None:
    kept = MASK.bool()
    layers = zip(Transformer(bert.state_dict())(IDS, KINDS, MASK), expected(bert), strict=True)
    for found, wanted in layers:
        torch.testing.assert_close(found[kept], wanted[kept], rtol=1e-4, atol=1e-5)


def test_the_mean_counts_no_padding() -> None:
    states = torch.arange(24.0).reshape(2, 6, 2)
    pooled = mean_pooled(states, MASK)
    assert pooled.tolist() == [[5.0, 6.0], [14.0, 15.0]]


def test_adapters_add_a_product_to_the_weights(bert: BertModel) -> None:
    torch.manual_seed(6)
    network = Transformer(bert.state_dict())
    shapes = {part: network.layers[1].get_parameter(f"{part}.weight").shape for part in ADAPTED}
    adapters = {f"1.{part}.a": torch.randn(3, shape[1]).half() for part, shape in shapes.items()}
    adapters |= {f"1.{part}.b": torch.randn(shape[0], 3).half() / 10 for part, shape in shapes.items()}
    changed = {name: weight.clone() for name, weight in bert.state_dict().items()}
    for part in ADAPTED:
        change = adapters[f"1.{part}.b"].double() @ adapters[f"1.{part}.a"].double()
        changed[f"encoder.layer.1.{BERT[part]}.weight"] += change.float()
    adapt(network, adapters)
    found, unchanged = network(IDS, KINDS, MASK)[-1], Transformer(bert.state_dict())(IDS, KINDS, MASK)[-1]
    torch.testing.assert_close(found, Transformer(changed)(IDS, KINDS, MASK)[-1], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(found, unchanged, atol=0.1)


@pytest.mark.parametrize("names", [("2.query.a", "2.query.b"), ("0.query.a",), ("0.norm.a", "0.norm.b"), ("query.a",)])
def test_adapters_of_something_else_are_refused(bert: BertModel, names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"adapters must be LAYER\.PART\.a and \.b of query, "):
        adapt(Transformer(bert.state_dict()), dict.fromkeys(names, torch.zeros(2, 2)))
