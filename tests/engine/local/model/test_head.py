"""The output head in tiles, and where its logits are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from audit.engine.local.model import head
from audit.engine.local.model.head import tiles_at, tiles_of, whole


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
