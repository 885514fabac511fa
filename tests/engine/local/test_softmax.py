"""The softmax in tiles against torch's over the whole vocabulary in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.engine.local.model.head import Tile
from audit.engine.local.softmax import Softmax


def in_tiles(logits: torch.Tensor, width: int, *, moments: bool = True) -> torch.Tensor:
    """Results for every word at every position."""
    positions, words = logits.shape
    places = torch.arange(positions).repeat_interleave(words)
    targets = torch.arange(words).repeat(positions)
    softmax = Softmax(places.numpy(), targets.numpy(), np.full(positions, moments), logits.device)
    for first in range(0, words, width):
        softmax.add(Tile(0, first, logits[:, first : first + width].clone()))
    return softmax.results().reshape(4, positions, words)


def in_one(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Log-probabilities, and mean and standard deviation of them under themselves."""
    log_p = logits.double().log_softmax(dim=-1)
    p = log_p.exp()
    finite = log_p.masked_fill(p == 0, 0.0)
    mean = (p * finite).sum(dim=-1)
    return log_p, mean, (p * (finite - mean[:, None]) ** 2).sum(dim=-1).sqrt()


@settings(max_examples=60, deadline=None)
@given(
    words=st.integers(1, 40),
    width=st.integers(1, 40),
    scale=st.sampled_from([0.0, 1.0, 30.0, 300.0]),
    shift=st.sampled_from([0.0, 1e4, -1e4]),
    seed=st.integers(0, 999),
)
def test_tiles_give_the_softmax_of_the_whole(words: int, width: int, scale: float, shift: float, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, words, generator=draw) * scale + shift
    log_p, mean, deviation = in_one(logits)
    found = in_tiles(logits, width)
    assert torch.allclose(found[0].double(), log_p, atol=1e-4 * max(1.0, scale / 100), rtol=1e-5)
    assert torch.allclose(found[2, :, 0].double(), mean, atol=1e-4)
    assert torch.allclose(found[3, :, 0].double(), deviation, atol=2e-4)
    assert torch.equal(found[1].argmax(dim=-1), logits.argmax(dim=-1))
    assert torch.equal(found[1].sum(dim=-1), torch.ones(5))


def test_of_equal_logits_the_first_is_the_argmax() -> None:
    logits = torch.tensor([[0.0, 3.0, 1.0, 3.0, 3.0]])
    for width in range(1, 6):
        assert in_tiles(logits, width)[1].tolist() == [[0.0, 1.0, 0.0, 0.0, 0.0]]


def test_words_that_cannot_be_count_nothing() -> None:
    logits = torch.tensor([[-math.inf, -math.inf, 1.0, 2.0]])
    for width in (1, 2, 3, 4):
        found = in_tiles(logits, width)
        assert found[0, 0, 2:].tolist() == pytest.approx(torch.log_softmax(torch.tensor([1.0, 2.0]), 0).tolist())
        assert found[2, 0, 0].item() == pytest.approx(in_one(logits)[1].item(), abs=1e-6)


def test_words_at_the_end_of_float32_count_nothing() -> None:
    least = torch.finfo(torch.float32).min
    logits = torch.tensor([[least, least, 1.0, 2.0]])
    for order in ([0, 1, 2, 3], [2, 3, 0, 1], [0, 2, 1, 3]):
        for width in (1, 2, 4):
            found = in_tiles(logits[:, order], width)
            assert found[2:, 0, 0].tolist() == pytest.approx([t.item() for t in in_one(logits)[1:]], abs=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_broken_logit_breaks_its_position_alone(bad: float) -> None:
    logits = torch.tensor([[0.0, 1.0, bad, 3.0], [0.0, 1.0, 2.0, 3.0]])
    found = in_tiles(logits, 2)
    assert not found[0, 0].isfinite().any()
    assert found[0, 1].isfinite().all()


def test_moments_that_are_not_wanted_are_not_there() -> None:
    found = in_tiles(torch.randn(3, 10), 4, moments=False)
    assert found[:2].isfinite().all()
    assert found[2:].isnan().all()
