"""What counts as rounding: every position in float32, the median position of each sequence in 16 bits."""

from __future__ import annotations

import pytest
import torch

from audit.engine.local.model.closeness import (
    HEAD_TOLERANCE,
    LARGEST_NOISE,
    NOISE_FACTOR,
    TOLERANCE,
    Closeness,
    differences,
)

ONE_FAR = [torch.tensor([0.0, 0.0, 0.9]), torch.zeros(4)]
"""Two sequences, of which one position met another expert."""


def apart(value: float) -> list[torch.Tensor]:
    return [torch.zeros(3), torch.full((4,), value)]


def test_in_float32_one_position_that_differs_is_a_fault() -> None:
    close = Closeness(torch.float32, exact=True)
    assert close.is_small(apart(0.99 * TOLERANCE))
    assert not close.is_small(apart(1.01 * TOLERANCE))
    assert not close.is_small(ONE_FAR)
    assert close.is_small(apart(0.01), tolerance=0.02)


def test_in_sixteen_bits_the_median_of_the_worst_sequence_counts() -> None:
    close = Closeness(torch.bfloat16, exact=False)
    assert close.is_small(ONE_FAR)
    rounding = 2 * 2**-7  # of bfloat16, twice the distance of 1 to the next number
    assert close.is_small(apart(0.99 * NOISE_FACTOR * rounding))
    assert not close.is_small(apart(1.01 * NOISE_FACTOR * rounding))


@pytest.mark.parametrize(("noise", "most"), [(0.05, 0.15), (0.5, LARGEST_NOISE)])
def test_noise_of_plain_batches_widens_what_is_rounding_up_to_a_limit(noise: float, most: float) -> None:
    close = Closeness(torch.bfloat16, exact=False)
    close.noise = noise
    assert close.is_small(apart(0.99 * most))
    assert not close.is_small(apart(1.01 * most))


def test_the_head_is_held_to_more() -> None:
    assert HEAD_TOLERANCE < TOLERANCE
    close = Closeness(torch.float32, exact=True)
    assert close.is_same_head(apart(0.99 * HEAD_TOLERANCE))
    assert not close.is_same_head(apart(1.01 * HEAD_TOLERANCE))
    assert Closeness(torch.bfloat16, exact=False).is_same_head(apart(0.019))
    assert not Closeness(torch.bfloat16, exact=False).is_same_head(apart(0.021))


def test_a_difference_is_measured_in_deviations_of_the_logits() -> None:
    """A constant that is added to all logits is none; swapped words are as large as what they differ by."""
    truth = torch.tensor([[0.0, 2.0, 4.0], [4.0, 2.0, 0.0]])
    assert differences(truth + 5.0, truth).tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    swapped = truth[:, [2, 1, 0]]
    # Log-probabilities differ by 4, 0 and -4: root of the mean square 4 * sqrt(2 / 3), over the deviation of 6 numbers.
    deviation = (2 * (4 + 0 + 4) / 5) ** 0.5
    assert differences(swapped, truth).tolist() == pytest.approx([4 * (2 / 3) ** 0.5 / deviation] * 2)
    assert differences(3 * swapped, 3 * truth).tolist() == pytest.approx([4 * (2 / 3) ** 0.5 / deviation] * 2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_logit_that_was_rounded_is_near_and_a_scaled_or_moved_one_is_not(dtype: torch.dtype) -> None:
    close = Closeness(dtype, exact=False)
    exact = 30 + 10 * torch.randn(50, 500, generator=torch.Generator().manual_seed(0))
    assert close.is_rounding(exact, exact.to(dtype).float())
    assert not close.is_rounding(exact.roll(1, dims=1), exact.to(dtype).float())
    assert not close.is_rounding(exact, (exact / 1.1).to(dtype).float())
    one = exact.clone()
    one[3, 7] += 3.0
    assert not close.is_rounding(one, exact.to(dtype).float())
    one[3, 7] = torch.nan
    assert not close.is_rounding(one, exact.to(dtype).float())
