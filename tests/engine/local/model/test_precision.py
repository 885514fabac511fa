"""A model of 16 bits computes in float32 for a while."""

from __future__ import annotations

import torch

from audit.engine.local.model.precision import in_float32
from tests.engine.whole.tiny_types import configuration, random_model


def test_float32_is_for_a_while_and_leaves_the_weights_alone() -> None:
    model = random_model(configuration("gemma4_text")).bfloat16()
    before = {name: (tensor.data_ptr(), tensor.clone()) for name, tensor in model.state_dict().items()}
    seen = []
    handle = model.model.layers[1].mlp.register_forward_hook(lambda module, *_: seen.append(module.up_proj.weight))
    ids = torch.arange(3, 40)[None]
    with in_float32(model) as exact, torch.inference_mode():
        assert exact
        assert {p.dtype for p in model.model.layers[1].parameters()} == {torch.bfloat16}  # until it runs
        handle.remove()
        model.model.layers[1].mlp.register_forward_hook(lambda module, *_: seen.append(module.up_proj.weight.dtype))
        wide = model(input_ids=ids).logits
    assert seen == [torch.float32]
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == torch.bfloat16
        assert tensor.data_ptr() == before[name][0]
        assert torch.equal(tensor, before[name][1])
    model(input_ids=ids).logits.float().sum().backward()
    assert model.model.layers[1].mlp.up_proj.weight.grad.dtype == torch.bfloat16
    with torch.no_grad():
        expected = model.float()(input_ids=ids).logits
    assert torch.allclose(wide, expected, atol=1e-5)
