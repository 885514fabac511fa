"""The output head in tiles, and where its logits are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from audit.engine.local.model import head
from audit.engine.local.model.head import tiles_at, tiles_of, whole
from audit.engine.local.model.trial import tried_forward
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import Block, Pass
from audit.engine.local.plan.prefix_tree import PrefixTree
from tests.engine.whole.tiny_types import configuration, random_model

if TYPE_CHECKING:
    from audit.engine.local.model.forward import Forward

CPU, META = torch.device("cpu"), torch.device("meta")
HALVES = [torch.bfloat16, torch.float16]


@pytest.mark.parametrize("bias", [False, True])
def test_a_head_in_tiles_is_the_head(bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(head.TILE, "cpu", (3, 4))
    module, hidden = nn.Linear(6, 10, bias=bias).requires_grad_(False), torch.randn(7, 6)
    tiles = list(tiles_of(module, hidden, hidden.device))
    assert [(tile.position, tile.word) for tile in tiles] == [(p, w) for p in (0, 3, 6) for w in (0, 4, 8)]
    assert torch.allclose(whole(tiles), module(hidden), atol=1e-6)


def test_a_head_that_is_more_than_a_matrix_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    class Doubled(nn.Linear):
        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(hidden)

    hooked = nn.Linear(6, 10).requires_grad_(False)
    monkeypatch.setattr(hooked, "forward", lambda hidden: hidden[:, :1].expand(-1, 10))
    watched = nn.Linear(6, 10).requires_grad_(False)
    watched.register_forward_hook(lambda _module, _inputs, output: output + 1)
    for module in (Doubled(6, 10).requires_grad_(False), hooked, watched):
        hidden = torch.randn(7, 6)
        assert torch.equal(whole(tiles_of(module, hidden, hidden.device)), module(hidden))


def test_places_of_logits_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(head.TILE, "cpu", (2, 4))
    logits = torch.randn(2, 5, 9)
    rows, columns = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([1, 4, 0, 2, 3])
    assert torch.equal(whole(tiles_at(logits, rows, columns, logits.device)), logits[rows, columns])


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("bias", [False, True])
def test_a_wide_head_rounds_nothing_to_sixteen_bits(
    dtype: torch.dtype, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(head.TILE, "cpu", (3, 40))
    module = nn.Linear(64, 100, bias=bias, dtype=dtype).requires_grad_(False)
    hidden = (5 * torch.randn(7, 64)).to(dtype)
    exact = hidden.double() @ module.weight.double().T + (module.bias.double() if bias else 0)
    narrow, wide = (whole(tiles_of(module, hidden, CPU, wide=wide)) for wide in (False, True))
    assert wide.dtype == torch.float32
    assert float((wide - exact).abs().max()) < 1e-4 * float(exact.abs().max())
    assert float((narrow - exact).abs().max()) > 10 * float((wide - exact).abs().max())
    assert module.weight.dtype == dtype


def test_a_head_that_is_more_than_a_matrix_is_called_however_wide() -> None:
    watched = nn.Linear(6, 10, dtype=torch.bfloat16).requires_grad_(False)
    watched.register_forward_hook(lambda _module, _inputs, output: output + 1)
    hidden = torch.randn(7, 6).bfloat16()
    assert torch.equal(whole(tiles_of(watched, hidden, CPU, wide=True)), watched(hidden).float())


@pytest.mark.parametrize("bias", [False, True])
def test_a_gpu_copies_no_part_of_a_wide_head(bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run on a device without numbers: one product that keeps what it adds up in, and no wider weights."""
    monkeypatch.setitem(head.TILE, "meta", head.TILE["cuda"])
    asked: list[Any] = []
    product = torch.mm

    def watched(*arrays: torch.Tensor, **named: Any) -> torch.Tensor:
        asked.append([(array.dtype, tuple(array.shape)) for array in arrays])
        return product(*arrays, **named)

    monkeypatch.setattr(torch, "mm", watched)
    module = nn.Linear(6, 70_000, bias=bias, dtype=torch.bfloat16, device=META).requires_grad_(False)
    tiles = list(tiles_of(module, torch.empty(3, 6, dtype=torch.bfloat16, device=META), META, wide=True))
    assert [(tile.word, tuple(tile.logits.shape), tile.logits.dtype) for tile in tiles] == [
        (0, (3, 65536), torch.float32),
        (65536, (3, 4464), torch.float32),
    ]
    assert asked == [[(torch.bfloat16, (3, 6)), (torch.bfloat16, (6, words))] for words in (65536, 4464)]


def lone_logits(forward: Forward, ids: np.ndarray[Any, Any]) -> torch.Tensor:
    """Logits of each position of one sequence, as scores are made from them."""
    tree = PrefixTree([ids], [0])
    work = Pass(None, ((Block(0, 1, 0, len(ids)),),))
    layout = lay_out(work, tree, 2)
    return whole(forward.tiles(work, layout, np.zeros(len(ids), np.int64), np.arange(len(ids))))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("kind", ["llama", "qwen3_moe", "gpt_neox", "phi", "codegen"])
def test_log_probabilities_are_nearer_to_those_of_float64(kind: str, dtype: torch.dtype) -> None:
    """The head of the checkpoint's own hidden states in float64; phi's and codegen's heads have a bias."""
    model = random_model(configuration(kind)).to(dtype)
    forward = tried_forward(model, CPU, 2)
    assert forward.wide
    ids = np.arange(3, 40)
    with torch.inference_mode():
        states = model.base_model(input_ids=torch.from_numpy(ids)[None], use_cache=False).last_hidden_state[0]
    output = model.get_output_embeddings().requires_grad_(False)
    exact = states.double() @ output.weight.double().T + (0 if output.bias is None else output.bias.double())
    wide = lone_logits(forward, ids)
    forward.wide = False
    narrow = lone_logits(forward, ids)
    apart = [float((one.log_softmax(1) - exact.log_softmax(1)).abs().max()) for one in (narrow, wide)]
    assert apart[1] < 1e-5
    assert apart[0] > 20 * apart[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("gemma2", {"final_logit_softcapping": 5.0}),
        ("cohere", {"logit_scale": 0.25}),
        ("granite", {"logits_scaling": 8.0}),
    ],
)
@pytest.mark.parametrize("dtype", HALVES)
def test_scaled_and_capped_logits_are_the_model_s_own(kind: str, fields: dict[str, float], dtype: torch.dtype) -> None:
    model = random_model(configuration(kind, **fields)).to(dtype)
    forward = tried_forward(model, CPU, 2)
    assert not forward.splits
    assert not forward.wide
    ids = np.arange(3, 40)
    with torch.inference_mode():
        own = model(input_ids=torch.from_numpy(ids)[None], use_cache=False).logits[0].float()
    assert torch.allclose(lone_logits(forward, ids), own, atol=1e-6)
