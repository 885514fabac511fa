"""Logits at target positions are transformers' own, whatever is shared with other requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.core.errors import WhiteBoxUnavailable
from audit.engine.engine import Engine
from audit.engine.local.states import logits as module
from audit.engine.requests import ScoreRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = tuple(range(40, 60))
REQUESTS = [
    ScoreRequest((5, 6, 7), (8, 9)),
    ScoreRequest((*FEW, 5), (8, 9, 10)),
    ScoreRequest((*FEW, 5, 8), (9, 11)),
    ScoreRequest((*FEW, 5, 8, 9), (10,)),  # the same tokens as the second, split elsewhere
    ScoreRequest((5,), ()),
]


def by_hand(engine: Any, request: ScoreRequest) -> NDArray[np.float32]:
    """Logits of the whole sequence, without the last token."""
    ids = [*request.context_ids, *request.target_ids][:-1]
    with torch.inference_mode():
        found: NDArray[np.float32] = engine.model(input_ids=torch.tensor([ids])).logits[0].numpy()
    return found[len(request.context_ids) - 1 :]


def test_logits_are_those_of_transformers(tiny: Any) -> None:
    found = dict(tiny.logits(REQUESTS))
    assert sorted(found) == [0, 1, 2, 3]  # the last one has no target
    for place, logits in found.items():
        assert logits.shape == (len(REQUESTS[place].target_ids), 384)
        np.testing.assert_allclose(logits, by_hand(tiny, REQUESTS[place]), atol=1e-4)


def test_what_does_not_fit_is_left_out(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    long = ScoreRequest(tuple(range(10, 266)), (5, 6))
    assert [place for place, _ in tiny.logits([long, REQUESTS[0]])] == [1]
    whole, tiles = dict(tiny.logits(REQUESTS)), tiny._forward.tiles

    def small(work: Any, *arguments: Any) -> Any:
        if len([*work.members]) > 1:
            msg = "DefaultCPUAllocator: can't allocate memory"
            raise RuntimeError(msg)
        return tiles(work, *arguments)

    monkeypatch.setattr(tiny._forward, "tiles", small)
    for place, logits in tiny.logits(REQUESTS):
        np.testing.assert_allclose(logits, whole[place], atol=1e-4)
    monkeypatch.setattr(tiny._forward, "tiles", lambda *_: (_ for _ in ()).throw(MemoryError))
    assert list(tiny.logits(REQUESTS)) == []
    monkeypatch.setattr(tiny._forward, "tiles", lambda *_: (_ for _ in ()).throw(RuntimeError("another fault")))
    with pytest.raises(RuntimeError, match="another fault"):
        list(module.logits_of(tiny._forward, REQUESTS, 256, tiny._scorer.budget))


def test_a_server_has_none() -> None:
    engine: Any = type("Server", (), {"record": type("Record", (), {"name": "served"})})()
    with pytest.raises(WhiteBoxUnavailable, match=r"served: .* \(2 prompts\)"):
        Engine.logits(engine, REQUESTS[:2])
