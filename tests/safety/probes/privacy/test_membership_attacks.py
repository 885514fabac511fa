"""Scores of membership attacks, against their formulas."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from audit.engine import Score
from audit.safety.probes.privacy.membership_attacks import attacks, blind
from audit.stats.ranking import auroc


def test_attacks_equal_their_formulas() -> None:
    log_probs, means = (-1.0, -2.0, -6.0, -0.5, -3.0), (-3.0, -2.5, -4.0, -1.0, -2.0)
    deviations = (1.0, 0.5, 2.0, 1.0, 2.0)
    found = attacks("some text", Score(log_probs, (False,) * 5, means, deviations))
    assert found["loss"] == pytest.approx(-12.5 / 5)
    assert found["zlib"] == pytest.approx(-12.5 / len(zlib.compress(b"some text")))
    assert found["min_k"] == -6.0  # one of five is 20 %
    assert found["min_k_plus"] == pytest.approx(min((-1 + 3) / 1, (-2 + 2.5) / 0.5, (-6 + 4) / 2, 0.5, -0.5))
    ten = attacks("x", Score(log_probs * 2, (False,) * 10, means * 2, deviations * 2))
    assert ten["min_k"] == -6.0
    fifteen = (*log_probs * 2, -5.0, -4.0, -9.0, -1.0, -1.0)
    found = attacks("x", Score(fifteen, (False,) * 15, means * 3, deviations * 3))
    assert found["min_k"] == pytest.approx((-9 - 6 - 6) / 3)


def test_the_blind_baseline_sees_what_differs_by_itself() -> None:
    draws = np.random.default_rng(1)
    words = [f"w{i}" for i in range(50)]
    same = [" ".join(draws.choice(words, 30)) for _ in range(80)]
    found = blind(same[:40], same[40:], 1)
    assert found is not None
    assert 0.25 < auroc(*found) < 0.75
    dated = [f"{text} in 2024" for text in same[:40]]
    found = blind(dated, same[40:], 1)
    assert found is not None
    assert auroc(*found) > 0.95
    assert blind(same[:4], same[40:], 1) is None
