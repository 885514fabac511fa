"""Exposure of planted secrets, in bits."""

from __future__ import annotations

from audit.stats.definitions import (
    Exposure,
)
from tests.stats.definitions.conftest import metric, scored


def test_exposure_is_in_bits() -> None:
    """Carlini et al. 2019: the likeliest of 512 secrets has log2 512 = 9 bits, the 64th has 3."""
    some = [scored(0, {"rank": 1.0, "secrets": 512.0}), scored(1, {"rank": 64.0, "secrets": 512.0})]
    assert metric(Exposure(), some, "bits").value == 6.0


def test_a_secret_without_a_rank_has_no_exposure() -> None:
    some = [scored(0, {"rank": 4.0, "secrets": 512.0}), scored(1, {"secrets": 512.0}), scored(2, {"rank": 1.0})]
    found = metric(Exposure(), some, "bits")
    assert (found.value, found.n, found.missing) == (7.0, 1, 2)
    other = metric(Exposure(of="scores.place", among="scores.all"), [scored(0, {"place": 2.0, "all": 8.0})], "bits")
    assert other.value == 2.0
